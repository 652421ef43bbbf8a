"""Spoiled requests of every protocol, all the way through the stages, among events that are well.

The requests are those of the benchmark, made as the SDKs write them: no captures are needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pytest

from benchmarks.protocols.people import visits
from benchmarks.protocols.samples import SAMPLES
from collector.body import inflate
from collector.frames import to_frame
from collector.outcomes import FAULTS, REASONS, BadRequest
from collector.protocols import PROTOCOLS
from collector.protocols.protocol import Answer, Request
from collector.raw_event import Decoded, RawEvent
from collector.replies import answer_fault
from collector.router import Mount, choose
from collector.stages import PROTECT
from collector.verdicts import Verdict
from tests.collector.protocols.captures import ROUTER
from tests.collector.protocols.hostile import ODD, Wire, list_cuts, spoil
from tests.collector.worlds import LIMITS, NOW_MS, TERMS, context, event, kept_texts, sender

EVENTS_MAX = 12
"""Events in one request: enough to lose some, and quick."""

GOOD = [event(_event_id=f"good-{n}", occurred_at_ms=NOW_MS) for n in range(7)]

IDENTIFIERS = sorted(
    {text for one in visits(0, EVENTS_MAX) for text in (one.person, one.device, one.session)}
    | {"203.0.113.77"}
)
"""What the requests identify by, and the address that they came from."""

BY_NAME = {sample.name: sample for sample in SAMPLES}


@cache
def wire_of(name: str) -> Wire:
    """Give one request of a protocol."""
    sample = BY_NAME[name]
    size = min(sample.events, EVENTS_MAX)
    sent = sample.make(0, size)
    headers = {"user-agent": "spoiled/1.0"} | dict(sent.headers)
    path = f"/{sample.protocol}{sent.path}"
    return Wire(sent.method, path, sent.query, headers, sent.body)


def take(wire: Wire) -> tuple[Decoded | None, Answer]:
    """Take a request the way of the service; give its events, None for a fault, and the answer.

    Errors: whatever a protocol raises that it must not.
    """
    found = ROUTER.find(wire.path)
    assert found is not None
    mounts = [mount for mount in found.mounts if wire.method in mount.endpoint.methods]
    try:
        coding, bytes_max = wire.headers.get("content-encoding", ""), LIMITS.body_inflated_bytes_max
        body = inflate(wire.body, coding, bytes_max)
        head = Request(found.path, wire.query, wire.headers, body, method=wire.method)
        mount = choose(mounts, head)
        return _decode(mount, msgspec.structs.replace(head, params=mount.params))
    except BadRequest as fault:
        assert fault.reason in FAULTS
        own, head = mounts[0].protocol.fault, Request(found.path, wire.query, wire.headers)
        return None, (own(head, fault) if own else None) or answer_fault(fault)


def _decode(mount: Mount, request: Request) -> tuple[Decoded, Answer]:
    one = sender(address="203.0.113.77", trusted=True, received_at_ms=NOW_MS)
    decoded = mount.endpoint.decode(request, one, TERMS)
    places = [*decoded.positions, *(index for index, _ in decoded.rejected)]
    assert sorted(places) == list(range(decoded.received))
    return decoded, mount.endpoint.answer(request, Verdict(decoded.received), False)


def names_nobody(answer: Answer) -> bool:
    """Tell whether an answer repeats none of the identifiers."""
    told = answer.body.decode("latin-1") + repr(answer.headers)
    return answer.status < 500 and not any(one in told for one in IDENTIFIERS)


def protect(events: list[RawEvent]) -> None:
    """Take events through the stages among good ones: each has one outcome, the good are kept."""
    batch = [*GOOD[:3], *events, *GOOD[3:]]
    result = PROTECT.run(to_frame(batch), context())
    assert result.frame.height + len(result.rejected) == len(batch)
    assert set(result.rejected.values()) <= REASONS.keys()
    rows, last = set(result.frame["row"]), len(batch) - 4
    assert {0, 1, 2, *range(last, last + 4)} <= rows
    texts = "\n".join(
        text for row in result.frame.rows() for one in row for text in kept_texts(one)
    )
    assert not [one for one in IDENTIFIERS if one in texts]


@pytest.mark.parametrize("name", BY_NAME)
def test_what_is_left_of_spoiled_requests_harms_no_batch(name: str) -> None:
    wire, kept = wire_of(name), list[RawEvent]()
    assert take(wire)[0] is not None
    for number, spoiled in enumerate(spoil(wire)):
        decoded, answer = take(spoiled)
        assert names_nobody(answer)
        if decoded is not None and not is_flipped(spoiled, wire) and number % 3 == 0:
            kept += decoded.events
    protect(kept)


def test_an_identifier_that_came_through_would_be_found() -> None:
    told = visits(0, 1)[0].device
    with pytest.raises(AssertionError):
        protect([event(page_title=f"listings of {told}")])
    assert not names_nobody(Answer(told.encode()))


def is_flipped(spoiled: Wire, wire: Wire) -> bool:
    """Tell whether signs are others: a flipped name is one that no list of names can know."""
    if not wire.query.startswith(spoiled.query):
        return True
    return len(spoiled.body) == len(wire.body) and spoiled.body != wire.body


def list_neighbours(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield bodies in which one item of the longest list is of another type, with its place."""
    value = json.loads(body)
    items = max(_lists_of(value), key=len, default=[])
    for number, odd in enumerate(ODD):
        place = number % len(items)
        before, items[place] = items[place], odd
        yield place, json.dumps(value).encode()
        if isinstance(before, dict):
            names = list(before)
            items[place] = before | {names[number % len(names)]: odd}
            yield place, json.dumps(value).encode()
        items[place] = before


def _lists_of(value: Any) -> Iterator[list[Any]]:
    """Yield lists of objects, those nearest to the root; what stands within an item is its own."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _lists_of(one)


LISTED = ["native", "segment", "rudderstack", "posthog", "amplitude", "glean, events", "snowplow"]
LISTED += ["google, Measurement Protocol", "reports"]


@pytest.mark.parametrize("name", LISTED)
def test_a_spoiled_item_costs_itself_alone(name: str) -> None:
    wire = wire_of(name)
    whole, _ = take(wire)
    assert whole is not None and whole.received >= 3 and not whole.rejected
    for place, body in list_neighbours(wire.body):
        decoded, _ = take(wire._replace(body=body))
        assert decoded is not None and decoded.received == whole.received
        others = set(range(whole.received)) - {place}
        assert others <= set(decoded.positions)
        by_place = dict(zip(decoded.positions, decoded.events, strict=True))
        assert all(_told(by_place[one]) == _told(whole.events[one]) for one in others)


def _told(one: RawEvent) -> tuple[Any, ...]:
    return one.event_name, one._event_id, one._person, one._device, one.page_path


@pytest.mark.parametrize("name", ["matomo, bulk", "google, gtag", "access_log"])
def test_a_spoiled_line_costs_itself_alone(name: str) -> None:
    wire = wire_of(name)
    for sign in (b"\xff", b"%ff", b"\\u0000", b"&&=="):
        at = wire.body.index(b"horses")
        decoded, _ = take(wire._replace(body=wire.body[:at] + sign + wire.body[at + 6 :]))
        assert decoded is None or decoded.received == min(BY_NAME[name].events, EVENTS_MAX)


def test_every_hundredth_byte_is_cut() -> None:
    assert list_cuts(22_904) == list(range(0, 22_904, 100))


def test_every_protocol_is_spoiled() -> None:
    assert {sample.protocol for sample in SAMPLES} == {one.name for one in PROTOCOLS}
