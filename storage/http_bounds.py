"""Bounds on what a peer may send before its request is looked at, for how long, and on how many.

Called by every role that serves HTTP. The server's parser holds a request's line, its headers and
its trailers in memory until they end, and knows no bound of its own: whoever never ends them would
fill the memory, and whoever sends them byte by byte, on many connections, would hold all of these,
without a key or a password.
"""

from __future__ import annotations

import resource
from asyncio import BaseTransport, TimerHandle
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 65_536
"""Longest line and headers of a request together, in bytes, up to what one read brings."""

HEAD_SECONDS_MAX = 20.0
"""Longest time from a head's first byte, or from the connection, to its last."""

MESSAGE_SECONDS_MAX = 120.0
"""Longest time from the end of a head to the end of its body and trailers."""

CONNECTIONS_MAX = 10_000
"""Most connections of one process; fewer where the system gives it fewer open files."""

FILES_KEPT_FREE = 200
"""Open files that connections leave to everything else."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\n"
    b"connection: close\r\n"
    b"\r\n"
)


class BoundedHttp(HttpToolsProtocol):
    """The server's HTTP, which leaves a peer that sends too much of no body, or too slowly.

    With as many connections as there may be, a new one takes the place of the one that has been
    waiting for a request, or for the rest of its head, for longest.
    """

    head_bytes_max = HEAD_BYTES_MAX
    """Most bytes between two pieces of body, or before the first."""
    head_seconds_max = HEAD_SECONDS_MAX
    """Longest time for a head."""
    message_seconds_max = MESSAGE_SECONDS_MAX
    """Longest time for what follows the head."""
    connections_max = CONNECTIONS_MAX
    """Most connections of this process."""

    _head_bytes = 0
    _is_waiting = True
    _waiting_since = 0.0
    _deadline: TimerHandle | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        """Take a connection, in another's place where there are too many."""
        if len(self.connections) >= self.connections_max:
            _close_oldest(cast("set[BoundedHttp]", self.connections))
        super().connection_made(transport)  # type: ignore[arg-type]
        self._waiting_since = self.loop.time()
        self._set_deadline(self.head_seconds_max)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._set_deadline(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came; answer 431 and hang up where it goes on and on."""
        if self._is_waiting and self._deadline is None:
            self._set_deadline(self.head_seconds_max)
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > self.head_bytes_max and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_headers_complete(self) -> None:
        """Begin to count the time for the body."""
        self._is_waiting = False
        self._set_deadline(self.message_seconds_max)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Begin to count anew: bodies have bounds of their own."""
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin to count anew with the next request."""
        self._head_bytes = 0
        self._is_waiting = True
        self._waiting_since = self.loop.time()
        self._set_deadline(None)
        super().on_message_complete()

    def is_idle_since(self) -> float | None:
        """Give since when nobody works for this connection, by the loop's clock, or none."""
        is_answering = self.cycle is not None and not self.cycle.response_complete
        return self._waiting_since if self._is_waiting and not is_answering else None

    def _set_deadline(self, seconds: float | None) -> None:
        """Hang up after a time, or never; what was set before is forgotten."""
        if self._deadline is not None:
            self._deadline.cancel()
        late = None if seconds is None else self.loop.call_later(seconds, self._hang_up)
        self._deadline = late

    def _hang_up(self) -> None:
        """Leave a peer that took too long; no answer, since it sent no whole request."""
        if not self.transport.is_closing():
            self.transport.abort()


class WideBoundedHttp(BoundedHttp):
    """Likewise for the warehouse, whose clients write a query's parameters into the address."""

    head_bytes_max = 4_000_000
    message_seconds_max = 3_600.0


def raise_open_files(connections_max: int = CONNECTIONS_MAX) -> int:
    """Let this process open as many files as it may; give how many connections that allows.

    Why: the usual limit of 1,024 is reached by one peer that opens so many connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections_max + FILES_KEPT_FREE
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    if soft == resource.RLIM_INFINITY:
        return connections_max
    return max(1, min(connections_max, soft - FILES_KEPT_FREE))


def bound_connections() -> None:
    """Bound the connections of this process by the files that it may open."""
    BoundedHttp.connections_max = raise_open_files()


def _close_oldest(connections: set[BoundedHttp]) -> None:
    """Hang up on the connection that nobody has worked for since longest, if there is one."""
    idle = [
        (since, id(one), one)
        for one in connections
        if (since := one.is_idle_since()) is not None and not one.transport.is_closing()
    ]
    if idle:
        _, _, oldest = min(idle)
        oldest.transport.abort()
