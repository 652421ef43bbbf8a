"""RudderStack's SDKs, with nothing changed but the two addresses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdks.conftest import Target
from tests.sdks.programs import open_site, run_node, run_python

pytestmark = pytest.mark.timeout(300)

PYTHON = """
import os
from rudderstack.analytics.client import Client
client = Client(os.environ["KEY"], host=os.environ["BASE"], max_retries=3)
client.track("user-1", "Order Completed", {"revenue": 12.5, "currency": "KZT"})
client.screen("user-1", "App", "Settings")
client.flush(); client.shutdown()
"""

NODE = """
const Rudder = require('@rudderstack/rudder-sdk-node');
const { KEY, BASE } = process.env;
const client = new (Rudder.default || Rudder)(KEY, { dataPlaneUrl: BASE, flushAt: 20 });
client.track({ userId: 'user-1', event: 'Order Completed', properties: { revenue: 12.5 } });
await new Promise((done) => client.flush(done));
client.track({ userId: 'user-1', event: 'Second' });
client.page({ anonymousId: 'anon-1', name: 'Install' });
await new Promise((done) => client.flush(done));
process.exit(0);
"""

BROWSER = """
import { RudderAnalytics } from '@rudderstack/analytics-js/bundled';
const rudder = new RudderAnalytics();
const { allowed: allowedConsentIds, denied: deniedConsentIds } = TOLD;
rudder.load(TOLD.KEY, TOLD.BASE, {
  configUrl: TOLD.BASE, sendAdblockPage: false, useBeacon: false,
  plugins: ['XhrQueue', 'CustomConsentManager'],
  consentManagement: { enabled: true, provider: 'custom', allowedConsentIds, deniedConsentIds },
});
rudder.page('Docs', 'Install');
rudder.track('Order Completed', { revenue: 12.5 });
"""


def test_the_python_sdk_of_rudderstack(make_target: Callable[..., Target]) -> None:
    target = make_target()
    run_python(PYTHON, {"KEY": target.key(), "BASE": target.base})
    assert [(one.path, one.status) for one in target.relay.passed] == [("/v1/batch", 200)]
    kept = {one["event_name"]: one for one in target.events()}
    assert kept.keys() == {"Order Completed", "screen_view"}
    assert (kept["Order Completed"]["revenue"], kept["Order Completed"]["currency"]) == (
        12.5,
        "KZT",
    )


def test_the_node_sdk_of_rudderstack(make_target: Callable[..., Target]) -> None:
    target = make_target()
    run_node(NODE, {"KEY": target.key(), "BASE": target.base})
    assert [(one.path, one.status) for one in target.relay.passed] == [("/v1/batch", 200)] * 2
    events = target.events()
    assert {one["event_name"] for one in events} == {"Order Completed", "Second", "page_view"}
    assert {one["protocol"] for one in events} == {"rudderstack"}


@pytest.mark.parametrize("consents", [True, False])
def test_the_browser_sdk_of_rudderstack_and_its_consent(
    make_target: Callable[..., Target], page_folder: Path, consents: bool
) -> None:
    target = make_target(granted=False)
    ids = ["analytics"], ["advertising"]
    told = {"KEY": target.key("browser"), "BASE": target.base}
    chosen = dict(zip(("allowed", "denied"), ids if consents else ids[::-1], strict=True))
    with open_site(BROWSER, told | chosen, page_folder, "/install?gclid=Cj0abc") as page:
        page.wait_for_timeout(2_500)
    events = [one for one in target.relay.passed if one.path.startswith("/v1/")]
    assert [one.status for one in events] == [200, 200]
    rows = target.events()
    assert {one["event_name"] for one in rows} == {"page_view", "Order Completed"}
    is_known = {one["device_id"] != "00" * 16 for one in rows}
    assert is_known == {consents}
    assert all(("analytics" in one["purposes"]) == consents for one in rows)
