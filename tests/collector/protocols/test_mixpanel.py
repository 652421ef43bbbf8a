"""Mixpanel: every form of a body, where the key stands, answers, and whose an id is."""

from __future__ import annotations

import json
from base64 import b64encode
from gzip import compress
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest

from collector.outcomes import BadRequest
from collector.protocols.mixpanel import (
    PROTOCOL,
    answer_fault,
    answer_import,
    answer_status,
    decode_engage,
    decode_track,
    find_key,
    is_mixpanel,
)
from collector.protocols.protocol import Request
from collector.raw_event import RawEvent
from collector.verdicts import Verdict
from tests.collector.worlds import TERMS, bits, said_by, sender

EVENT = {"event": "Order a+b", "properties": {"token": "sk_s_1", "n": 1, "text": "÷~?>"}}
TEXT = json.dumps(EVENT).encode()
CODED = b64encode(TEXT)


def request_of(body: bytes = b"", query: str = "", method: str = "POST", **headers: str) -> Request:
    return Request("/track", query, headers, body, method=method)


FORMS = {
    "json": request_of(TEXT),
    "list": request_of(b" [" + TEXT + b"]"),
    "form of json": request_of(urlencode({"data": TEXT, "verbose": 1}).encode()),
    "form of bare json": request_of(b"ip=0&data=" + TEXT.replace(b"+", b"%2B").replace(b" ", b"+")),
    "form of base64": request_of(b"data=" + CODED),
    "form of escaped base64": request_of(b"data=" + quote(CODED).encode()),
    "form of gzip": request_of(b"data=" + b64encode(compress(TEXT))),
    "query": request_of(query=f"ip=0&data={CODED.decode()}", method="GET"),
    "escaped query": request_of(query=f"data={quote(CODED)}&verbose=0", method="GET"),
    "lines": request_of(TEXT + b"\n\n", **{"content-type": "application/x-ndjson"}),
}


def only(request: Request, trusted: bool = True) -> RawEvent:
    decoded = decode_track(request, sender(trusted=trusted), TERMS)
    assert decoded.rejected == []
    (event,) = decoded.events
    return event


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_body_is_read(form: str) -> None:
    event = only(FORMS[form])
    assert event.event_name == "Order a+b"
    assert msgspec.json.decode(event._properties) == {"n": 1, "text": "÷~?>"}
    assert find_key(FORMS[form]) == "sk_s_1" and is_mixpanel(FORMS[form])


def test_an_address_that_is_no_persons_is_not_looked_at() -> None:
    told = b"data=" + CODED
    assert only(request_of(told))._address == sender().address
    for request in (request_of(told, "ip=0"), request_of(b"ip=0&" + told), FORMS["query"]):
        assert only(request)._address == ""
    own = {"event": "a", "properties": {"token": "sk_s_1", "ip": "203.0.113.7"}}
    request = request_of(json.dumps(own).encode(), "ip=0")
    assert only(request)._address == "203.0.113.7"
    assert only(request, trusted=False)._address == ""


def test_base64_with_a_plus_stands_in_forms_as_it_is() -> None:
    assert b"+" in CODED, "or the forms above prove nothing"


@pytest.mark.parametrize("body", [b"", b"data", b"data=%", b"data=e30", b"ip=1", b"[", b"data=[]"])
def test_what_is_no_event_has_no_key_and_costs_nobody(body: bytes) -> None:
    request = request_of(body)
    assert find_key(request) == "" and not is_mixpanel(request)
    try:
        assert decode_track(request, sender(), TERMS).events == []
    except BadRequest as fault:
        assert fault.reason in ("body_invalid", "encoding_invalid")


def test_a_service_accounts_name_is_no_key() -> None:
    account = {"authorization": "Basic " + b64encode(b"account.1:secret").decode()}
    assert find_key(request_of(TEXT, **account)) == "sk_s_1"
    own = {"authorization": "Basic " + b64encode(b"sk_s_2:").decode()}
    assert find_key(request_of(TEXT, **own)) == "sk_s_2"
    assert find_key(request_of(query="token=sk_b_3&lib=iphone", method="GET")) == "sk_b_3"


def test_answers_are_as_verbose_as_asked_for() -> None:
    verdict = Verdict(3)
    for request in (request_of(b"verbose=1&data=e30="), request_of(query="ip=1&verbose=1")):
        assert json.loads(answer_status(request, verdict, True).body)["status"] == 1
    for request in (request_of(b"data=e30="), request_of(query="verbose=0", method="GET")):
        assert answer_status(request, verdict, True).body == b"1"
        assert answer_import(request, verdict, True).body == b"1"
    assert json.loads(answer_import(request_of(TEXT), verdict, True).body) == {
        "code": 200, "num_records_imported": 3, "status": "OK"}  # fmt: skip
    fault = answer_fault(request_of(), BadRequest("key_unknown"))
    assert (fault.status, json.loads(fault.body)["status"]) == (401, 0)


def event_of(**properties: Any) -> RawEvent:
    item = {"event": "a", "properties": {k.replace("__", "$"): v for k, v in properties.items()}}
    return only(request_of(json.dumps(item).encode()))


@pytest.mark.parametrize(
    ("sent", "person", "device"),
    [
        ({"distinct_id": "u-1"}, "u-1", None),
        ({"distinct_id": "$device:d-1"}, None, "d-1"),
        ({"distinct_id": "$device:d-1", "__device_id": "d-1"}, None, "d-1"),
        ({"distinct_id": "d-1", "__device_id": "d-1"}, None, "d-1"),
        ({"distinct_id": "u-1", "__device_id": "$device:d-1", "__user_id": "u-1"}, "u-1", "d-1"),
        ({"distinct_id": "u-1", "__anon_distinct_id": "$device:d-1"}, "u-1", "d-1"),
        ({"distinct_id": {"odd": 1}, "__device_id": ["d-1"]}, None, None),
    ],
)
def test_whose_an_id_is(sent: dict[str, Any], person: str | None, device: str | None) -> None:
    event = event_of(**sent)
    assert (event._person, event._device, event._other_ids) == (person, device, None)
    assert event._properties == b""


@pytest.mark.parametrize(
    ("time", "ms"),
    [
        (1_795_324_271, 1_795_324_271_000),
        (1_795_324_271.25, 1_795_324_271_250),
        (1_795_324_271_250, 1_795_324_271_250),
        ("1795324271", 1_795_324_271_000),
        (0, None),
        ("yesterday", None),
        (1e300, None),
    ],
)
def test_moments_are_in_seconds_or_in_milliseconds(time: object, ms: int | None) -> None:
    assert event_of(time=time).occurred_at_ms == ms


def profile_of(**fields: Any) -> RawEvent | str:
    item = {"$token": "sk_s_1", "$distinct_id": "u-1"} | {f"${k}": v for k, v in fields.items()}
    decoded = decode_engage(request_of(json.dumps(item).encode()), sender(), TERMS)
    return decoded.events[0] if decoded.events else decoded.rejected[0][1]


def test_what_is_set_of_a_person_is_an_identify_and_all_else_is_unwanted() -> None:
    event = profile_of(set={"$email": "a@example.com", "$browser": "Chrome"}, set_once={"plan": 1})
    assert isinstance(event, RawEvent)
    assert (event.event_name, event._person) == ("identify", "u-1")
    assert msgspec.json.decode(event._properties) == {"email": "a@example.com", "plan": 1}
    for update in ("add", "append", "union", "unset", "remove", "delete"):
        assert profile_of(**{update: {"n": 1}}) == "kind_unwanted"


def test_a_no_in_one_part_of_an_update_is_not_covered_by_a_yes_in_another() -> None:
    yes, no = ({"$consent": {"purposes": {"analytics": answer}}} for answer in (True, False))
    for once, always in ((yes, no), (no, yes)):
        event = profile_of(set=always, set_once=once)
        assert isinstance(event, RawEvent) and said_by(event)[1] == bits("analytics")
        assert event._properties == b""


def test_pieces_of_recorded_sessions_are_counted_unread() -> None:
    record = next(one for one in PROTOCOL.endpoints if one.path == "/record")
    decoded = record.decode(request_of(b"\x1f\x8b"), sender(), TERMS)
    assert decoded.rejected == [(0, "kind_unwanted")]
