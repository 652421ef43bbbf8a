"""How an answer is told in HTTP: ClickHouse's headers, compression, and faults on the way."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from storage.embedded.codings import choose_coding, make_compressor
from storage.embedded.failures import ServerError
from storage.embedded.formats import content_type
from storage.embedded.queries import Gone, Head

Send = Callable[[dict[str, Any]], Awaitable[None]]
"""ASGI's way to send a message."""

SEND_SECONDS_MAX = 60.0
"""How long a client may leave a piece of its answer unread, in seconds."""

Headers = list[tuple[bytes, bytes]]


class HttpReply:
    """One answer, written from a worker's thread to the event loop's connection."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, send: Send, version: str, query_id: str, accepts: str
    ) -> None:
        self._loop = loop
        self._send = send
        self._version = version
        self._query_id = query_id
        self._accepts = accepts
        self._tag = ""
        self._compressor = make_compressor("")
        self.started = False
        """Whether the head has left."""
        self.gone = False
        """Set, from any thread, when the client has left."""

    def start(self, head: Head) -> None:
        """Send the head. Errors: `Gone`."""
        coding = choose_coding(self._accepts) if head.form else ""
        self._compressor = make_compressor(coding)
        headers = self._headers()
        headers.append((b"x-clickhouse-summary", _summary(head)))
        if head.form:
            headers.append((b"x-clickhouse-format", head.form.encode()))
            headers.append((b"content-type", content_type(head.form).encode()))
        if coding:
            headers.append((b"content-encoding", coding.encode()))
        if head.streamed:
            self._tag = secrets.token_hex(8)
            headers.append((b"x-clickhouse-exception-tag", self._tag.encode()))
        self.started = True
        self._put({"type": "http.response.start", "status": 200, "headers": headers})

    def write(self, data: bytes) -> None:
        """Send a piece. Errors: `Gone`."""
        out = self._compressor.compress(data)
        if out:
            self._put({"type": "http.response.body", "body": out, "more_body": True})

    def finish(self) -> None:
        """Send the rest. Errors: `Gone`."""
        self._put({"type": "http.response.body", "body": self._compressor.flush()})

    def fail(self, error: ServerError) -> None:
        """Tell a fault: as a status, or at the end of what has left already. Errors: `Gone`."""
        text = error.text(self._version).encode()
        if not self.started:
            headers = self._headers() + _fault_headers(error)
            self.started = True
            self._put({"type": "http.response.start", "status": error.status(), "headers": headers})
            self._put({"type": "http.response.body", "body": text + b"\n"})
            return
        tag = self._tag.encode()
        mark = b"\r\n__exception__\r\n" + tag + b"\r\n" + text + b"\n"
        foot = f"{len(text) + 1} ".encode() + tag + b"\r\n__exception__\r\n"
        self.write(mark + foot)
        # The answer is left open: its broken end tells clients that know no such marks.
        self._put(
            {"type": "http.response.body", "body": self._compressor.flush(), "more_body": True}
        )

    def _headers(self) -> Headers:
        return [
            (b"x-clickhouse-query-id", self._query_id.encode()),
            (b"x-clickhouse-timezone", b"UTC"),
            (b"x-clickhouse-server-display-name", b"sanaq"),
        ]

    def _put(self, message: dict[str, Any]) -> None:
        """Send a message through the loop, and wait for the client to make room."""
        if self.gone:
            raise Gone
        sending = asyncio.run_coroutine_threadsafe(_sent(self._send, message), self._loop)
        try:
            sending.result(SEND_SECONDS_MAX)
        except (TimeoutError, OSError):
            sending.cancel()
            self.gone = True
            raise Gone from None


async def _sent(send: Send, message: dict[str, Any]) -> None:
    await send(message)


async def send_fault(send: Send, error: ServerError, version: str) -> None:
    """Tell a fault that was found before there was a question."""
    body = error.text(version).encode() + b"\n"
    await send_text(send, error.status(), body, _fault_headers(error))


async def send_text(send: Send, status: int, body: bytes, headers: Headers | None = None) -> None:
    """Send a short answer whole."""
    length = (b"content-length", str(len(body)).encode())
    kind = [] if headers else [(b"content-type", b"text/plain; charset=UTF-8")]
    await send(
        {"type": "http.response.start", "status": status, "headers": [*(headers or kind), length]}
    )
    await send({"type": "http.response.body", "body": body})


def _fault_headers(error: ServerError) -> Headers:
    return [
        (b"content-type", b"text/plain; charset=UTF-8"),
        (b"x-clickhouse-exception-code", str(error.code).encode()),
    ]


def _summary(head: Head) -> bytes:
    """Write the cost as ClickHouse does: every number as text."""
    totals = head.totals
    return json.dumps(
        {
            "read_rows": str(totals.read_rows),
            "read_bytes": str(totals.read_bytes),
            "written_rows": str(totals.written_rows),
            "written_bytes": str(totals.written_bytes),
            "result_rows": str(totals.result_rows),
            "result_bytes": str(totals.result_bytes),
        }
    ).encode()
