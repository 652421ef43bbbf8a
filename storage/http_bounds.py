"""A bound on what a peer may send before its request is looked at.

Called by every role that serves HTTP. The server's parser holds a request's line, its headers and
its trailers in memory until they end, and knows no bound of its own: whoever never ends them would
fill the memory, without a key or a password.
"""

from __future__ import annotations

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES_MAX = 65_536
"""Longest line and headers of a request together, in bytes, up to what one read brings."""

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\n"
    b"connection: close\r\n"
    b"\r\n"
)


class BoundedHttp(HttpToolsProtocol):
    """The server's HTTP, which leaves a peer that sends more than `head_bytes_max` of no body."""

    head_bytes_max = HEAD_BYTES_MAX
    """Most bytes between two pieces of body, or before the first."""

    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Take what came; answer 431 and hang up where it goes on and on."""
        self._head_bytes += len(data)
        super().data_received(data)
        if self._head_bytes > self.head_bytes_max and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_body(self, body: bytes) -> None:
        """Begin to count anew: bodies have bounds of their own."""
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Begin to count anew with the next request."""
        self._head_bytes = 0
        super().on_message_complete()


class WideBoundedHttp(BoundedHttp):
    """Likewise for the warehouse, whose clients write a query's parameters into the address."""

    head_bytes_max = 4_000_000
