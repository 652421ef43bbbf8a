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
from collector.protocols.protocol import Answer, Endpoint, Protocol, Request, as_key
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
        owners = mounts
        try:
            is_read = len(mounts) > 1
            if is_read:
                # The body alone tells whose path this is.
                head = await self._read_unknown(scope, receive, head, mounts[0].endpoint)
                owners = [choose(mounts, head)]
            entered = await self._enter(scope, receive, head, key, owners[0], is_read)
            return await self._take(entered)
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
        return _answer_fault(owners, head, fault), None

    async def _read_unknown(
        self, scope: Scope, receive: Receive, head: Request, endpoint: Endpoint
    ) -> Request:
        """Give a request with its body, which is read before anybody knows whose it is.

        Errors: BadRequest.
        """
        if head.method == "GET":
            return head
        address = self._door.address_of(scope, head.headers)
        body = await self._door.read_unknown(receive, head.headers, endpoint, address)
        return msgspec.structs.replace(head, body=body)

    async def _enter(
        self,
        scope: Scope,
        receive: Receive,
        request: Request,
        key: str,
        mount: Mount,
        is_read: bool,
    ) -> Entered:
        """Let a request in: its key, its body.

        A key in the head is looked up before the body is read. Where it is in the body, that is
        read first. `is_read` tells that it was read already.
        Errors: BadRequest, Unavailable.
        """
        door, endpoint, headers = self._door, mount.endpoint, request.headers
        request = msgspec.structs.replace(request, params=mount.params)
        key = key or key_in_head(request)
        if endpoint.is_open and not as_key(key):
            # Some SDKs say `Bearer None` where they have no key.
            key = ""
        if not key and endpoint.find_key:
            key = endpoint.find_key(request)
        if not key and not is_read and (endpoint.find_key or endpoint.is_open):
            request, is_read = await self._read_unknown(scope, receive, request, endpoint), True
            key = endpoint.find_key(request) if endpoint.find_key else ""
        if not key and endpoint.is_open:
            caller = door.find_by_origin(request, endpoint)
        else:
            caller = await door.find_caller(key, headers, endpoint.server_only)
        sender = door.make_sender(scope, headers, caller)
        if is_read:
            door.settle(request.body, endpoint, sender)
        self._admit(mount, sender)
        if not is_read and request.method != "GET":
            body = await door.read(receive, headers, endpoint, sender)
            request = msgspec.structs.replace(request, body=body)
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


def _answer_fault(owners: Sequence[Mount], request: Request, fault: BadRequest) -> Answer:
    """Answer a request that was turned away, in the form that its protocol's SDKs read.

    Where several share the path and nobody knows whose it is: in that of the first one whose SDKs
    read more of such a fault than its status.
    """
    forms = (mount.protocol.fault for mount in owners)
    own = (answer for form in forms if form and (answer := form(request, fault)))
    answer = next(own, None) or answer_fault(fault)
    headers = retry_headers(fault) | dict(answer.headers)
    return Answer(answer.body, answer.status, answer.kind, headers)
