"""Amplitude's SDK for browsers, with nothing changed but the address, in a real one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.sdks.conftest import Target
from tests.sdks.programs import open_site

pytestmark = pytest.mark.timeout(300)

NOBODY = "00" * 16

BROWSER = """
import * as amplitude from '@amplitude/analytics-browser';
amplitude.init(TOLD.KEY, undefined, {
  serverUrl: TOLD.BASE + '/2/httpapi', fetchRemoteConfig: false,
  remoteConfig: { fetchRemoteConfig: false },
  autocapture: { attribution: false, pageViews: true, sessions: false },
});
const { consent } = TOLD;
const sent = [
  amplitude.track('browsed', consent ? { $consent: consent } : {}).promise,
  amplitude.track('Order Completed', { revenue: 12.5 }).promise,
];
Promise.all(sent).then(() => { document.title = 'sent'; });
"""


def test_the_browser_sdk_of_amplitude(
    make_target: Callable[..., Target], page_folder: Path
) -> None:
    target = make_target()
    told = {"KEY": target.key("browser"), "BASE": target.base}
    asked: list[str] = []
    with open_site(BROWSER, told, page_folder, "/install?utm_source=x&gclid=Cj0") as page:
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_function("document.title === 'sent'")
        page.wait_for_timeout(1_500)
        own = {urlsplit(target.base).netloc, urlsplit(page.url).netloc}
    assert {urlsplit(url).netloc for url in asked} <= own, "nothing is sent elsewhere"
    assert {(one.path, one.status) for one in target.relay.passed} == {("/2/httpapi", 200)}
    kept = {one["event_name"]: one for one in target.events()}
    assert {"page_view", "browsed", "Order Completed"} <= kept.keys()
    assert (kept["page_view"]["page_path"], kept["page_view"]["campaign_source"]) == (
        "/install",
        "x",
    )
    assert kept["Order Completed"]["revenue"] == 12.5
    assert len({one["device_id"] for one in kept.values()} - {NOBODY}) == 1


def test_consent_in_a_property_of_one_event_speaks_for_that_event(
    make_target: Callable[..., Target], page_folder: Path
) -> None:
    target = make_target(granted=False)
    consent = {"purposes": {"analytics": True}}
    told = {"KEY": target.key("browser"), "BASE": target.base, "consent": consent}
    with open_site(BROWSER, told, page_folder, "/install") as page:
        page.wait_for_function("document.title === 'sent'")
    known = {one["event_name"]: one["device_id"] != NOBODY for one in target.events()}
    assert (known["browsed"], known["Order Completed"]) == (True, False)
