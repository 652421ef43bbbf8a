"""ClickHouse's HTTP interface as an ASGI application: who asks, what, and the answer's way back.

A query runs in a thread of a small pool; the event loop reads requests, watches for clients that
leave, and carries the answer. Nothing here logs what was asked.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from storage.embedded.asked import (
    BODY_BYTES_MAX,
    Asked,
    choose_query_id,
    read_address,
    read_asked,
)
from storage.embedded.engine import Engine
from storage.embedded.failures import ServerError, access_denied, bad_request
from storage.embedded.queries import Desk, Gone
from storage.embedded.replies import HttpReply, Send, send_fault, send_text
from storage.embedded.roles import Role, find_role
from storage.embedded.running import Running

Receive = Callable[[], Awaitable[dict[str, Any]]]
"""ASGI's way to receive a message."""

READS_RUNNING_MAX = 6
WRITES_RUNNING_MAX = 3
"""Queries that run side by side; apart, so that loading does not wait for slow reading."""

PLAIN_PATHS = frozenset({"/ping", "/replicas_status"})
"""Paths that say `Ok.` to anyone."""


class Application:
    """The embedded warehouse over HTTP."""

    def __init__(
        self,
        engine: Engine,
        desk: Desk,
        running: Running,
        passwords: Mapping[str, str],
        hosts: frozenset[str],
    ) -> None:
        self._engine = engine
        self._desk = desk
        self._running = running
        self._passwords = passwords
        self._hosts = hosts
        self._readers = ThreadPoolExecutor(READS_RUNNING_MAX, thread_name_prefix="read")
        self._writers = ThreadPoolExecutor(WRITES_RUNNING_MAX, thread_name_prefix="write")
        self._cancellers = ThreadPoolExecutor(1, thread_name_prefix="cancel")

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request; faults are told in ClickHouse's form."""
        assert scope["type"] == "http", "the server gives requests alone"
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        try:
            await self._route(scope, headers, receive, send)
        except ServerError as error:
            await send_fault(send, error, self._engine.version)

    async def _route(
        self, scope: dict[str, Any], headers: dict[str, str], receive: Receive, send: Send
    ) -> None:
        if headers.get("host", "").lower() not in self._hosts:
            raise access_denied("This host name is not ours")
        method, path = scope["method"], scope["path"]
        if method not in ("GET", "POST"):
            raise ServerError(48, "NOT_IMPLEMENTED", "GET and POST are the methods")
        if path in PLAIN_PATHS or (method == "GET" and path == "/" and not scope["query_string"]):
            await send_text(send, 200, b"Ok.\n")
            return
        if path != "/":
            await send_text(send, 404, b"There is no handle of this path; / takes queries.\n")
            return
        fields = read_address(scope["query_string"])
        role = self._authenticate(headers, fields)
        query_id = choose_query_id(fields)
        with self._running.hold(query_id, writes=role.writes):
            body = await _read_body(receive, headers)
            asked = read_asked(role, method, fields, headers, body, query_id)
            await self._ask(asked, receive, send)

    def _authenticate(self, headers: Mapping[str, str], fields: Mapping[str, str]) -> Role:
        """Give the role of the client; credentials are taken from headers alone."""
        if "user" in fields or "password" in fields:
            what = "Credentials belong into headers; addresses end in logs"
            raise ServerError(516, "AUTHENTICATION_FAILED", what)
        user, password = _read_credentials(headers)
        role = find_role(self._passwords, user, password)
        if role is None:
            what = "Authentication failed: password is incorrect, or there is no such user"
            raise ServerError(516, "AUTHENTICATION_FAILED", what)
        return role

    async def _ask(self, asked: Asked, receive: Receive, send: Send) -> None:
        """Run the question in a worker; a client that leaves has it cancelled."""
        loop = asyncio.get_running_loop()
        reply = HttpReply(loop, send, self._engine.version, asked.query_id, asked.accepts)
        watcher = asyncio.create_task(self._watch(asked, reply, receive))
        workers = self._writers if asked.role.writes else self._readers
        try:
            await loop.run_in_executor(workers, self._work, asked, reply)
        finally:
            watcher.cancel()

    def _work(self, asked: Asked, reply: HttpReply) -> None:
        """Answer in a worker's thread."""
        try:
            if reply.gone:
                return  # It left while it waited: nothing of it shall start.
            try:
                self._desk.answer(asked, reply)
                reply.finish()
            except ServerError as error:
                reply.fail(error)
        except Gone:
            return

    async def _watch(self, asked: Asked, reply: HttpReply, receive: Receive) -> None:
        """Cancel a query that reads when its client leaves; one that writes runs to its end."""
        message = await receive()
        while message["type"] != "http.disconnect":
            message = await receive()
        reply.gone = True
        if asked.reads_only or not asked.role.writes:
            self._cancellers.submit(self._cancel, asked.query_id)

    def _cancel(self, query_id: str) -> None:
        try:
            self._engine.cancel(query_id)
        except ServerError:
            return  # It runs to its end then, within its bounds, and nobody reads it.

    def close(self) -> None:
        """Cancel what still runs, and wait until it has ended; take no more."""
        self._engine.cancel_all()
        for pool in (self._readers, self._writers, self._cancellers):
            pool.shutdown(wait=True)


async def _read_body(receive: Receive, headers: Mapping[str, str]) -> bytes:
    """Give the whole body.

    Errors: `ServerError` where it is too large or its sender left before its end.
    """
    length = headers.get("content-length", "0")
    if length.isdigit() and int(length) > BODY_BYTES_MAX:
        raise ServerError(307, "TOO_MANY_BYTES", "The body is too large")
    pieces, total = [], 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise bad_request("The body ended early")
        pieces.append(message.get("body", b""))
        total += len(pieces[-1])
        if total > BODY_BYTES_MAX:
            raise ServerError(307, "TOO_MANY_BYTES", "The body is too large")
        if not message.get("more_body"):
            return b"".join(pieces)


def _read_credentials(headers: Mapping[str, str]) -> tuple[str, str]:
    """Give user and password from ClickHouse's headers or HTTP's own; '' where there are none."""
    if "x-clickhouse-user" in headers:
        return headers["x-clickhouse-user"], headers.get("x-clickhouse-key", "")
    kind, _, value = headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
