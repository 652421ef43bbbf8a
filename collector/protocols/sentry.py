"""Sentry's envelopes: errors, transactions, sessions and logs become diagnostics; replays do not.

An envelope is a line of JSON for itself, then for each item a line for it and its payload. An item
that cannot be read costs itself alone. Sources: Sentry's envelope format and event payloads;
requests of sentry-sdk 2, @sentry/node and @sentry/browser 11 as captured.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import blake2b
from typing import Any
from urllib.parse import urlsplit

import msgspec

from collector.outcomes import BadRequest
from collector.protocols.bodies import object_in, peek_object, read_object, text_in
from collector.protocols.fields import Draft, FieldMap
from collector.protocols.maker import Maker
from collector.protocols.protocol import Answer, Endpoint, Protocol, Request, read_query
from collector.protocols.sentry_events import DROPPED, FIELDS, map_event, map_transaction
from collector.protocols.sentry_frame import read_items
from collector.protocols.sentry_items import ATTRIBUTES, SESSION, map_log, map_session, map_span
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

HEADER = FieldMap({"sent_at": "sent_at", "sdk.name": "sdk_name", "sdk.version": "sdk_version"})
"""What an envelope says of all its items."""

SINGLE = {
    "event": map_event,
    "transaction": map_transaction,
    "session": map_session,
}
"""Type of an item -> what maps its payload."""

CONTAINERS = {"log": map_log, "span": map_span}
"""Type of an item with many of its kind -> what maps each."""

_ID = re.compile(r"[0-9a-fA-F]{32}|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_NEVER = re.compile(rb'"infer_ip"\s*:\s*"never"')
_PAIR = re.compile(r"sentry_key=([A-Za-z0-9_-]+)")


def decode_envelope(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode an envelope.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `events_too_many`.
    """
    line, _, rest = request.body.partition(b"\n")
    told = HEADER.read(read_object(line), {})
    maker = Maker("sentry", _as_asked(request, sender), terms)
    for kind, payload in read_items(rest):
        for draft in _map_item(kind, payload):
            maker.add(draft if isinstance(draft, str) else told | draft)
    return maker.decoded


def decode_store(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode the body of older SDKs: one event or transaction.

    Errors: BadRequest `body_invalid`, `body_too_deep`.
    """
    item = read_object(request.body)
    map_item = map_transaction if item.get("type") == "transaction" else map_event
    return Maker("sentry", _as_asked(request, sender), terms).add_all([item], map_item)


def _map_item(kind: str, payload: bytes) -> Iterator[Draft | str]:
    """Give the drafts of one item, or why there is none."""
    if kind not in SINGLE and kind not in CONTAINERS and kind != "sessions":
        yield "kind_unwanted" if kind else "event_invalid"
        return
    try:
        body = read_object(payload)
    except BadRequest as fault:
        yield "event_too_deep" if fault.reason == "body_too_deep" else "event_invalid"
        return
    if kind in SINGLE:
        yield SINGLE[kind](body)
        return
    each = body.get("aggregates" if kind == "sessions" else "items")
    map_each = CONTAINERS.get(kind, map_session)
    # These have no ids; a payload that is sent again is the same byte for byte.
    digest = blake2b(payload, digest_size=12).hexdigest()
    for number, one in enumerate(each if isinstance(each, list) else [None]):
        if not isinstance(one, dict):
            yield "event_invalid"
            continue
        draft = map_each(one | ({"attrs": body.get("attrs")} if kind == "sessions" else {}))
        yield draft if isinstance(draft, str) else {"event_id": f"{digest}-{number}"} | draft


def _as_asked(request: Request, sender: Sender) -> Sender:
    """Give a sender without address where its SDK asks that none is taken from its connection."""
    if _NEVER.search(request.body) is None:
        return sender
    return msgspec.structs.replace(sender, address="")


def find_key(request: Request) -> str:
    """Give the key of the query, of `X-Sentry-Auth`, or of the DSN in an envelope's first line."""
    if key := read_query(request).get("sentry_key", ""):
        return key
    for name in ("x-sentry-auth", "authorization"):
        if match := _PAIR.search(request.headers.get(name, "")):
            return match[1]
    dsn = text_in(_header_of(request), "dsn")
    try:
        return urlsplit(dsn).username or ""
    except ValueError:
        return ""


def answer_id(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer with the event's own id, as Sentry does; without one with an empty object."""
    event_id = text_in(_header_of(request), "event_id")
    told = {"id": event_id} if _ID.fullmatch(event_id) else {}
    return Answer(msgspec.json.encode(told))


def _header_of(request: Request) -> dict[str, Any]:
    """Give the first line of an envelope, or the event of an older SDK."""
    line = request.body.partition(b"\n")[0]
    return peek_object(line) or object_in({"body": peek_object(request.body)}, "body")


def _endpoint(path: str, decode: Any) -> Endpoint:
    return Endpoint(path, decode, answer_id, find_key=find_key, is_large=True)


PROTOCOL = Protocol(
    "sentry",
    (
        _endpoint("/api/{project}/envelope", decode_envelope),
        _endpoint("/api/{project}/store", decode_store),
        _endpoint("/tunnel", decode_envelope),
    ),
    fields={**HEADER.table, **FIELDS.table, **SESSION.table, **ATTRIBUTES.table},
    dropped=DROPPED,
)
