"""Web server access logs in the combined format, posted by `sanaq import access-log`.

Every line becomes one event or one rejection, so that an import can be counted against the file.
A line's identity is a keyed digest of the line and of how often it occurred before in its file.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from collector.outcomes import BadRequest
from collector.protocols.log_pages import reason_against
from collector.protocols.native_wire import Import
from collector.protocols.protocol import Endpoint, Protocol, Request
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, RawEvent, Sender
from collector.urls import url_fields

_QUOTED = r'"((?:[^"\\]|\\.)*)"'
LINE = re.compile(
    r"(\S+) \S+ ([^\[]+) \[([^\]]+)\] " + _QUOTED + r" (\d{3}) (?:\d+|-) " + _QUOTED + " " + _QUOTED
)
"""Combined format: address, identity, user, [time], "request", status, bytes, "referrer", "agent".

Source: Apache HTTP Server, mod_log_config, `LogFormat … combined`.
"""

LINE_CHARS_MAX = 16_384
"""Longer lines are invalid."""

TIME_FORMAT = "%d/%b/%Y:%H:%M:%S %z"


class LogLines(msgspec.Struct):
    """What the importer posts."""

    import_: Import = msgspec.field(name="import")
    lines: list[tuple[Annotated[int, msgspec.Meta(ge=0)], str]]
    """How often the line occurred before in its file, and the line."""


_LINES = msgspec.json.Decoder(LogLines)


def decode_access_log(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode log lines; those that ask for no page are rejected with their reason.

    Errors: BadRequest `body_invalid`, `events_too_many`.
    """
    try:
        log = _LINES.decode(request.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise BadRequest("body_invalid") from fault
    if len(log.lines) > terms.limits.events_per_request_max:
        raise BadRequest("events_too_many")
    decoded = Decoded([], [], [])
    kept = terms.policy.query_parameters_of(sender.site)
    for index, (occurrence, line) in enumerate(log.lines):
        event = _read_line(line, occurrence, log.import_, sender, kept)
        if isinstance(event, str):
            decoded.rejected.append((index, event))
        else:
            decoded.events.append(event)
            decoded.positions.append(index)
    return decoded


def _read_line(
    line: str, occurrence: int, origin: Import, sender: Sender, kept: frozenset[str]
) -> RawEvent | str:
    """Give the page view that a line tells of, or the reason why it tells of none."""
    match = LINE.fullmatch(line.rstrip("\r\n")) if len(line) <= LINE_CHARS_MAX else None
    if match is None:
        return "line_invalid"
    address, user, time, request, status, referrer, agent = match.groups()
    method, _, rest = request.partition(" ")
    target = rest.rpartition(" ")[0] or rest
    if target.startswith("//"):
        # A path that begins so would be taken for a host.
        target = "/" + target.lstrip("/")
    occurred_at_ms = _read_time(time)
    if occurred_at_ms is None or not target:
        return "line_invalid"
    if reason := reason_against(method, int(status), target):
        return reason
    return RawEvent(
        site=sender.site,
        protocol="access_log",
        source=origin.source,
        basis=origin.basis,
        is_import=True,
        event_name="page_view",
        occurred_at_ms=occurred_at_ms,
        received_at_ms=sender.received_at_ms,
        _person=None if user == "-" else user,
        _event_id=f"{occurrence}\x1f{line}",
        _address=address,
        _user_agent="" if agent == "-" else agent,
        **url_fields(target, referrer, kept),
    )


def _read_time(time: str) -> int | None:
    """Give a log line's time as UTC milliseconds, or None where it is none."""
    try:
        return round(datetime.strptime(time, TIME_FORMAT).astimezone(UTC).timestamp() * 1000)
    except ValueError:
        return None


PROTOCOL = Protocol(
    "access_log", (Endpoint("/v1/import/access-log", decode_access_log, server_only=True),)
)
