"""Protocols without a key: every spelling of a field, and what is believed of whom."""

from __future__ import annotations

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from collector.outcomes import BadRequest
from collector.protocols import matomo, plausible, snowplow, umami
from collector.protocols.protocol import Request
from collector.raw_event import RawEvent
from collector.verdicts import Verdict
from tests.collector.worlds import ALL, TERMS, bits, said_by, sender

IGLU = "iglu:com.snowplowanalytics.snowplow"


def snowplow_event(item: dict[str, Any], **headers: str) -> RawEvent:
    body = json.dumps({"schema": "x", "data": [{"e": "pv"} | item]}).encode()
    request = Request(snowplow.POST_PATH, headers=headers, body=body)
    return snowplow.decode_many(request, sender(), TERMS).events[0]


def described(name: str, data: Any, prefix: str = IGLU) -> dict[str, Any]:
    return {"schema": f"{prefix}/{name}/jsonschema/1-0-0", "data": data}


def unstructured(name: str, data: Any) -> RawEvent:
    event = described("unstruct_event", described(name, data))
    return snowplow_event({"e": "ue", "ue_pr": json.dumps(event)})


CODINGS: list[Callable[[bytes], bytes]] = [
    b64encode,
    urlsafe_b64encode,
    lambda text: b64encode(text).rstrip(b"="),
    lambda text: urlsafe_b64encode(text).rstrip(b"="),
]


@pytest.mark.parametrize("code", CODINGS)
def test_contexts_are_read_in_any_base64(code: Callable[[bytes], bytes]) -> None:
    own = described("listing", {"city": "Алматы ??>>"}, "iglu:kz.soq")
    mobile = described("mobile_context", {"appleIdfa": "7A3CBEA0-BDF5-11E4-8DFC-AA07A5B093DB"})
    text = json.dumps(described("contexts", [own, mobile]), ensure_ascii=False).encode()
    event = snowplow_event({"cx": code(text).decode()})
    assert json.loads(event._properties) == {"listing": {"city": "Алматы ??>>"}}
    assert event._advertising_id == "7A3CBEA0-BDF5-11E4-8DFC-AA07A5B093DB"


def test_an_anonymous_sender_has_neither_address_nor_network_id() -> None:
    told = {"nuid": "n-1", "tnuid": "n-2", "ip": "203.0.113.7", "duid": "d-1"}
    event = snowplow_event(told, **{"sp-anonymous": "*"})
    assert (event._address, event._other_ids, event._device) == ("", None, "d-1")
    assert "n-1" in (snowplow_event(told)._other_ids or "")


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("consent_withdrawn", {"all": True}, (0, ALL)),
        ("consent_preferences", {"eventType": "deny_all"}, (0, ALL)),
        ("consent_preferences", {"eventType": "withdrawn"}, (0, ALL)),
        (
            "consent_preferences",
            {"eventType": "allow_selected", "consentScopes": ["analytics"]},
            (bits("analytics"), 0),
        ),
        ("consent_preferences", {"eventType": "implicit_consent", "consentScopes": ["x"]}, (0, 0)),
        ("consent_preferences", {"eventType": "allow_all", "consentScopes": "analytics"}, (0, 0)),
        ("consent_granted", {"expiry": "2027-01-01T00:00:00Z"}, (0, 0)),
        ("gdpr", {"basisForProcessing": "consent"}, (0, 0)),
    ],
)
def test_what_consent_events_of_snowplow_say(
    name: str, data: dict[str, Any], said: tuple[int, int]
) -> None:
    assert said_by(unstructured(name, data)) == said


def test_errors_adverts_and_purchases_of_snowplow() -> None:
    error = unstructured("application_error", {"message": "m", "exceptionName": "E"})
    assert (error.table, error.kind, error.exception_type) == ("diagnostics", "error", "E")
    advert = unstructured("ad_click", {"bannerId": "b-1", "targetUrl": "https://x.example"})
    assert (advert.event_name, json.loads(advert._properties)) == ("ad_click", {"ad_id": "b-1"})
    order = snowplow_event({"e": "tr", "tr_tt": "12.5", "tr_cu": "KZT", "tr_id": "A-17"})
    assert (order.event_name, order.revenue, order._properties) == ("transaction", 12.5, b"")
    assert snowplow.decode_one(Request("/i", "e=xx"), sender(), TERMS).rejected


def hit(trusted: bool = False, **parameters: Any) -> RawEvent:
    query = urlencode({"rec": 1, "idsite": 7} | parameters)
    decoded = matomo.decode_all(Request("/matomo.php", query), sender(trusted=trusted), TERMS)
    return decoded.events[0]


def test_servers_alone_say_when_and_from_where() -> None:
    told: dict[str, Any] = {"cdt": "2026-11-20 10:00:00", "cip": "203.0.113.7", "lat": 43.2}
    by_page, by_server = hit(**told), hit(trusted=True, **told)
    assert (by_page.occurred_at_ms, by_page.latitude) == (None, None)
    assert by_page._address == sender().address
    assert (by_server.occurred_at_ms, by_server._address) == (1_795_168_800_000, "203.0.113.7")
    assert by_server.latitude == 43.2


@pytest.mark.parametrize(
    ("parameters", "name", "properties"),
    [
        ({"idgoal": 2, "revenue": 3}, "goal", {"goal": "2"}),
        ({"idgoal": 0, "ec_id": "A-1", "ec_tx": 1}, "order", {"tax": 1.0}),
        ({"idgoal": 0, "revenue": 3}, "cart_update", {}),
        ({"c_n": "b", "c_p": "p"}, "ad_impression", {"ad_id": "b", "piece": "p"}),
        ({"c_n": "b", "c_i": "click"}, "ad_click", {"ad_id": "b", "interaction": "click"}),
        (
            {"download": "https://x.example/a.pdf?t=1"},
            "download",
            {"url": "https://x.example/a.pdf"},
        ),
        ({"cvar": '{"1":["plan","pro"],"2":["user_id","u"]}'}, "page_view", {"plan": "pro"}),
    ],
)
def test_what_a_hit_of_matomo_is(
    parameters: dict[str, Any], name: str, properties: dict[str, Any]
) -> None:
    event = hit(**parameters)
    assert event.event_name == name
    assert json.loads(event._properties or b"{}") == properties


def test_a_crash_of_matomo_is_a_diagnostic_and_consent_a_word_without_purpose() -> None:
    crash = hit(cra="m", cra_tp="TypeError", cra_st="at a.js:1", consent=1)
    assert (crash.table, crash.exception_type) == ("diagnostics", "TypeError")
    assert said_by(crash) == (0, 0)


def test_a_bulk_of_matomo_is_counted() -> None:
    body = json.dumps({"requests": ["?idsite=7&rec=1", {"rec": 1, "e_a": "add"}, "x=1", 7]})
    request = Request("/matomo.php", body=body.encode())
    decoded = matomo.decode_all(request, sender(), TERMS)
    assert [one.event_name for one in decoded.events] == ["page_view", "add"]
    told = matomo.answer_all(request, Verdict(4, dict(decoded.rejected)), False)
    assert json.loads(told.body) == {"status": "success", "tracked": 2, "invalid": 2}
    with pytest.raises(BadRequest, match="body_invalid"):
        matomo.decode_all(Request("/matomo.php", body=b'{"requests":1}'), sender(), TERMS)


def test_tokens_of_matomo_are_keys_only_where_they_look_like_keys() -> None:
    assert matomo.find_key(Request("/matomo.php", "token_auth=0123abcd")) == ""
    assert matomo.find_key(Request("/matomo.php", body=b"token_auth=sk_s_x")) == "sk_s_x"
    assert matomo.find_key(Request("/matomo.php", body=b'{"token_auth":"sk_s_y"}')) == "sk_s_y"


def test_fields_of_plausible_may_be_short_long_or_text() -> None:
    short = {"n": "pageview", "u": "https://soq.example/a", "p": '{"plan":"pro"}'}
    long = {"name": "pageview", "url": "https://soq.example/a", "props": {"plan": "pro"}}
    for item in (short, long):
        request = Request("/api/event", body=json.dumps(item).encode())
        event = plausible.decode_event(request, sender(), TERMS).events[0]
        assert (event.event_name, event.page_path) == ("page_view", "/a")
        assert json.loads(event._properties) == {"plan": "pro"}


def test_unknown_kinds_of_umami_are_counted() -> None:
    body = json.dumps([{"type": "replay", "payload": {}}, {"payload": {}}, 7]).encode()
    decoded = umami.decode_batch(Request("/api/batch", body=body), sender(), TERMS)
    assert [why for _, why in decoded.rejected] == [
        "kind_unwanted",
        "event_invalid",
        "event_invalid",
    ]
