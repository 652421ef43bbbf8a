"""Envelopes of Sentry: their frame, and what one bad item costs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.outcomes import BadRequest
from collector.protocols import sentry
from collector.protocols.protocol import Request
from collector.protocols.sentry_frame import read_items
from collector.raw_event import Decoded
from collector.verdicts import Verdict
from tests.collector.worlds import TERMS, sender

ID = "299a5148233c431eb7fc451a99e59d3e"


def envelope(*lines: object, header: object = None) -> bytes:
    """Give an envelope of some lines; objects become JSON, bytes stay."""
    sent = [{"event_id": ID} if header is None else header, *lines]
    return b"\n".join(one if isinstance(one, bytes) else json.dumps(one).encode() for one in sent)


def decode(body: bytes, trusted: bool = False) -> Decoded:
    """Decode an envelope."""
    return sentry.decode_envelope(Request("", body=body), sender(trusted=trusted), TERMS)


def decode_event(event: dict[str, Any], trusted: bool = False) -> Any:
    """Give the one event of an envelope."""
    (decoded,) = decode(envelope({"type": "event"}, event), trusted).events
    return decoded


def test_a_length_counts_bytes_whatever_they_are() -> None:
    body = b'{"type":"attachment","length":9}\n{"a"\n\n\x00\xff{\n{"type":"event"}\n{}\n\n'
    assert list(read_items(body)) == [("attachment", b'{"a"\n\n\x00\xff{'), ("event", b"{}")]


def test_a_length_beyond_the_end_takes_what_is_there() -> None:
    assert list(read_items(b'{"type":"event","length":99}\n{}')) == [("event", b"{}")]


@pytest.mark.parametrize("length", [-1, "2", 2.0, True, None])
def test_a_length_that_is_none_ends_with_the_line(length: object) -> None:
    body = envelope({"type": "event", "length": length}, {}, {"type": "event"}, {}, header=b"")
    assert list(read_items(body)) == [("event", b"{}"), ("event", b"{}")]


def test_a_bad_item_costs_itself_alone() -> None:
    good = {"type": "event"}, {"message": "fine"}
    bad = good[0], b"{broken", b"no json", b"{}", {"type": "event"}, [1]
    decoded = decode(envelope(*good, *bad, *good))
    assert [one.exception_message for one in decoded.events] == ["fine", "fine"]
    assert decoded.rejected == [(1, "event_invalid"), (2, "event_invalid"), (3, "event_invalid")]


@pytest.mark.parametrize("kind", ["replay_event", "profile", "attachment", "client_report", "new"])
def test_what_is_not_collected_is_counted(kind: str) -> None:
    assert decode(envelope({"type": kind}, {})).rejected == [(0, "kind_unwanted")]


def test_a_first_line_that_is_none_turns_the_request_away() -> None:
    with pytest.raises(BadRequest) as raised:
        decode(b"nothing\n{}")
    assert raised.value.reason == "body_invalid"


def test_headers_and_cookies_are_looked_for_and_not_kept() -> None:
    request = {
        "url": "https://soq.example/pay?email=a@example.com",
        "headers": {"Cookie": "sid=secret-1", "X-Forwarded-For": "203.0.113.7, 10.0.0.1"},
        "cookies": {"token": "secret-2"},
        "env": {"REMOTE_ADDR": "203.0.113.8", "HTTP_AUTHORIZATION": "Bearer secret-3"},
        "data": {"card": "4111111111111111"},
    }
    spare = {"extra": {"a": "gone"}, "tags": {"b": "gone"}, "breadcrumbs": [{"message": "gone"}]}
    event = decode_event({"message": "m", "request": request} | spare, trusted=True)
    assert event._address == "203.0.113.7"
    assert {"sid=secret-1", "secret-2", "Bearer secret-3"} <= set(event._other_ids.split("\x1f"))
    assert (event.page_path, event.page_query) == ("/pay", "")
    assert b"gone" not in event._properties and b"secret" not in event._properties


def test_causes_follow_what_was_caught() -> None:
    values = [{"type": "OSError", "value": "disk"}, {"type": "AppError", "value": "save"}]
    event = decode_event({"exception": {"values": values}, "level": "fatal"})
    assert (event.kind, event.exception_type, event.exception_message) == (
        "crash",
        "AppError",
        "save",
    )
    assert event.exception_stack == "AppError: save\nOSError: disk"


@pytest.mark.parametrize("asks", [True, False])
def test_an_sdk_that_asks_so_gives_no_address(asks: bool) -> None:
    settings = {"settings": {"infer_ip": "never" if asks else "auto"}}
    event = decode_event({"message": "m", "sdk": settings})
    assert (event._address == "") == asks


def test_counts_of_sessions_are_figures() -> None:
    counts = {"aggregates": [{"started": "2026-11-22T05:00:00Z", "exited": 3, "crashed": 1}]}
    (event,) = decode(envelope({"type": "sessions"}, counts | {"attrs": {"release": "1"}})).events
    assert event.release == "1"
    assert {one["name"]: one["value"] for one in event.measurements or ()} == {
        "exited": 3,
        "crashed": 1,
    }


@pytest.mark.parametrize(
    ("request_", "key"),
    [
        (Request("", query="sentry_version=7&sentry_key=sk_b_1"), "sk_b_1"),
        (Request("", headers={"x-sentry-auth": "Sentry sentry_key=sk_s_2, v=7"}), "sk_s_2"),
        (Request("", body=b'{"dsn":"https://sk_b_3@c.example/1"}\n{}'), "sk_b_3"),
        (Request("", body=b'{"dsn":"https://[sk_b_3@c.example/1"}\n{}'), ""),
        (Request("", body=b"\xff\n"), ""),
    ],
)
def test_the_key_is_found_where_sdks_put_it(request_: Request, key: str) -> None:
    assert sentry.find_key(request_) == key


@pytest.mark.parametrize(("told", "answer"), [(ID, {"id": ID}), ("a@example.com", {}), (1, {})])
def test_the_answer_repeats_an_id_and_nothing_else(told: object, answer: object) -> None:
    request = Request("", body=envelope(header={"event_id": told}))
    assert json.loads(sentry.answer_id(request, Verdict(0), False).body) == answer
