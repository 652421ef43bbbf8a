"""matomo-tracker under Node, and what matomo.js sends from a page whose origin is listed."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from collector.protocols.pixel import PIXEL_GIF
from tests.sdks.conftest import Target
from tests.sdks.programs import run_node

pytestmark = pytest.mark.timeout(300)

NODE = """
const Matomo = require('matomo-tracker');
const matomo = new Matomo(7, process.env.HOST + '/matomo.php');
const url = 'https://soq.example/install?utm_source=x&gclid=Cj0';
matomo.on('error', (error) => { throw new Error(error); });
matomo.track({ url, action_name: 'Install', uid: 'user-1', cip: '203.0.113.7',
               token_auth: process.env.KEY });
matomo.trackBulk([
  { url, e_c: 'shop', e_a: 'add', e_v: 2, cdt: new Date(Date.now() - 3.6e6).toISOString() },
  { url, idgoal: 0, ec_id: 'A-17', revenue: 12.5, ec_tx: 1.5 },
  { url, c_n: 'banner-1', c_p: 'top.png' },
  { url, c_n: 'banner-1', c_p: 'top.png', c_i: 'click' },
], (answer) => console.log(answer));
// It never reads the answer to the first, so that the process would wait for it.
setTimeout(() => process.exit(0), 5000);
"""

ORIGIN = "https://matomo.example"
PAGE = "rec=1&idsite=7&url=https%3A%2F%2Fsoq.example%2Fa%3Fgclid%3D1"


def test_the_node_sdk(make_target: Callable[..., Target]) -> None:
    target = make_target()
    key = target.key()
    printed = run_node(NODE, {"HOST": f"{target.base}/matomo/{key}", "KEY": key})
    assert printed.strip() == '{"status":"success","tracked":4,"invalid":0}'
    assert sorted((one.method, one.status) for one in target.relay.passed) == [
        ("GET", 200),
        ("POST", 200),
    ]
    kept = {one["event_name"]: one for one in target.events()}
    assert set(kept) == {"page_view", "add", "order", "ad_impression", "ad_click"}
    assert kept["page_view"]["person_id"] != "00" * 16
    assert kept["page_view"]["campaign_source"] == "x"
    assert kept["order"]["revenue"] == 12.5
    assert kept["order"]["properties"] == {"tax": "1.5"}
    assert kept["ad_impression"]["properties"]["ad_id"] == "banner-1"


def send(target: Target, method: str, query: str, body: bytes = b"", **more: str) -> httpx.Response:
    headers = {"origin": ORIGIN} | more
    url = f"{target.base}/matomo.php?{query}"
    return httpx.request(method, url, content=body, headers=headers, timeout=30)


def test_a_listed_origin_needs_no_key(make_target: Callable[..., Target]) -> None:
    target = make_target()
    turned_away = send(target, "POST", PAGE)
    assert (turned_away.status_code, target.reasons()) == (403, {})
    assert "origin_unlisted" in turned_away.text
    target.list_origin(ORIGIN)
    # A beacon with everything in its query, a form, a picture, and Matomo's own kind of token.
    assert send(target, "POST", PAGE + "&send_image=0&consent=1").status_code == 204
    form = (PAGE + "&search=boots&search_count=3&send_image=0&cdt=1700000000").encode()
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    assert send(target, "POST", "", form, **{"content-type": kind}).status_code == 204
    picture = send(target, "GET", PAGE + "&link=https%3A%2F%2Fo.example&token_auth=0123abcd")
    assert (picture.status_code, picture.content) == (200, PIXEL_GIF)
    assert "set-cookie" not in picture.headers
    kept = {one["event_name"]: one for one in target.events()}
    assert set(kept) == {"page_view", "search", "outbound_click"}
    assert kept["search"]["properties"] == {"query": "boots", "results": "3"}
    assert kept["search"]["occurred_at"] > "2026", "only servers may say when"


def test_consent_of_the_protocol_grants_nothing_and_a_page_says_it_otherwise(
    make_target: Callable[..., Target],
) -> None:
    target = make_target(granted=False)
    origin = ORIGIN.replace("matomo", "asking")
    target.list_origin(origin)
    send(target, "POST", PAGE + "&consent=1&send_image=0&uid=user-1", origin=origin)
    assert not [one for one in target.events() if "analytics" in one["purposes"]]
    cookie = "mtm_cookie_consent=1795328320000; mtm_consent=1795328320000"
    send(target, "POST", PAGE + "&e_a=add&send_image=0", origin=origin, cookie=cookie)
    kept = [one for one in target.events() if "analytics" in one["purposes"]]
    assert [one["event_name"] for one in kept] == ["add"]
