"""Captured requests, spoiled in every way: a fault of the closed set or events, nothing else."""

from __future__ import annotations

import msgspec
import pytest

from collector.body import inflate
from collector.outcomes import FAULTS, REASONS, BadRequest
from collector.protocols.protocol import Answer, Request
from collector.router import choose
from collector.verdicts import Verdict
from tests.collector.protocols.captures import FOLDER, ROUTER
from tests.collector.protocols.hostile import (
    CUTS_MAX,
    CUTS_MIN,
    Wire,
    list_cuts,
    read_wires,
    spoil,
)
from tests.collector.worlds import LIMITS, TERMS, sender

NAMES = sorted(file.stem for file in FOLDER.glob("*.jsonl"))


def take(wire: Wire) -> str | None:
    """Take a request the way of the service; give the reason of its fault, None for none.

    Errors: whatever a protocol raises that it must not.
    """
    found = ROUTER.find(wire.path)
    mounts = [m for m in found.mounts if wire.method in m.endpoint.methods] if found else []
    if not found or not mounts:
        return None
    try:
        body = inflate(
            wire.body, wire.headers.get("content-encoding", ""), LIMITS.body_inflated_bytes_max
        )
        head = Request(found.path, wire.query, wire.headers, body, method=wire.method)
        mount = choose(mounts, head)
        request = msgspec.structs.replace(head, params=mount.params)
        endpoint = mount.endpoint
        assert isinstance(endpoint.find_key(request) if endpoint.find_key else "", str)
        assert isinstance(endpoint.find_site(request), str)
        decoded = endpoint.decode(request, sender(trusted=True), TERMS)
        places = [*decoded.positions, *(index for index, _ in decoded.rejected)]
        assert sorted(places) == list(range(decoded.received))
        assert {reason for _, reason in decoded.rejected} <= REASONS.keys()
        answer = endpoint.answer(request, Verdict(decoded.received), False)
        assert isinstance(answer, Answer)
    except BadRequest as fault:
        own = mounts[0].protocol.fault
        assert own is None or isinstance(own(head_of(wire), fault), Answer | None)
        return fault.reason
    return None


def head_of(wire: Wire) -> Request:
    """Give what is known of a request before its body is read."""
    return Request(wire.path, wire.query, wire.headers, method=wire.method)


@pytest.mark.needs_shared
@pytest.mark.parametrize("name", NAMES)
def test_spoiled_requests_are_decoded_or_turned_away(name: str) -> None:
    reasons = {take(spoiled) for wire in read_wires(name) for spoiled in spoil(wire)}
    assert reasons - {None} <= FAULTS.keys()


@pytest.mark.needs_shared
@pytest.mark.parametrize("name", ["segment-python"])
def test_spoiled_requests_are_noticed(name: str) -> None:
    reasons = {take(spoiled) for wire in read_wires(name) for spoiled in spoil(wire)}
    assert {"body_invalid", "body_too_deep", "encoding_invalid", "encoding_unknown"} <= reasons


@pytest.mark.parametrize("length", [10, 99, 100, 5_000, 1_000_000])
def test_every_length_is_cut_often_enough(length: int) -> None:
    assert CUTS_MIN <= len(list_cuts(length)) <= CUTS_MAX and list_cuts(length)[0] == 0
