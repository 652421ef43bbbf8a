"""The endpoint of every protocol: one ASGI callable, from request to durable answer.

Raw ASGI, since this is where machines flood: reading the body, the key, decoding, and the wait for
the batch are all there is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec
from starlette.types import Receive, Scope, Send

from collector.device_cookie import DeviceCookie
from collector.door import Desk, Door, key_in_head
from collector.headers import read_headers
from collector.outcomes import BadRequest
from collector.peers import limited_as
from collector.protocols.consent_record import ConsentRecord, withdraw_all
from collector.protocols.protocol import Answer, Protocol, Request, as_key
from collector.raw_event import Sender
from collector.replies import answer_fault, cors_headers, preflight_headers, reply, retry_headers
from collector.router import Mount, Router, choose
from collector.verdicts import Verdict
from storage.errors import Unavailable
from storage.logs import name_error, name_place
from storage.spool_protocol import SpoolFull


class Entered(NamedTuple):
    """A request that may be decoded: its endpoint, itself, and who sent it."""

    mount: Mount
    request: Request
    sender: Sender


Keep = Callable[[ConsentRecord], Awaitable[bytes]]
"""Keeps a record of consent, and gives its receipt once it is durable."""


class Ingest:
    """Every path of some protocols."""

    def __init__(self, desk: Desk, protocols: Sequence[Protocol], keep: Keep) -> None:
        """Take what is shared, and who keeps what protocols say of consent once and for all."""
        self._desk = desk
        self._keep = keep
        self._door = Door(desk)
        self._router = Router(protocols)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; whatever happens is told in the closed set of reasons."""
        headers, method = read_headers(scope["headers"]), scope["method"]
        cors = cors_headers(headers)
        found = self._router.find(scope["path"])
        if found is None:
            await reply(send, Answer(b"Not Found", 404, "text/plain"), cors)
            return
        mounts = [mount for mount in found.mounts if method in mount.endpoint.methods]
        if method == "OPTIONS":
            await reply(send, Answer(status=204), cors | preflight_headers())
            return
        if not mounts:
            allowed = {one for mount in found.mounts for one in mount.endpoint.methods}
            allow = {"allow": ", ".join([*sorted(allowed), "OPTIONS"])}
            await reply(send, Answer(status=405), cors | allow)
            return
        query = scope["query_string"].decode("latin-1")
        base = self._door.base_of(scope, headers) + found.prefix
        head = Request(found.path, query, headers, b"", mounts[0].params, method, base)
        answer, cookie = await self._answer(scope, receive, head, found.key, mounts)
        await reply(send, answer, cors | ({"set-cookie": cookie} if cookie else {}))

    async def _answer(
        self, scope: Scope, receive: Receive, head: Request, key: str, mounts: Sequence[Mount]
    ) -> tuple[Answer, str | None]:
        """Give the answer to one request and the cookie to set; raises nothing."""
        try:
            return await self._take(await self._enter(scope, receive, head, key, mounts))
        except BadRequest as raised:
            fault = raised
        except SpoolFull:
            fault = BadRequest("spool_full")
        except Unavailable:
            fault = BadRequest("unavailable")
        except Exception as raised:  # noqa: BLE001
            # A mistake of ours in this one request; the name of its class is all that is told.
            self._desk.log.error(
                "a request raised", error=name_error(raised), place=name_place(raised)
            )
            fault = BadRequest("unavailable")
        own = mounts[0].protocol.fault if len(mounts) == 1 else None
        answer = (own(head, fault) if own else None) or answer_fault(fault)
        headers = retry_headers(fault) | dict(answer.headers)
        return Answer(answer.body, answer.status, answer.kind, headers), None

    async def _enter(
        self, scope: Scope, receive: Receive, head: Request, key: str, mounts: Sequence[Mount]
    ) -> Entered:
        """Let a request in: its endpoint, its key, its body.

        A key in the head is looked up before the body is read. Where it is in the body, or the
        body alone tells whose path this is, the body is read first.
        Errors: BadRequest, Unavailable.
        """
        mount, door = mounts[0], self._door
        key = key or key_in_head(head)
        if mount.endpoint.is_open and not as_key(key):
            # Some SDKs say `Bearer None` where they have no key.
            key = ""
        if len(mounts) == 1 and mount.endpoint.find_key:
            key = key or mount.endpoint.find_key(head)
        elif len(mounts) > 1:
            return await self._enter_by_body(scope, receive, head, key, mounts)
        if not key and (mount.endpoint.find_key or mount.endpoint.is_open):
            return await self._enter_by_body(scope, receive, head, key, mounts)
        caller = await door.find_caller(key, head.headers, mount.endpoint.server_only)
        sender = door.make_sender(scope, head.headers, caller)
        self._admit(mount, sender)
        if head.method == "GET":
            return Entered(mount, head, sender)
        body = await door.read(receive, head.headers, mount.endpoint, sender)
        return Entered(mount, msgspec.structs.replace(head, body=body), sender)

    async def _enter_by_body(
        self, scope: Scope, receive: Receive, head: Request, key: str, mounts: Sequence[Mount]
    ) -> Entered:
        """Let a request in of which the body must be known first.

        Errors: BadRequest, Unavailable.
        """
        door, body, headers = self._door, b"", head.headers
        if head.method != "GET":
            address = door.address_of(scope, headers)
            body = await door.read_unknown(receive, headers, mounts[0].endpoint, address)
        request = msgspec.structs.replace(head, body=body)
        mount = choose(mounts, request)
        request = msgspec.structs.replace(request, params=mount.params)
        endpoint = mount.endpoint
        if not key and endpoint.find_key:
            key = endpoint.find_key(request)
        if not key and endpoint.is_open:
            caller = door.find_by_origin(request, endpoint)
        else:
            caller = await door.find_caller(key, headers, endpoint.server_only)
        sender = door.make_sender(scope, headers, caller)
        door.settle(body, endpoint, sender)
        self._admit(mount, sender)
        return Entered(mount, request, sender)

    def _admit(self, mount: Mount, sender: Sender) -> None:
        """Count a request, and turn it away where its site does not take its protocol.

        Errors: BadRequest `rate_limited`, `protocol_off`.
        """
        self._door.admit(sender)
        if not self._desk.terms.policy.takes_protocol(sender.site, mount.protocol.name):
            raise BadRequest("protocol_off")

    async def _take(self, entered: Entered) -> tuple[Answer, str | None]:
        """Take a request through decoding and batch to its answer, and the cookie to set.

        Errors: BadRequest, Unavailable, SpoolFull.
        """
        (protocol, endpoint, _), request, sender = entered
        try:
            decoded = endpoint.decode(request, sender, self._desk.terms)
        except BadRequest as fault:
            self._desk.batcher.count_undecodable(sender.site, fault.reason)
            raise
        if decoded.deletion:
            self.admit_record(sender)
            policy = self._desk.terms.policy
            await self._keep(withdraw_all(decoded.deletion, sender, policy, protocol.name))
        if not decoded.received:
            return endpoint.answer(request, Verdict(0), sender.trusted), None
        cookie = self._cookie(request.headers, sender) if endpoint.takes_cookie else None
        if cookie is not None:
            cookie.lend(decoded)
        verdict = await self._desk.batcher.submit(sender.site, decoded)
        answer = endpoint.answer(request, verdict, sender.trusted)
        return answer, cookie and cookie.answer(verdict.cookie)

    def admit_record(self, sender: Sender) -> None:
        """Count one record of consent against its address; server keys are not limited.

        Errors: BadRequest `rate_limited`.
        """
        if not sender.trusted and not self._desk.record_rate.admits(limited_as(sender.address)):
            raise BadRequest("rate_limited")

    def _cookie(self, headers: Mapping[str, str], sender: Sender) -> DeviceCookie | None:
        """Give the first-party cookie of a request, None where none is used."""
        days = self._desk.terms.policy.device_cookie_days(sender.site)
        return None if sender.trusted else DeviceCookie.of(headers, days)
