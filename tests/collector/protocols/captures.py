"""Requests of real SDKs, as captured on their way to a server on loopback."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import msgspec

from collector.body import inflate
from collector.headers import read_headers
from collector.outcomes import BadRequest
from collector.protocols import PROTOCOLS
from collector.protocols.protocol import Request
from collector.raw_event import Decoded, RawEvent
from collector.router import Mount, Router, choose
from tests.collector.worlds import LIMITS, TERMS, sender
from tests.helpers import SHARED

FOLDER = SHARED / "captures"

ROUTER = Router(PROTOCOLS)

_DEFAULTS = msgspec.structs.asdict(RawEvent(site="soq", received_at_ms=0))
_TOLD = ("site", "received_at_ms", "_user_agent", "_client_hints", "protocol")
"""What every event of a test has alike, or what the router tells."""


class Captured(NamedTuple):
    """One captured request that brings or asks for something."""

    number: int
    mount: Mount
    request: Request


def read_captures(name: str) -> list[Captured]:
    """Give the requests of a file of captures that an endpoint takes, preflights left out."""
    found = []
    for number, line in enumerate((FOLDER / f"{name}.jsonl").read_text("utf-8").splitlines()):
        sent = json.loads(line)
        if sent["method"] == "OPTIONS":
            continue
        request, mounts = _read_request(sent)
        mounts = [one for one in mounts if request.method in one.endpoint.methods]
        if mounts:
            mount = choose(mounts, request)
            request = msgspec.structs.replace(request, params=mount.params)
            found.append(Captured(number, mount, request))
    return found


def _read_request(sent: dict[str, Any]) -> tuple[Request, list[Mount]]:
    """Give a captured request as adapters see it, and what its path may mean."""
    raw = sent["body"] or ""
    body = b64decode(raw) if sent["body_encoding"] == "base64" else raw.encode()
    headers = read_headers(
        [(k.lower().encode("latin-1"), v.encode("latin-1")) for k, v in sent["headers"]]
    )
    path, _, query = sent["path"].partition("?")
    query = sent.get("query") or query
    body = inflate(body, headers.get("content-encoding", ""), LIMITS.body_inflated_bytes_max)
    found = ROUTER.find(urlsplit(path).path)
    head = Request(path, query, headers, body, method=sent["method"], base="https://c.example")
    if found is None:
        return head, []
    return msgspec.structs.replace(head, path=found.path), list(found.mounts)


def decode(captured: Captured, trusted: bool = False) -> Decoded:
    """Decode a captured request for the site soq.

    Errors: BadRequest.
    """
    return captured.mount.endpoint.decode(captured.request, sender(trusted=trusted), TERMS)


def show(captured: Captured) -> dict[str, Any]:
    """Give what becomes of a captured request in a form to be read: what is not default."""
    shown: dict[str, Any] = {
        "request": f"{captured.request.method} {captured.request.path}",
        "protocol": captured.mount.protocol.name,
    }
    try:
        decoded = decode(captured)
    except BadRequest as fault:
        return shown | {"fault": fault.reason}
    shown["events"] = [_show_event(event) for event in decoded.events]
    return shown | ({"rejected": decoded.rejected} if decoded.rejected else {})


def _show_event(event: RawEvent) -> dict[str, Any]:
    """Give the fields of an event that say something."""
    fields = msgspec.structs.asdict(event)
    told = {k: v for k, v in fields.items() if v != _DEFAULTS[k] and k not in _TOLD}
    if told.get("_address") == sender().address:
        del told["_address"]
    if "_properties" in told:
        told["_properties"] = json.loads(told["_properties"])
    if "_other_ids" in told:
        told["_other_ids"] = told["_other_ids"].split("\x1f")
    return told
