"""Snowplow's trackers: two for servers with the key in the path, one in a page without any."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from tests.sdks.conftest import Target
from tests.sdks.programs import open_site, run_node, run_python

pytestmark = pytest.mark.timeout(300)

POST_PATH = "/com.snowplowanalytics.snowplow/tp2"

PYTHON = """
import os
from snowplow_tracker import (
    Emitter, PageView, ScreenView, SelfDescribingJson, StructuredEvent, Subject, Tracker)
mobile = SelfDescribingJson(
    "iglu:com.snowplowanalytics.snowplow/mobile_context/jsonschema/1-0-3",
    {"osType": "ios", "osVersion": "18.1", "deviceManufacturer": "Apple",
     "deviceModel": "iPhone14,2", "appleIdfa": "7A3CBEA0-BDF5-11E4-8DFC-AA07A5B093DB",
     "appleIdfv": "B5372DB0-C21E-11E4-8DFC-AA07A5B093DB"})
own = SelfDescribingJson("iglu:kz.soq/listing/jsonschema/1-0-0",
                         {"category": "flats", "user_id": "u-9"})
subject = Subject().set_user_id("user-1").set_domain_user_id("c6ef3124-b53a-4b13-a233-0088f79dcbcb")
for method, coded in (("post", True), ("post", False), ("get", True)):
    emitter = Emitter(os.environ["HOST"], protocol="http", method=method,
                      batch_size=10 if method == "post" else 1)
    tracker = Tracker("sp", emitter, subject=subject, app_id="soq", encode_base64=coded)
    tracker.track(PageView(page_url="https://soq.example/x?utm_source=m&gclid=1", context=[own]))
    tracker.track(StructuredEvent(category="shop", action="add", value=2.0))
    tracker.track(ScreenView(id_="2c295365-eae9-4243-a3ee-5c4b7baccc8f", name="Settings",
                             context=[mobile]))
    tracker.flush()
"""

NODE = """
const sp = require('@snowplow/node-tracker');
for (const eventMethod of ['post', 'get']) {
  const tracker = sp.newTracker(
    { namespace: 'sp', appId: 'soq', encodeBase64: eventMethod === 'post' },
    { endpoint: process.env.HOST, eventMethod, bufferSize: 1 });
  tracker.setUserId('user-1');
  tracker.track(sp.buildPageView({ pageUrl: 'https://soq.example/x?utm_source=m' }));
  const withdrawn = sp.buildConsentWithdrawn({ all: true, id: 'doc-1', version: '2' });
  tracker.track(withdrawn.event, withdrawn.context);
  await tracker.flush();
}
await new Promise((done) => setTimeout(done, 3000));
"""

BROWSER = """
import { newTracker, trackPageView, trackStructEvent, trackSelfDescribingEvent }
  from '@snowplow/browser-tracker';
let answered = 0;
newTracker('sp', TOLD.BASE, {
  appId: 'soq', bufferSize: 1, stateStorageStrategy: 'none', anonymousTracking: TOLD.ANONYMOUS,
  onRequestSuccess: (batch) => {
    answered += batch.length;
    if (answered === 2) document.title = 'sent';
  },
});
trackPageView();
trackSelfDescribingEvent({ event: {
  schema: 'iglu:kz.soq/order/jsonschema/1-0-0',
  data: { plan: 'pro', sanaq_consent: { purposes: { analytics: true } } },
} });
"""


def test_the_python_sdk(make_target: Callable[..., Target]) -> None:
    target = make_target()
    key = target.key()
    host = target.base.removeprefix("http://") + f"/snowplow/{key}"
    run_python(PYTHON, {"HOST": host})
    assert [one.status for one in target.relay.passed] == [200] * 5
    assert target.relay.count(f"/snowplow/{key}{POST_PATH}") == 2
    assert target.relay.count(f"/snowplow/{key}/i?") == 3
    rows = target.events()
    assert sorted(one["event_name"] for one in rows) == sorted(
        ["page_view", "add", "screen_view"] * 3
    )
    views = [one for one in rows if one["event_name"] == "page_view"]
    assert [one["properties"] for one in views] == [{"listing": '{"category":"flats"}'}] * 3
    assert {one["campaign_source"] for one in views} == {"m"}
    assert len({one["person_id"] for one in rows} | {"00" * 16}) == 2


def test_the_node_sdk_and_a_withdrawal(make_target: Callable[..., Target]) -> None:
    target = make_target()
    key = target.key()
    run_node(NODE, {"HOST": f"{target.base}/snowplow/{key}"})
    # Both events of a moment in one body, but each in a query of its own.
    assert [one.status for one in target.relay.passed] == [200] * 3
    assert target.relay.count(f"/snowplow/{key}{POST_PATH}") == 1
    rows = [one for one in target.events() if "analytics" in one["purposes"]]
    assert [one["event_name"] for one in rows] == ["page_view"] * 2


def open_page_of(target: Target, folder: Path, anonymous: object, is_listed: bool = True) -> None:
    told = {"BASE": target.base, "ANONYMOUS": anonymous}
    listing = target.list_origin if is_listed else None
    with open_site(BROWSER, told, folder, "/install?utm_source=x", listing) as page:
        if is_listed:
            page.wait_for_function("document.title === 'sent'", timeout=20_000)
        page.wait_for_timeout(1_000)


@pytest.mark.parametrize("anonymous", [False, {"withServerAnonymisation": True}])
def test_the_browser_sdk(
    make_target: Callable[..., Target], page_folder: Path, anonymous: object
) -> None:
    target = make_target()
    open_page_of(target, page_folder, anonymous)
    assert target.relay.passed == [("POST", POST_PATH, 200, b"ok")]
    kept = {one["event_name"]: one for one in target.events()}
    assert set(kept) == {"page_view", "order"}
    assert kept["page_view"]["page_path"] == "/install"
    assert kept["order"]["properties"] == {"plan": "pro"}
    assert (kept["order"]["country"] or "") == "" or not anonymous


def test_without_consent_only_what_says_it_stays(
    make_target: Callable[..., Target], page_folder: Path
) -> None:
    target = make_target(granted=False)
    open_page_of(target, page_folder, False)
    kept = [one for one in target.events() if "analytics" in one["purposes"]]
    assert [one["event_name"] for one in kept] == ["order"]


def test_an_origin_that_no_site_lists_and_a_redirect_are_turned_away(
    make_target: Callable[..., Target],
) -> None:
    target = make_target()
    headers = {"origin": "https://unlisted.example"}
    url = f"{target.base}/i?e=pv&url=https%3A%2F%2Fsoq.example%2F&aid=soq"
    answer = httpx.get(url, headers=headers, timeout=30)
    assert (answer.status_code, target.reasons()) == (403, {})
    assert "origin_unlisted" in answer.text
    redirect = httpx.get(f"{target.base}/r/tp2?u=https%3A%2F%2Fevil.example", timeout=30)
    assert (redirect.status_code, "location" in redirect.headers) == (404, False)
