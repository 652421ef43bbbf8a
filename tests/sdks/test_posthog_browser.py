"""PostHog's SDK for browsers, with nothing changed but the host, in a real one."""

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
import posthog from 'posthog-js';
posthog.init(TOLD.KEY, { api_host: TOLD.BASE, ...TOLD.options, loaded: (client) => {
  if (TOLD.consent) client.register({ $consent: TOLD.consent });
  client.capture('browsed');
  client.identify('user-1', { email: 'a@example.com', plan: 'gold' });
  client.capture('order completed', { revenue: 12.5 });
  client.captureException(new Error('boom'));
} });
"""

OWN = {"disable_external_dependency_loading": True}
"""What docs/sdks/posthog.md says."""

ORDER = {"page_view", "browsed", "identify", "order completed"}


@pytest.mark.parametrize("options", [OWN, {"disable_compression": True}])
def test_the_browser_sdk_of_posthog(
    make_target: Callable[..., Target], page_folder: Path, options: dict[str, object]
) -> None:
    target = make_target()
    told = {"KEY": target.key("browser"), "BASE": target.base, "options": options}
    asked: list[str] = []
    with open_site(BROWSER, told, page_folder, "/install?utm_source=x&gclid=Cj0") as page:
        page.on("request", lambda request: asked.append(request.url))
        page.wait_for_timeout(6_500)
        own = {urlsplit(target.base).netloc, urlsplit(page.url).netloc}
    assert {urlsplit(url).netloc for url in asked} <= own, "nothing is loaded from elsewhere"
    faults = [one.path for one in target.relay.passed if one.status != 200]
    # Scripts of PostHog's are not served; an SDK that may load them asks once for each.
    assert all(path.startswith("/static/") for path in faults) and not (faults and options == OWN)
    kept = {one["event_name"]: one for one in target.events()}
    assert kept.keys() >= ORDER
    assert kept["browsed"]["person_id"] == NOBODY != kept["browsed"]["device_id"]
    order = kept["order completed"]
    assert order["person_id"] == kept["identify"]["person_id"] != NOBODY
    assert order["device_id"] == kept["browsed"]["device_id"]
    assert (order["page_path"], order["campaign_source"]) == ("/install", "x")
    assert kept["identify"]["properties"] == {"plan": "gold"}
    (error,) = target.events("diagnostics")
    assert (error["kind"], error["exception_message"]) == ("error", "boom")


@pytest.mark.parametrize("consents", [True, False])
def test_consent_in_a_property_of_every_event(
    make_target: Callable[..., Target], page_folder: Path, consents: bool
) -> None:
    target = make_target(granted=False)
    consent = {"consent": {"purposes": {"analytics": consents}}}
    told = {"KEY": target.key("browser"), "BASE": target.base, "options": OWN} | consent
    with open_site(BROWSER, told, page_folder, "/install") as page:
        page.wait_for_timeout(5_000)
    kept = {one["event_name"]: one["device_id"] != NOBODY for one in target.events()}
    assert kept["order completed"] == kept["browsed"] == consents
