"""The native API's adapter: what each part of a request becomes, and who is believed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from collector.outcomes import BadRequest
from collector.protocols.native import decode_diagnostics, decode_events
from collector.raw_event import Decoded, RawEvent
from tests.collector.worlds import ALL, LIMITS, NOW_MS, TERMS, bits, post, said_by, sender

VIEW = {"name": "page_view"}
CRASH = {"kind": "crash"}


def decode(body: Any, diagnostics: bool = False, **who: Any) -> Decoded:
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    decode_body = decode_diagnostics if diagnostics else decode_events
    return decode_body(post(raw), sender(**who), TERMS)


def one(event: dict[str, Any], envelope: dict[str, Any] | None = None, **who: Any) -> RawEvent:
    decoded = decode({"events": [VIEW | event], **(envelope or {})}, **who)
    assert decoded.rejected == []
    return decoded.events[0]


def told(event: RawEvent) -> dict[str, Any]:
    """Give the fields that differ from an event that says nothing but its name."""
    plain = one({})
    return {
        name: getattr(event, name)
        for name in RawEvent.__struct_fields__
        if getattr(event, name) != getattr(plain, name)
    }


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        ({}, {}),
        ({"name": "search"}, {"event_name": "search"}),
        ({"event_id": "e-1"}, {"_event_id": "e-1"}),
        ({"event_id": ""}, {}),
        ({"occurred_at": "2026-11-22T05:11:11.123Z"}, {"occurred_at_ms": NOW_MS + 123}),
        ({"occurred_at": "2026-11-22T10:11:11+05:00"}, {"occurred_at_ms": NOW_MS}),
        ({"occurred_at": "1970-01-01T00:00:00Z"}, {"occurred_at_ms": 0}),
        ({"occurred_at": "2100-01-01T00:00:00Z"}, {"occurred_at_ms": 4_102_444_800_000}),
        (
            {"person": "p", "device": "d", "advertising_id": "a", "session": "s"},
            {"_person": "p", "_device": "d", "_advertising_id": "a", "_session": "s"},
        ),
        ({"person": "", "device": None}, {}),
        ({"properties": {"a": 1}}, {"_properties": b'{"a":1}'}),
        ({"location": {"latitude": 43.2, "longitude": 76}}, {"latitude": 43.2, "longitude": 76.0}),
        ({"revenue": 1500, "currency": "KZT"}, {"revenue": 1500.0, "currency": "KZT"}),
        (
            {"page": {"url": "https://soq.example/a?utm_source=m", "title": "T"}},
            {
                "page_host": "soq.example",
                "page_path": "/a",
                "page_query": "utm_source=m",
                "campaign_source": "m",
                "page_title": "T",
            },
        ),
        (
            {"page": {"referrer": "https://google.com/q"}},
            {"referrer_host": "google.com", "referrer_path": "/q"},
        ),
        (
            {
                "context": {
                    "app": {"name": "soq", "version": "3.2.1"},
                    "device": {"model": "SM-A536B"},
                    "screen": {"width": 390, "height": 844},
                    "locale": "kk-KZ",
                    "timezone": "Asia/Almaty",
                    "sdk": "web/1",
                }
            },
            {
                "app_version": "3.2.1",
                "device_model": "SM-A536B",
                "screen_width": 390,
                "screen_height": 844,
                "locale": "kk-KZ",
                "timezone": "Asia/Almaty",
                "sdk": "web/1",
            },
        ),
        ({"context": {"ip": "1.2.3.4", "user_agent": "forged"}}, {}),
        ({"exception": {"type": "X"}, "release": "1", "measurements": []}, {}),
    ],
)
def test_what_each_part_becomes(sent: dict[str, Any], fields: dict[str, Any]) -> None:
    assert told(one(sent)) == fields


def test_a_request_speaks_for_its_events_and_each_for_itself() -> None:
    envelope = {"sent_at": "2026-11-22T05:11:11Z", "context": {"locale": "kk-KZ", "sdk": "web/1"}}
    event = one({"context": {"locale": "ru-KZ"}}, envelope)
    assert (event.locale, event.sdk, event.sent_at_ms) == ("ru-KZ", "web/1", NOW_MS)


def test_only_server_keys_are_believed_about_address_and_user_agent() -> None:
    claimed = {"context": {"ip": "1.2.3.4", "user_agent": "forwarded"}}
    event = one({}, claimed, trusted=True, client_hints="hint")
    assert (event._address, event._user_agent, event._client_hints) == ("1.2.3.4", "forwarded", "")
    event = one({}, claimed, client_hints="hint")
    assert (event._address, event._client_hints) == ("95.56.10.20", "hint")


@pytest.mark.parametrize(
    ("envelope", "own", "refused", "granted", "denied"),
    [
        ({}, None, "", "", ""),
        ({"analytics": True}, None, "", "analytics", ""),
        ({"analytics": True}, {"advertising": True}, "", "advertising", ""),
        ({"analytics": False}, {"analytics": True}, "", "analytics", "analytics"),
        ({"analytics": True}, {"analytics": False}, "", "", "analytics"),
        ({"advertising": True}, None, "advertising", "advertising", "advertising"),
    ],
)
def test_consent_of_request_event_and_headers_is_joined_so_that_no_beats_yes(
    envelope: dict[str, bool], own: dict[str, bool] | None, refused: str, granted: str, denied: str
) -> None:
    event: dict[str, Any] = {} if own is None else {"consent": {"purposes": own}}
    decoded = one(event, {"consent": {"purposes": envelope}}, refused=bits(*refused.split()))
    assert said_by(decoded) == (bits(*granted.split()), bits(*denied.split()))


def test_a_diagnostic_keeps_its_parts_wherever_it_is_posted() -> None:
    sent = {
        "kind": "crash",
        "exception": {"type": "E", "message": "m", "stack": "s"},
        "measurements": [{"name": "load", "value": 12, "unit": "ms"}],
        "release": "3.2.1",
        "environment": "production",
    }
    for diagnostics in (False, True):
        event = decode({"events": [sent]}, diagnostics).events[0]
        assert (event.table, event.event_name, event.kind) == ("diagnostics", "crash", "crash")
        assert (event.exception_type, event.exception_message, event.exception_stack) == (
            "E", "m", "s",
        )  # fmt: skip
        assert event.measurements == [{"name": "load", "value": 12.0, "unit": "ms"}]
        assert (event.release, event.environment) == ("3.2.1", "production")
    assert decode({"events": [sent | {"name": "boot"}]}).events[0].event_name == "boot"


@pytest.mark.parametrize(
    ("event", "diagnostics", "is_event"),
    [
        (VIEW, False, True),
        (VIEW, True, False),
        (CRASH, True, True),
        ({"kind": "holiday", "name": "x"}, False, False),
        ({"kind": "holiday"}, True, False),
        ({}, False, False),
        ({"name": ""}, False, False),
        ({"name": "x" * 128}, False, True),
        ({"name": "x" * 129}, False, False),
        ({"name": 7}, False, False),
        ({"name": "a", "person": 1842}, False, False),
        ({"name": "a", "person": "x" * 513}, False, False),
        ({"name": "a", "occurred_at": "yesterday"}, False, False),
        ({"name": "a", "occurred_at": "2026-11-22T05:11:11"}, False, False),
        ({"name": "a", "occurred_at": 1763788272}, False, False),
        ({"name": "a", "location": {"latitude": 91, "longitude": 0}}, False, False),
        ({"name": "a", "location": {"latitude": 1}}, False, False),
        ({"name": "a", "revenue": "12"}, False, False),
        ({"name": "a", "currency": "x" * 9}, False, False),
        ({"name": "a", "context": {"screen": {"width": -1}}}, False, False),
        ({"name": "a", "context": {"screen": {"width": 70_000}}}, False, False),
        ({"name": "a", "context": []}, False, False),
        ({"name": "a", "page": "https://soq.example"}, False, False),
        ({"name": "a", "consent": "yes"}, False, True),
        ({"name": "a", "surplus": {"is": "passed over"}}, False, True),
        ({"kind": "log", "measurements": [{"name": "a"}]}, True, False),
        ({"kind": "log", "measurements": [{"name": "a" * 129, "value": 1}]}, True, False),
        ({"kind": "log", "measurements": [{"name": "a", "value": 1}] * 101}, True, False),
        ("text", False, False),
        (None, False, False),
        ([], False, False),
    ],
)
def test_an_event_of_a_wrong_form_costs_itself_alone(
    event: Any, diagnostics: bool, is_event: bool
) -> None:
    good = CRASH if diagnostics else VIEW
    decoded = decode({"events": [good, event, good]}, diagnostics)
    expected = ([0, 1, 2], []) if is_event else ([0, 2], [(1, "event_invalid")])
    assert (decoded.positions, decoded.rejected) == expected
    assert decoded.received == 3


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"events": [VIEW] * (LIMITS.events_per_request_max + 1)}, "events_too_many"),
        ({"events": VIEW}, "body_invalid"),
        ({"events": None}, "body_invalid"),
        ({}, "body_invalid"),
        ([], "body_invalid"),
        (b"", "body_invalid"),
        (b"null", "body_invalid"),
        ({"events": [], "sent_at": "now"}, "body_invalid"),
        ({"events": [], "context": "soq"}, "body_invalid"),
        ({"events": [], "import": {"source": "s", "basis": "b"}}, "key_kind"),
        ({"events": [], "import": {"source": "", "basis": "b"}}, "body_invalid"),
    ],
)
def test_a_request_of_a_wrong_form_is_turned_away_whole(body: Any, reason: str) -> None:
    with pytest.raises(BadRequest) as fault:
        decode(body)
    assert fault.value.reason == reason


def test_an_import_takes_nothing_from_the_request_that_carries_it() -> None:
    envelope = {"import": {"source": "crm", "basis": "contract"}}
    event = one({}, envelope, trusted=True, client_hints="hint", refused=ALL)
    assert (event.is_import, event.source, event.basis, event.signals) == (
        True, "crm", "contract", "",
    )  # fmt: skip
    assert (event._address, event._user_agent, event._client_hints) == (None, "", "")
    event = one({"context": {"ip": "1.2.3.4"}}, envelope, trusted=True)
    assert event._address == "1.2.3.4"


def test_as_many_events_as_allowed_and_none_at_all() -> None:
    full = [VIEW] * LIMITS.events_per_request_max
    assert decode({"events": full}).received == LIMITS.events_per_request_max
    assert decode({"events": []}).received == 0
