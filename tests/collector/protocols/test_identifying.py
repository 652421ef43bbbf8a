"""Whatever identifying name stands at whatever object of a captured body: its value is no property.

It goes to its target, where gate, digest and scrub see it, or it is left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.outcomes import BadRequest
from collector.protocols.identifying import TARGETS, target_of
from collector.protocols.protocol import Request
from collector.raw_event import RawEvent
from collector.router import Mount
from tests.collector.protocols.captures import FOLDER, decode, read_captures
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
    """A captured body of JSON, and where objects stand in it."""

    mount: Mount
    request: Request
    value: Any
    places: list[tuple[Any, ...]]


def _list_objects(value: Any, place: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """Yield where objects stand in a JSON value."""
    if isinstance(value, dict):
        yield place
    within = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in within if isinstance(value, dict | list) else ():
        if isinstance(one, dict | list):
            yield from _list_objects(one, (*place, name))


@cache
def read_bodies() -> list[Body]:
    """Give the captured bodies that are JSON, whatever protocol they belong to."""
    bodies = []
    for file in sorted(FOLDER.glob("*.jsonl")):
        for captured in read_captures(file.stem):
            try:
                value = json.loads(captured.request.body)
            except ValueError:
                continue
            if isinstance(value, dict | list):
                places = list(_list_objects(value, ()))
                bodies.append(Body(captured.mount, captured.request, value, places))
    return bodies


def plant(body: Body, place: tuple[Any, ...], name: str, value: Any) -> bytes:
    """Give a body with a value under a name at one of its objects; what was there is replaced."""
    copy = json.loads(json.dumps(body.value))
    there = copy
    for step in place:
        there = there[step]
    there[name] = value
    return json.dumps(copy).encode()


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
@settings(max_examples=400, deadline=None)
@given(data=st.data(), name=spellings(), wrap=st.sampled_from(["plain", "list", "object"]))
def test_no_identifying_name_leaves_its_value_among_the_properties(
    data: st.DataObject, name: str, wrap: str
) -> None:
    assert target_of(name) is not None or name.lower() in ("ad_id", "ad-id")
    if target_of(name) is None:
        return
    body = data.draw(st.sampled_from(read_bodies()))
    place = data.draw(st.sampled_from(body.places))
    value: Any = {"plain": PLANTED, "list": [PLANTED], "object": {"x": PLANTED}}[wrap]
    request = msgspec.structs.replace(body.request, body=plant(body, place, name, value))
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
