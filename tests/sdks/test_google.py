"""universal-analytics under Node, and what GA4's Measurement Protocol and gtag put on the wire.

gtag.js is not published as a package: its form is the captured one, as a server container gets it.
"""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from collector.protocols.pixel import PIXEL_GIF
from tests.sdks.conftest import Target
from tests.sdks.losing import losing_answers
from tests.sdks.programs import run_node

pytestmark = pytest.mark.timeout(300)

DEVICE = "35009a79-1a05-49d7-b876-2b884d0f825b"

BEGIN = f"""
const ua = require('universal-analytics');
const visitor = ua('UA-1234-1', '{DEVICE}', {{ hostname: process.env.HOST, uid: 'user-1' }});
const send = () => new Promise((done) =>
  visitor.send((error, count) => done(`${{error ? 'failed' : 'sent'}} ${{count}}`)));
"""
"""The SDK with nothing changed but its host, which carries the key."""

SOLD = """
visitor.pageview('/install', 'https://soq.example', 'Install')
  .event('shop', 'add', 'boots', 2)
  .transaction('T-1', 12.5, 1.5, 0.5, 'soq')
  .exception('no such table');
console.log(await send());
visitor.screenview('Home', 'soq', '2.1');
console.log(await send());
"""

LOST = """
visitor.pageview('/lost');
console.log(await send());
await new Promise((later) => setTimeout(later, 1000));
visitor.pageview('/kept');
console.log(await send());
"""

ASKED = """
visitor.pageview('/refused');
await send();
visitor.set('gcs', 'G101');
visitor.event('shop', 'granted');
await send();
"""

SHARED = "v=2&tid=G-TEST12345&_p=17&cid=12.34&ul=kk-kz&sr=390x844&sid=77&_s=1"
LINES = b"en=page_view&dl=https%3A%2F%2Fsoq.example%2Fa%3Fgclid%3D1&dt=A\nen=scroll&epn.percent=90"
ORIGIN = "https://gtag.example"


def hold(target: Target) -> dict[str, str]:
    return {"HOST": f"{target.base}/google/{target.key()}"}


def test_the_node_sdk(make_target: Callable[..., Target]) -> None:
    target = make_target()
    printed = run_node(BEGIN + SOLD, hold(target))
    assert printed.split("\n")[:2] == ["sent 1", "sent 1"]
    ends = [one.path.rpartition("/")[2] for one in target.relay.passed]
    assert ends == ["batch", "collect"]
    assert {(one.status, one.answer) for one in target.relay.passed} == {(200, PIXEL_GIF)}
    kept = {one["event_name"]: one for one in target.events()}
    assert set(kept) == {"page_view", "add", "purchase", "screen_view"}
    assert (kept["page_view"]["page_host"], kept["page_view"]["page_path"]) == (
        "soq.example",
        "/install",
    )
    assert kept["add"]["properties"] == {"category": "shop", "label": "boots", "value": "2"}
    assert kept["purchase"]["revenue"] == 12.5
    assert len({one["person_id"] for one in kept.values()} - {"00" * 16}) == 1
    (failed,) = target.events("diagnostics")
    assert failed["exception_message"] == "no such table"


def test_an_answer_that_is_lost_is_not_asked_for_again(make_target: Callable[..., Target]) -> None:
    target = make_target()
    with losing_answers(target.relay, 1):
        printed = run_node(BEGIN + LOST, hold(target))
    assert printed.split("\n")[:2] == ["failed 1", "sent 1"]
    assert [one.status for one in target.relay.passed] == [200, 200]
    assert {one["page_path"] for one in target.events()} == {"/lost", "/kept"}


def test_consent_by_consent_modes_own_word_and_by_record(
    make_target: Callable[..., Target],
) -> None:
    target = make_target(granted=False)
    run_node(BEGIN + ASKED, hold(target))
    allowed = {one["event_name"] for one in target.events() if "analytics" in one["purposes"]}
    assert allowed == {"granted"}
    target.record(target.key(), {"device": DEVICE, "purposes": {"analytics": True}})
    run_node(BEGIN + "visitor.event('shop', 'recorded'); await send();", hold(target))
    allowed = {one["event_name"] for one in target.events() if "analytics" in one["purposes"]}
    assert allowed == {"granted", "recorded"}


def test_the_measurement_protocol_with_a_key_for_its_secret(
    make_target: Callable[..., Target],
) -> None:
    target = make_target()
    sale = {"name": "purchase", "params": {"value": 12.5, "currency": "KZT", "transaction_id": "7"}}
    body = {"client_id": "12.34", "user_id": "user-1", "events": [sale]}
    query = f"measurement_id=G-TEST12345&api_secret={target.key()}"
    for path in ("mp/collect", "mp/collect", "debug/mp/collect"):
        answer = httpx.post(f"{target.base}/{path}?{query}", json=body, timeout=30)
        told = (answer.status_code, answer.content)
        expected = (200, b'{"validationMessages":[]}') if "debug" in path else (204, b"")
        assert told == expected
    unknown = httpx.post(f"{target.base}/mp/collect?api_secret=abc", json=body, timeout=30)
    assert unknown.status_code == 401
    (kept,) = target.events()
    assert (kept["revenue"], kept["currency"], kept["properties"]) == (12.5, "KZT", {})


def test_gtag_of_a_listed_origin_and_by_a_key_in_its_path(
    make_target: Callable[..., Target],
) -> None:
    target = make_target(granted=False)
    headers = {"origin": ORIGIN, "content-type": "text/plain;charset=UTF-8"}

    def post(path: str, query: str, body: bytes) -> int:
        url = f"{target.base}{path}/g/collect?{SHARED}&{query}"
        return httpx.post(url, content=body, headers=headers, timeout=30).status_code

    assert post("", "gcs=G111", LINES) == 403
    target.list_origin(ORIGIN)
    assert post("", "gcs=G100", LINES) == 204
    assert post("", "gcs=G101&gcd=13r3r3l3l5l1", LINES) == 204
    key = target.key("browser")
    assert post(f"/google/{key}", "gcd=13r3r3l3l5l1&en=add&ep.plan=pro", b"") == 204
    kept = [one for one in target.events() if "analytics" in one["purposes"]]
    assert sorted(one["event_name"] for one in kept) == ["add", "page_view", "scroll"]
    assert len({one["device_id"] for one in kept} - {"00" * 16}) == 1
    (page,) = [one for one in kept if one["event_name"] == "page_view"]
    assert (page["page_path"], page["page_query"]) == ("/a", "")
