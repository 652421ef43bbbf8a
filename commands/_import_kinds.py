"""What can be imported as events: each kind reads a file and gives what goes into requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from collector.protocols.access_log import decode_access_log
from collector.protocols.lenient import mend_text
from collector.protocols.native import decode_events
from collector.protocols.protocol import Adapter
from commands._import_source import Occurrences, Source, request_bytes_max
from config.limits import Limits
from config.policy import Policy

NO_EVENT = b"null"
"""Stands for what is no event: the collector rejects it, so that it is counted."""


class Piece(NamedTuple):
    """One event, or one line of a log, as it goes into a request."""

    line: int
    """Number of the line that it stands on, or begins on."""
    body: bytes
    """JSON."""


class LeftOut(NamedTuple):
    """Something that is no event of ours and is not sent."""

    line: int
    reason: str
    """A constant."""


@dataclass(frozen=True)
class Origin:
    """Where data comes from, and on which ground."""

    source: str
    basis: str
    agreed: tuple[str, ...] = ()
    """Purposes that everybody in the file agreed to."""
    policy_version: str = ""
    """Version of the policy that they agreed to; '' is the one in force."""

    def consent(self) -> dict[str, Any]:
        """Give the consent object that holds for everybody, empty where nothing was agreed to."""
        if not self.agreed:
            return {}
        purposes = dict.fromkeys(self.agreed, True)
        return {"purposes": purposes, "policy_version": self.policy_version}


@dataclass(frozen=True)
class Rules:
    """What reading a file depends on."""

    site: str
    origin: Origin
    limits: Limits
    policy: Policy
    options: dict[str, Any] = field(default_factory=dict)
    """What a kind asks for besides."""


Read = Callable[[Source, Rules], Iterator[Piece | LeftOut]]
"""Gives what a file holds, in its order. The same file and rules give the same, every time.

Errors: ImportFailed, after what stands before."""


@dataclass(frozen=True)
class Kind:
    """One kind of file."""

    name: str
    """Its name in `sanaq import`."""
    path: str
    """Endpoint that its pieces are posted to."""
    member: str
    """Name of the list that they stand in."""
    read: Read
    decode: Adapter
    """What the endpoint makes of it."""


def make_body(kind: Kind, origin: Origin, pieces: list[Piece]) -> bytes:
    """Give the body of one request."""
    head = {"import": {"source": origin.source, "basis": origin.basis}}
    if consent := origin.consent():
        head["consent"] = consent
    listed = b",".join(piece.body for piece in pieces)
    return msgspec.json.encode(head)[:-1] + b',"%s":[%s]}' % (kind.member.encode(), listed)


def read_log_lines(source: Source, rules: Rules) -> Iterator[Piece | LeftOut]:
    """Give the lines of a log, each with how often it came before: line and number identify it."""
    occurrences = Occurrences()
    for line in source.lines(request_bytes_max(rules.limits)):
        text = line.decode("utf-8", "replace")
        before = occurrences.count(text.encode())[0]
        yield Piece(source.line, msgspec.json.encode((before, text)))


def read_native(source: Source, rules: Rules) -> Iterator[Piece | LeftOut]:
    """Give events of the native form, one a line."""
    occurrences = Occurrences()
    for line in source.lines(request_bytes_max(rules.limits)):
        yield Piece(source.line, _read_event(line, occurrences))


def _read_event(line: bytes, occurrences: Occurrences) -> bytes:
    """Give a line as an event that can stand in a list with others, with an id that is its own.

    The id of a line without one is its digest and how often it came before, which the collector
    digests again under a key.
    """
    text, event = line, decode(line)
    if event is None:
        text = mend_text(line)
        event = decode(text)
    if event is None:
        return NO_EVENT
    if not isinstance(event, dict) or event.get("event_id"):
        return text
    before, digest = occurrences.count(line)
    return msgspec.json.encode(event | {"event_id": f"line-{digest}-{before}"})


def decode(text: bytes) -> Any:
    """Give what a text says, None where it is no JSON that could stand in a list with others."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None


ACCESS_LOG = Kind("access-log", "/v1/import/access-log", "lines", read_log_lines, decode_access_log)
EVENTS = Kind("events", "/v1/events", "events", read_native, decode_events)
