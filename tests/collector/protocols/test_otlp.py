"""OTLP: both forms read alike, within bounds; what records become, and consent in attributes."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.outcomes import FAULTS, BadRequest
from collector.protocols.otlp import answer_empty, decode_logs, decode_metrics, decode_traces
from collector.protocols.otlp_attributes import to_object
from collector.protocols.otlp_protobuf import FIELDS_MAX, read_protobuf
from collector.protocols.protocol import Request
from collector.raw_event import RawEvent
from collector.verdicts import Verdict
from tests.collector.worlds import TERMS, bits, said_by, sender

MOMENT = "1795324271000000000"


def wrap(value: Any) -> dict[str, Any]:
    """Give a value in the typed wrapping of the JSON form."""
    if isinstance(value, dict):
        return {"kvlistValue": {"values": pairs(value)}}
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue", str: "stringValue"}
    return {kinds[type(value)]: str(value) if type(value) is int else value}


def pairs(attributes: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": wrap(value)} for name, value in attributes.items()]


def post(body: object) -> Request:
    return Request("/v1/logs", headers={"content-type": "application/json"},
                   body=json.dumps(body).encode())  # fmt: skip


def decode(record: dict[str, Any], **resource: Any) -> RawEvent:
    """Decode one record, its attributes plain."""
    record = {"timeUnixNano": MOMENT} | record
    record["attributes"] = record.get("pairs", pairs(record.get("attributes", {})))
    told = {"resource": {"attributes": pairs(resource)}, "scopeLogs": [{"logRecords": [record]}]}
    decoded = decode_logs(post({"resourceLogs": [told]}), sender(trusted=True), TERMS)
    assert decoded.rejected == []
    return decoded.events[0]


@pytest.mark.parametrize(
    ("record", "kind", "name"),
    [
        ({"eventName": "order"}, None, "order"),
        ({"attributes": {"event.name": "order"}}, None, "order"),
        ({"eventName": "browser.page_view"}, None, "page_view"),
        ({"eventName": "order", "severityNumber": 17}, None, "order"),
        ({"severityNumber": 9}, "log", "log"),
        ({"severityNumber": 17}, "error", "error"),
        ({"attributes": {"exception.type": "E"}}, "error", "error"),
        ({"eventName": "exception", "attributes": {"exception.message": "m"}}, "error", "error"),
        ({"severityNumber": 21, "attributes": {"exception.type": "E"}}, "crash", "crash"),
        ({"eventName": "app.crash"}, "crash", "crash"),
        ({"severityNumber": "odd"}, "log", "log"),
    ],
)
def test_what_a_record_becomes(record: dict[str, Any], kind: str | None, name: str) -> None:
    event = decode(record)
    assert (event.kind, event.event_name) == (kind, name)
    assert event.table == ("diagnostics" if kind else "events")


def test_identifiers_are_no_properties_and_headers_are_nothing() -> None:
    event = decode(
        {
            "eventName": "order",
            "body": wrap({"size": 3, "user.id": "u-2"}),
            "attributes": {
                "user.id": "u-1",
                "enduser.pseudo.id": "p-1",
                "session.previous_id": "s-0",
                "client.address": "203.0.113.7",
                "http.request.header.cookie": "sid=1",
                "http.response.header.x-id": "r-1",
                "url.full": "https://soq.example/x?utm_source=m&gclid=1",
                "url.query": "gclid=1",
                "big": 9_007_199_254_740_993,
            },
        },
        **{"host.name": "machine-1", "device.id": "d-1"},
    )
    kept = msgspec.json.decode(event._properties)
    assert kept == {"size": 3, "big": 9_007_199_254_740_993}
    assert (event._person, event._device, event._address) == ("u-1", "p-1", "203.0.113.7")
    others = set((event._other_ids or "").split("\x1f"))
    assert {"u-2", "d-1", "s-0", "sid=1", "r-1", "machine-1"} <= others
    assert (event.page_path, event.page_query) == ("/x", "utm_source=m")


def test_ids_tell_records_apart_and_are_the_same_when_sent_again() -> None:
    record = {"timeUnixNano": MOMENT, "eventName": "order"}
    body = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record, record]}]}]}
    first, again = (decode_logs(post(body), sender(), TERMS).events for _ in (1, 2))
    assert [one._event_id for one in first] == [one._event_id for one in again]
    assert first[0]._event_id != first[1]._event_id
    assert decode({"timeUnixNano": "0", "eventName": "order"})._event_id is None
    named = decode({"eventName": "order", "attributes": {"log.record.uid": "r-1"}})
    assert named._event_id == "r-1"


def test_a_no_in_resource_or_record_is_not_covered_by_a_yes_in_the_other() -> None:
    yes, no = ({"sanaq.consent.analytics": answer} for answer in (True, "false"))
    assert said_by(decode({"eventName": "a"}, **yes)) == (bits("analytics"), bits())
    assert said_by(decode({"eventName": "a", "attributes": yes}, **no))[1] == bits("analytics")
    assert said_by(decode({"eventName": "a", "attributes": no}, **yes))[1] == bits("analytics")
    as_object = {"consent": {"purposes": {"analytics": True}}}
    assert said_by(decode({"eventName": "a"}, **as_object))[0] == bits("analytics")


def test_a_repeated_attribute_never_turns_a_no_into_a_yes() -> None:
    both = [*pairs({"sanaq.consent.analytics": False}), *pairs({"sanaq.consent.analytics": True})]
    for repeated in (both, both[::-1]):
        assert said_by(decode({"eventName": "a", "pairs": repeated})) == (
            bits(),
            bits("analytics"),
        )
    assert to_object([*pairs({"a": 1}), *pairs({"a": 2})]) == {}


def test_spans_and_data_points_are_counted() -> None:
    spans: dict[str, Any] = {
        "resourceSpans": [{"scopeSpans": [{"spans": [{}, {}]}, {"spans": [{}]}]}]
    }
    assert decode_traces(post(spans), sender(), TERMS).rejected == [
        (n, "kind_unwanted") for n in range(3)
    ]
    metric = {"name": "m", "sum": {"dataPoints": [{}, {}]}}
    metrics = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric, {}]}]}]}
    assert decode_metrics(post(metrics), sender(), TERMS).received == 2
    with pytest.raises(BadRequest) as fault:
        decode_traces(
            post({"resourceSpans": [{"scopeSpans": [{"spans": [{}] * 9_999}]}]}), sender(), TERMS
        )
    assert fault.value.reason == "events_too_many"


@pytest.mark.parametrize("kind", ["application/json", "application/x-protobuf", ""])
def test_the_answer_has_the_form_of_the_request(kind: str) -> None:
    answer = answer_empty(Request("/", headers={"content-type": kind}), Verdict(0), False)
    if kind == "application/json":
        assert (answer.body, answer.kind) == (b"{}", kind)
    else:
        assert (answer.body, answer.headers["content-type"]) == (b"", "application/x-protobuf")


def varint(value: int) -> bytes:
    made = b""
    while value > 0x7F:
        made, value = made + bytes([value & 0x7F | 0x80]), value >> 7
    return made + bytes([value])


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value % (1 << 64))
    return varint(number << 3 | 2) + varint(len(value)) + value


def test_protobuf_is_read_as_its_json_form() -> None:
    number = field(2, field(3, -5))
    listed = field(2, field(5, field(1, field(1, b"a")) + field(1, field(2, 1))))
    attributes = field(6, field(1, b"n") + number) + field(6, field(1, b"l") + listed)
    unknown = field(99, b"x") + varint(98 << 3 | 5) + b"1234"
    record = attributes + field(12, "é".encode() + b"\xff") + unknown
    read = read_protobuf(field(1, field(2, field(2, record))), "logs")
    (record_read,) = read["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    assert record_read["eventName"] == "é\ufffd"
    assert to_object(record_read["attributes"]) == {"n": -5, "l": ["a", True]}


def nested(depth: int) -> bytes:
    value = b""
    for _ in range(depth):
        value = field(5, field(1, value))
    return field(1, field(2, field(2, field(5, value))))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (field(1, field(2, field(2, b"") * (FIELDS_MAX + 1))), "body_too_large"),
        (field(9, 1) * (FIELDS_MAX + 1), "body_too_large"),
        (nested(1_000), "body_too_deep"),
        (b"\x0a\x05a", "body_invalid"),
        (b"\x0b", "body_invalid"),
        (b"\x08" + b"\x80" * 11, "body_invalid"),
        (b"\x09123", "body_invalid"),
    ],
)
def test_protobuf_beyond_its_bounds_is_turned_away(body: bytes, reason: str) -> None:
    with pytest.raises(BadRequest) as fault:
        read_protobuf(body, "logs")
    assert fault.value.reason == reason


@given(body=st.binary(max_size=200), wrapped=st.booleans())
def test_arbitrary_protobuf_raises_nothing_else(body: bytes, wrapped: bool) -> None:
    body = field(1, field(2, field(2, body))) if wrapped else body
    for decoder in (decode_logs, decode_traces, decode_metrics):
        try:
            decoder(Request("/v1/logs", body=body), sender(), TERMS)
        except BadRequest as fault:
            assert fault.reason in FAULTS
