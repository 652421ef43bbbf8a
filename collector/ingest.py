"""The endpoint of every protocol: one ASGI callable, from request to durable answer.

Raw ASGI, since this is where machines flood: reading the body, the key, decoding, and the wait for
the batch are all there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.types import Receive, Scope, Send

from collector.batcher import Batcher
from collector.body import inflate
from collector.clients import join_hints
from collector.consent.request import read_request
from collector.device_cookie import DeviceCookie
from collector.headers import read_headers
from collector.key_book import KeyBook
from collector.outcomes import FAULTS, BadRequest
from collector.peers import Network, address_of, limited_as
from collector.protocols import Protocol, Terms
from collector.protocols.pixel import PIXEL_GIF
from collector.rate import RateLimit
from collector.raw_event import USER_AGENT_HELD_CHARS_MAX, Sender
from collector.verdicts import Verdict
from storage.clock import Clock
from storage.errors import Unavailable
from storage.logs import Log, name_error, name_place
from storage.registry.keys import WriteKey
from storage.spool_protocol import SpoolFull

BODY_SECONDS_MAX = 30.0
"""Longest time that a sender may take for its body."""

RETRY_AFTER_SECONDS = 2
"""What senders are told to wait after 429 and 503."""

PREFLIGHT_SECONDS = 86_400
"""How long a browser may remember a preflight."""

ALLOWED_HEADERS = "authorization, content-type, content-encoding"


@dataclass(frozen=True)
class Desk:
    """What every endpoint of a worker shares."""

    batcher: Batcher
    key_book: KeyBook
    rate: RateLimit
    """Of requests."""
    byte_rate: RateLimit
    """Of bytes of bodies, inflated."""
    terms: Terms
    proxies: tuple[Network, ...]
    clock: Clock
    log: Log


class Ingest:
    """One path's endpoint."""

    def __init__(self, desk: Desk, protocol: Protocol) -> None:
        self._desk = desk
        self._protocol = protocol

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens is told in the closed set of reasons."""
        headers = read_headers(scope["headers"])
        cors = _cors_headers(headers)
        if scope["method"] == "OPTIONS":
            await _reply(send, 204, b"", cors | _preflight_headers(headers))
            return
        if scope["method"] != self._protocol.method:
            await _reply(send, 405, b"", cors | {"allow": f"{self._protocol.method}, OPTIONS"})
            return
        try:
            body, cookie = await self._answer(scope, headers, receive)
        except BadRequest as fault:
            await _reply_fault(send, fault, cors)
        except SpoolFull:
            await _reply_fault(send, BadRequest("spool_full"), cors)
        except Unavailable:
            await _reply_fault(send, BadRequest("unavailable"), cors)
        except Exception as fault:  # noqa: BLE001
            # A mistake of ours in this one request; the name of its class is all that is told.
            self._desk.log.error(
                "a request raised", error=name_error(fault), place=name_place(fault)
            )
            await _reply_fault(send, BadRequest("unavailable"), cors)
        else:
            kind = "image/gif" if body is PIXEL_GIF else "application/json"
            cors |= {"set-cookie": cookie} if cookie else {}
            await _reply(send, 200, body, cors | {"content-type": kind})

    async def _answer(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive
    ) -> tuple[bytes, str | None]:
        """Take a request through key, body, decoding and batch; give the answer's body and cookie.

        Errors: BadRequest, Unavailable.
        """
        key = await self._find_key(scope, headers)
        sender = self._sender(scope, headers, key)
        if not sender.trusted and not self._desk.rate.admits(limited_as(sender.address)):
            raise BadRequest("rate_limited")
        try:
            decoded = self._protocol.decode(
                await self._read(scope, headers, receive, sender),
                headers,
                sender,
                self._desk.terms,
            )
        except BadRequest as fault:
            self._desk.batcher.count_undecodable(key.site, fault.reason)
            raise
        if not decoded.received:
            return Verdict(0).answer(sender.trusted), None
        if self._protocol.name == "pixel":
            await self._desk.batcher.submit(key.site, decoded)
            return PIXEL_GIF, None
        cookie = self._cookie(headers, sender)
        if cookie is not None:
            cookie.lend(decoded)
        verdict = await self._desk.batcher.submit(key.site, decoded)
        return verdict.answer(sender.trusted), cookie and cookie.answer(verdict.cookie)

    def _cookie(self, headers: Mapping[str, str], sender: Sender) -> DeviceCookie | None:
        """Give the first-party cookie of a request, None where none is used."""
        days = self._desk.terms.policy.device_cookie_days(sender.site)
        return None if sender.trusted else DeviceCookie.of(headers, days)

    async def _find_key(self, scope: Scope, headers: Mapping[str, str]) -> WriteKey:
        """Give the request's write key.

        Errors: BadRequest `key_missing`, `key_unknown`, `key_kind`, `origin_forbidden`.
        """
        scheme, _, key = headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not key:
            key = parse_qs(scope["query_string"].decode("latin-1")).get("key", [""])[0]
        if not key:
            raise BadRequest("key_missing")
        found = await self._desk.key_book.find(key.strip()[:256])
        if found is None:
            raise BadRequest("key_unknown")
        if self._protocol.server_only and found.kind != "server":
            raise BadRequest("key_kind")
        site, origin = self._desk.key_book.site(found.site), headers.get("origin")
        listed = site.origins if site is not None and found.kind == "browser" else ()
        if origin and listed and origin.lower() not in listed:
            raise BadRequest("origin_forbidden")
        return found

    def _sender(self, scope: Scope, headers: Mapping[str, str], key: WriteKey) -> Sender:
        """Give what the collector itself knows of who posts."""
        peer = scope["client"][0] if scope.get("client") else ""
        return Sender(
            site=key.site,
            trusted=key.kind == "server",
            address=address_of(peer, headers, self._desk.proxies),
            user_agent=headers.get("user-agent", "")[:USER_AGENT_HELD_CHARS_MAX],
            client_hints=join_hints(headers),
            received_at_ms=round(self._desk.clock().timestamp() * 1000),
            statements=read_request(
                headers, scope["query_string"].decode("latin-1"), self._desk.terms.policy, key.site
            ),
        )

    async def _read(
        self, scope: Scope, headers: Mapping[str, str], receive: Receive, sender: Sender
    ) -> bytes:
        """Give the request's body, inflated, within its bounds; for GET the query string.

        With a public key it may not inflate beyond what may be sent plain: a few kilobytes would
        keep the stages busy for seconds. So would many bodies: their bytes are limited too.
        """
        if self._protocol.method == "GET":
            return bytes(scope["query_string"])
        limits = self._desk.terms.limits
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                body = await _read_body(receive, limits.body_bytes_max)
        except TimeoutError as fault:
            raise BadRequest("body_invalid") from fault
        encoding = headers.get("content-encoding", "")
        if sender.trusted:
            return inflate(body, encoding, limits.body_inflated_bytes_max)
        body = inflate(body, encoding, limits.body_bytes_max)
        if not self._desk.byte_rate.admits(limited_as(sender.address), len(body)):
            raise BadRequest("rate_limited")
        return body


async def _read_body(receive: Receive, bytes_max: int) -> bytes:
    """Read a body up to its bound.

    Errors: BadRequest `body_too_large`, `body_invalid` where the sender went away.
    """
    pieces: list[bytes] = []
    size = 0
    while True:
        message: MutableMapping[str, Any] = await receive()
        if message["type"] == "http.disconnect":
            raise BadRequest("body_invalid")
        piece = message.get("body", b"")
        size += len(piece)
        if size > bytes_max:
            raise BadRequest("body_too_large")
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)


async def _reply(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    """Send one whole answer."""
    wire = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in headers.items()]
    wire.append((b"content-length", str(len(body)).encode()))
    wire.append((b"cache-control", b"no-store"))
    await send({"type": "http.response.start", "status": status, "headers": wire})
    await send({"type": "http.response.body", "body": body})


async def _reply_fault(send: Send, fault: BadRequest, cors: Mapping[str, str]) -> None:
    """Send the answer of a request that was turned away."""
    headers = dict(cors) | {"content-type": "application/json"}
    if fault.status in (429, 503):
        headers["retry-after"] = str(RETRY_AFTER_SECONDS)
    body = msgspec.json.encode({"error": fault.reason, "detail": FAULTS[fault.reason][1]})
    await _reply(send, fault.status, body, headers)


def _cors_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give what lets a page of another origin read the answer; none without an origin."""
    origin = headers.get("origin")
    if not origin:
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-expose-headers": "retry-after",
        "vary": "origin",
    }


def _preflight_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Give what a browser asks before a request with a key or a content type of its own."""
    return {
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-allow-headers": ALLOWED_HEADERS,
        "access-control-max-age": str(PREFLIGHT_SECONDS),
    }
