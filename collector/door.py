"""What stands before decoding: whose request it is, how much it may send, and its body."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

from starlette.types import Receive, Scope

from collector.batcher import Batcher
from collector.body import inflate
from collector.clients import join_hints
from collector.consent.request import read_request
from collector.key_book import KeyBook
from collector.outcomes import BadRequest
from collector.peers import Network, address_of, is_trusted, limited_as
from collector.protocols.protocol import Endpoint, Request
from collector.protocols.terms import Terms
from collector.rate import RateLimit
from collector.raw_event import USER_AGENT_HELD_CHARS_MAX, Sender
from config.limits import Limits
from storage.clock import Clock
from storage.logs import Log

BODY_SECONDS_MAX = 30.0
"""Longest time that a sender may take for its body."""

KEY_CHARS_MAX = 256


@dataclass(frozen=True)
class Desk:
    """What every endpoint of a worker shares."""

    batcher: Batcher
    key_book: KeyBook
    rate: RateLimit
    """Of requests."""
    byte_rate: RateLimit
    """Of bytes of bodies, inflated."""
    record_rate: RateLimit
    """Of records of consent."""
    terms: Terms
    proxies: tuple[Network, ...]
    clock: Clock
    log: Log


class Caller(NamedTuple):
    """Whose request it is."""

    site: str
    trusted: bool
    """True for a server key."""


class Door:
    """Lets requests in: key, rate, body. One a worker."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def find_caller(
        self, key: str, headers: Mapping[str, str], server_only: bool = False
    ) -> Caller:
        """Give whose key it is.

        Errors: BadRequest `key_missing`, `key_unknown`, `key_kind`, `origin_forbidden`.
        """
        if not key:
            raise BadRequest("key_missing")
        found = await self._desk.key_book.find(key.strip()[:KEY_CHARS_MAX])
        if found is None:
            raise BadRequest("key_unknown")
        if server_only and found.kind != "server":
            raise BadRequest("key_kind")
        site, origin = self._desk.key_book.site(found.site), headers.get("origin")
        listed = site.origins if site is not None and found.kind == "browser" else ()
        if origin and listed and origin.lower() not in listed:
            raise BadRequest("origin_forbidden")
        return Caller(found.site, found.kind == "server")

    def find_by_origin(self, request: Request, endpoint: Endpoint) -> Caller:
        """Give the site that lists the origin of a request without a key, as a browser key would.

        Where the headers name none, the body may. Of several sites that list it, the one that has
        the name by which the request calls its source.
        Errors: BadRequest `origin_unlisted`.
        """
        origin = origin_of(request.headers) or endpoint.find_origin(request)
        sites, name = self._desk.key_book.sites_of(origin), endpoint.find_site(request)
        if len(sites) > 1:
            sites = tuple(site for site in sites if site == name)
        if len(sites) != 1:
            raise BadRequest("origin_unlisted")
        return Caller(sites[0], trusted=False)

    def make_sender(self, scope: Scope, headers: Mapping[str, str], caller: Caller) -> Sender:
        """Give what the collector itself knows of who posts."""
        return Sender(
            site=caller.site,
            trusted=caller.trusted,
            address=self.address_of(scope, headers),
            user_agent=headers.get("user-agent", "")[:USER_AGENT_HELD_CHARS_MAX],
            client_hints=join_hints(headers),
            received_at_ms=round(self._desk.clock().timestamp() * 1000),
            statements=read_request(
                headers,
                scope["query_string"].decode("latin-1"),
                self._desk.terms.policy,
                caller.site,
            ),
        )

    def admit(self, sender: Sender) -> None:
        """Count one request against its address; server keys are not limited.

        Errors: BadRequest `rate_limited`.
        """
        if not sender.trusted and not self._desk.rate.admits(limited_as(sender.address)):
            raise BadRequest("rate_limited")

    async def read(
        self, receive: Receive, headers: Mapping[str, str], endpoint: Endpoint, sender: Sender
    ) -> bytes:
        """Give the body of a known sender, inflated, within its bounds.

        With a public key it may not inflate beyond what may be sent plain: a few kilobytes would
        keep the stages busy for seconds. So would many bodies: their bytes are limited too.
        Errors: BadRequest.
        """
        plain_max = self._plain_bytes_max(endpoint)
        bytes_max = self._limits.body_inflated_bytes_max if sender.trusted else plain_max
        body = await self._inflate(receive, headers, plain_max, bytes_max)
        if not sender.trusted and not self._admits_bytes(sender.address, len(body)):
            raise BadRequest("rate_limited")
        return body

    async def read_unknown(
        self, receive: Receive, headers: Mapping[str, str], endpoint: Endpoint, address: str
    ) -> bytes:
        """Give the body of a sender whose key is in it, inflated; its bytes count at once.

        Errors: BadRequest.
        """
        plain_max = self._plain_bytes_max(endpoint)
        bytes_max = self._limits.body_inflated_bytes_max
        body = await self._inflate(receive, headers, plain_max, bytes_max)
        if not self._admits_bytes(address, len(body)):
            raise BadRequest("rate_limited")
        return body

    def settle(self, body: bytes, endpoint: Endpoint, sender: Sender) -> None:
        """Do for a body that was read first what `read` does where the sender is known.

        Errors: BadRequest `body_too_large`.
        """
        if sender.trusted:
            self._desk.byte_rate.give_back(limited_as(sender.address), self._cost(len(body)))
        elif len(body) > self._plain_bytes_max(endpoint):
            raise BadRequest("body_too_large")

    def address_of(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """Give the sender's address: the peer's, or what a trusted proxy names."""
        peer = scope["client"][0] if scope.get("client") else ""
        return address_of(peer, headers, self._desk.proxies)

    def base_of(self, scope: Scope, headers: Mapping[str, str]) -> str:
        """Give scheme and host by which a sender reached us; a trusted proxy names the scheme."""
        scheme = str(scope.get("scheme", "http"))
        peer = scope["client"][0] if scope.get("client") else ""
        if is_trusted(peer, self._desk.proxies):
            told = headers.get("x-forwarded-proto", "").lower()
            scheme = told if told in ("http", "https") else scheme
        return f"{scheme}://{headers.get('host', '')}"

    @property
    def _limits(self) -> Limits:
        return self._desk.terms.limits

    def _plain_bytes_max(self, endpoint: Endpoint) -> int:
        limits = self._limits
        return limits.body_inflated_bytes_max if endpoint.is_large else limits.body_bytes_max

    def _admits_bytes(self, address: str, size: int) -> bool:
        return self._desk.byte_rate.admits(limited_as(address), self._cost(size))

    def _cost(self, size: int) -> int:
        """Give what a body costs: a second's worth at most, or a large one would never pass."""
        return min(size, self._limits.body_bytes_per_address_per_second_max)

    async def _inflate(
        self, receive: Receive, headers: Mapping[str, str], plain_max: int, bytes_max: int
    ) -> bytes:
        """Read a body within a time and two sizes: as sent, and inflated.

        Errors: BadRequest.
        """
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                body = await _read_body(receive, plain_max)
        except TimeoutError as fault:
            raise BadRequest("body_invalid") from fault
        return inflate(body, headers.get("content-encoding", ""), bytes_max)


def key_in_head(request: Request) -> str:
    """Give the write key in `Authorization: Bearer KEY` or `?key=KEY`, '' for none."""
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and key:
        return key
    return parse_qs(request.query).get("key", [""])[0]


def origin_of(headers: Mapping[str, str]) -> str:
    """Give the origin of a request: as said, else of its referrer; '' where neither tells.

    A picture's request has no `Origin`, and its `Referer` can be forged no more easily.
    """
    origin = headers.get("origin", "").lower()
    if origin and origin != "null":
        return origin
    try:
        parts = urlsplit(headers.get("referer", ""))
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""


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
