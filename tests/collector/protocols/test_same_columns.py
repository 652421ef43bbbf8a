"""What vendors call differently and mean alike lands in the same column, whoever sends it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from collector.protocols import PROTOCOLS
from collector.protocols.protocol import Request
from collector.raw_event import RawEvent
from collector.router import choose
from tests.collector.protocols.captures import ROUTER
from tests.collector.protocols.meanings import MEANINGS
from tests.collector.protocols.sending import Sent
from tests.collector.worlds import TERMS, sender

SAY_LITTLE = {"reports", "web_vitals", "glean", "pixel", "access_log"}
"""Protocols that have a word for little of it: what browsers report, figures, pings, requests."""

CASES = [
    pytest.param(expected, sent, id=f"{meaning}: {who}")
    for meaning, (expected, said) in MEANINGS.items()
    for who, sent in said.items()
]


def decode(path: str, body: Any) -> RawEvent:
    """Give the one event of a request, by whichever protocol owns its path."""
    path, _, query = path.partition("?")
    text = body if isinstance(body, str) else json.dumps(body)
    kind = "application/json" if text[:1] in "{[" else "application/x-www-form-urlencoded"
    found = ROUTER.find(path)
    assert found is not None
    method = "POST" if text else "GET"
    head = Request(found.path, query, {"content-type": kind}, text.encode(), method=method)
    mount = choose([one for one in found.mounts if method in one.endpoint.methods], head)
    request = msgspec.structs.replace(head, params=mount.params)
    decoded = mount.endpoint.decode(request, sender(trusted=True), TERMS)
    assert decoded.rejected == []
    (event,) = decoded.events
    return event


@pytest.mark.parametrize(("expected", "sent"), CASES)
def test_what_means_alike_lands_alike(expected: dict[str, Any], sent: Sent) -> None:
    event = decode(*sent)
    held: dict[str, Any] = json.loads(event._properties or b"{}")
    told = {name: held if name == "properties" else getattr(event, name) for name in expected}
    assert told == expected


def test_every_protocol_is_asked() -> None:
    paths = [sent[0].partition("?")[0] for _, said in MEANINGS.values() for sent in said.values()]
    found = [ROUTER.find(path) for path in paths]
    asked = {mount.protocol.name for one in found if one is not None for mount in one.mounts}
    assert asked == {one.name for one in PROTOCOLS} - SAY_LITTLE
