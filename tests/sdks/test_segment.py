"""Segment's and RudderStack's SDKs, with nothing changed but the host."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdks.conftest import Target
from tests.sdks.programs import open_site, run_node, run_python

pytestmark = pytest.mark.timeout(300)

SEGMENT_PYTHON = """
import os
from segment.analytics import Client
client = Client(os.environ["KEY"], host=os.environ["BASE"], max_retries=3, gzip=True)
context = {"consent": {"categoryPreferences": {"Analytics": True, "Advertising": False}}}
client.track(user_id="user-1", event="Order Completed",
             properties={"revenue": 12.5, "currency": "KZT"}, context=context)
client.page(user_id="user-1", name="Install", properties={"url": "https://soq.example/x?utm_source=m"})
client.identify(user_id="user-1", traits={"email": "a@example.com", "plan": "gold"})
client.alias("anon-1", "user-1")
client.flush(); client.join()
"""

SEGMENT_NODE = """
const { Analytics } = require('@segment/analytics-node');
const { KEY, BASE } = process.env;
const client = new Analytics({ writeKey: KEY, host: BASE, maxRetries: 3 });
const properties = { revenue: 12.5, currency: 'KZT' };
client.track({ userId: 'user-1', event: 'Order Completed', properties });
client.page({ anonymousId: 'anon-1', properties: { url: 'https://soq.example/x?utm_source=m' } });
await client.closeAndFlush();
"""


def test_the_python_sdk_of_segment(make_target: Callable[..., Target]) -> None:
    target = make_target()
    run_python(SEGMENT_PYTHON, {"KEY": target.key(), "BASE": target.base})
    assert [(one.path, one.status) for one in target.relay.passed] == [("/v1/batch", 200)]
    kept = {one["event_name"]: one for one in target.events()}
    order, page, identify = kept["Order Completed"], kept["page_view"], kept["identify"]
    assert (order["revenue"], order["currency"]) == (12.5, "KZT")
    assert (page["event_name"], page["page_path"]) == ("page_view", "/x")
    assert page["campaign_source"] == "m"
    assert identify["properties"] == {"plan": "gold"}
    assert order["person_id"] == page["person_id"] != "00" * 16
    assert target.reasons()["kind_unwanted"] == 1


def test_the_node_sdk_of_segment(make_target: Callable[..., Target]) -> None:
    target = make_target()
    run_node(SEGMENT_NODE, {"KEY": target.key(), "BASE": target.base})
    assert [(one.path, one.status) for one in target.relay.passed] == [("/v1/batch", 200)]
    assert {one["event_name"] for one in target.events()} == {"Order Completed", "page_view"}


SEGMENT_BROWSER = """
import { AnalyticsBrowser } from '@segment/analytics-next';
const analytics = AnalyticsBrowser.load({ writeKey: TOLD.KEY, cdnURL: TOLD.BASE });
analytics.page('Install');
analytics.track('Order Completed', { revenue: 12.5 }).then(() => { document.title = 'sent'; });
"""


def test_the_browser_sdk_of_segment(make_target: Callable[..., Target], page_folder: Path) -> None:
    target = make_target()
    told = {"KEY": target.key("browser"), "BASE": target.base}
    with open_site(SEGMENT_BROWSER, told, page_folder, "/install?utm_source=x&gclid=Cj0") as page:
        page.wait_for_function("document.title === 'sent'")
        page.wait_for_timeout(500)
    assert [one.status for one in target.relay.passed] == [200] * len(target.relay.passed)
    assert target.relay.count("/v1/p") == 2 and target.relay.count("/v1/t") == 1
    assert {one["event_name"] for one in target.events()} == {"Order Completed", "page_view"}


REPEATING = """
import os
from segment.analytics import Client
client = Client(os.environ["KEY"], host=os.environ["BASE"], max_retries=8, gzip=True)
for number in range(3):
    client.track(anonymous_id="anon-1", event=f"step {number}")
client.flush(); client.join()
"""


def test_consent_for_segment_comes_in_its_object_or_by_record(
    make_target: Callable[..., Target],
) -> None:
    target = make_target(granted=False)
    told = {"KEY": target.key("browser"), "BASE": target.base}
    run_python(REPEATING, told)
    assert {one["device_id"] for one in target.events()} == {"00" * 16}
    choice = {"device": "anon-1", "purposes": {"analytics": True}, "method": "checkbox"}
    target.record(told["KEY"], choice)
    run_python(REPEATING, told)
    known = [one for one in target.events() if one["device_id"] != "00" * 16]
    assert len(known) == 3 and {tuple(one["decided_by"])[:1] for one in known} != {()}
