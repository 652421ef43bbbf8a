"""Whatever identifying name stands at whatever object of a captured body: its value is no property.

It goes to its target, where gate, digest and scrub see it, or it is left out.
"""

from __future__ import annotations

import re
from copy import deepcopy
from functools import cache
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.outcomes import BadRequest
from collector.protocols.identifying import TARGETS, target_of
from collector.protocols.protocol import Request, decode_nothing
from collector.raw_event import RawEvent
from collector.router import Mount
from tests.collector.protocols.captures import FOLDER, decode, read_captures
from tests.collector.protocols.opened import (
    Step,
    close_request,
    find,
    list_objects,
    open_request,
)
from tests.collector.worlds import TERMS, sender

PLANTED = "zq7planted4identifier9"

LOOKS_IDENTIFYING = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-|\b203\.0\.113\.7\b|Mozilla/5")
"""Ids, the address and the user agent of the captured requests."""

PLAIN = tuple(
    field
    for field in msgspec.structs.fields(RawEvent)
    if not field.name.startswith("_") and field.name not in ("signals", "received_at_ms", "site")
)
"""Fields that are no identifiers; what stands there is stored, scrubbed of what looks like one."""


class Body(NamedTuple):
    """A captured request, opened, and where objects stand in it."""

    mount: Mount
    request: Request
    opened: dict[str, Any]
    places: list[tuple[Step, ...]]


@cache
def read_bodies() -> dict[str, list[Body]]:
    """Give the captured requests that bring something, by protocol."""
    bodies: dict[str, list[Body]] = {}
    for file in sorted(FOLDER.glob("*.jsonl")):
        for captured in read_captures(file.stem):
            if captured.mount.endpoint.decode is not decode_nothing:
                opened = open_request(captured.request)
                body = Body(captured.mount, captured.request, opened, list(list_objects(opened)))
                bodies.setdefault(captured.mount.protocol.name, []).append(body)
    return bodies


def plant(body: Body, place: tuple[Step, ...], name: str, value: Any) -> Request:
    """Give a request with a value under a name at one of its objects, in the place of another."""
    changed = deepcopy(body.opened)
    there = find(changed, place)
    if there.keys() == {"key", "value"}:
        # OTLP's attributes: names stand beside their values.
        there |= {"key": name, "value": {"stringValue": str(value)}}
    else:
        there[name] = value
    return close_request(body.request, changed)


def told_of(event: RawEvent) -> str:
    """Give all texts of an event that are no identifiers."""
    plain = [getattr(event, field.name) for field in PLAIN]
    return repr(plain) + event._properties.decode()


@st.composite
def spellings(draw: st.DrawFn) -> str:
    """Give a name of the list as it may be spelled: with signs between, before, and capitals."""
    name = draw(st.sampled_from(sorted(TARGETS)))
    sign = draw(st.sampled_from(["", "_", "-", ".", "$"]))
    at = draw(st.integers(1, len(name)))
    spelled = draw(st.sampled_from(["", "$", "_"])) + name[:at] + sign + name[at:]
    spelled = spelled.rstrip("_-.$")
    return draw(st.sampled_from([spelled, spelled.upper(), spelled.title()]))


@pytest.mark.needs_shared
@settings(max_examples=800, deadline=None)
@given(data=st.data(), name=spellings(), wrap=st.sampled_from(["plain", "list", "object", "pair"]))
def test_no_identifying_name_leaves_its_value_among_the_properties(
    data: st.DataObject, name: str, wrap: str
) -> None:
    assert target_of(name) is not None or name.lower() in ("ad_id", "ad-id")
    if target_of(name) is None:
        return
    bodies = read_bodies()
    body = data.draw(st.sampled_from(bodies[data.draw(st.sampled_from(sorted(bodies)))]))
    place = data.draw(st.sampled_from(body.places))
    value: Any = {
        "plain": PLANTED,
        "list": [PLANTED],
        "object": {"x": PLANTED},
        "pair": [name, PLANTED],
    }[wrap]
    request = plant(body, place, name, value)
    try:
        decoded = body.mount.endpoint.decode(request, sender(trusted=True), TERMS)
    except BadRequest:
        return
    for event in decoded.events:
        assert PLANTED not in told_of(event), (body.mount.protocol.name, place)


@pytest.mark.needs_shared
@pytest.mark.parametrize("name", sorted(file.stem for file in FOLDER.glob("*.jsonl")))
def test_no_captured_identifier_stays_in_an_event(name: str) -> None:
    for captured in read_captures(name):
        try:
            decoded = decode(captured, trusted=True)
        except BadRequest:
            continue
        for event in decoded.events:
            assert not LOOKS_IDENTIFYING.search(event._properties.decode())


@pytest.mark.needs_shared
def test_every_captured_request_is_planted_in_and_opened_to_its_last_object() -> None:
    """Closed again a request says the same as before, so that what is planted in it is read."""
    asked = 0
    for bodies in read_bodies().values():
        for body in bodies:
            closed = close_request(body.request, body.opened)
            told = [_tell(body.mount, one) for one in (body.request, closed)]
            assert told[0] == told[1], body.request.path
            asked += len(told[0])
    # Matomo says everything in one object, its query.
    assert min(max(len(one.places) for one in some) for some in read_bodies().values()) >= 2
    assert {"matomo", "mixpanel", "sentry", "snowplow", "google", "otlp"} < read_bodies().keys()
    assert asked > 100


def _tell(mount: Mount, request: Request) -> list[tuple[str, bytes]]:
    try:
        events = mount.endpoint.decode(request, sender(trusted=True), TERMS).events
    except BadRequest:
        return []
    return [(event.event_name, event._properties) for event in events]
