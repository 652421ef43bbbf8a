"""Requests whose head never ends do not fill the memory, and all others pass."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from storage.http_bounds import HEAD_BYTES_MAX, BoundedHttp

pytestmark = pytest.mark.timeout(60)

PIECE = 60_000
PIECES_MAX = 400
"""Some twenty megabytes: a server without a bound takes them all."""


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
        if message["type"] == "http.disconnect":
            return
    body = str(size).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    config = uvicorn.Config(echo, http=BoundedHttp, lifespan="off", log_config=None, port=0)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join(20)


def send_on(address: tuple[str, int], first: bytes, again: bytes) -> int:
    """Send a piece again and again until the server has enough; give how often it took it."""
    with socket.create_connection(address, timeout=10) as peer:
        peer.sendall(first)
        for number in range(PIECES_MAX):
            try:
                peer.sendall(again)
            except OSError:
                return number
            time.sleep(0.002)
        return PIECES_MAX


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"GET /?", b"a" * PIECE),
        (b"GET / HTTP/1.1\r\nX-One: ", b"a" * PIECE),
        (b"GET / HTTP/1.1\r\n", b"X-Many: aaaaaaaaaa\r\n" * (PIECE // 20)),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"a" * PIECE),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"a" * PIECE),
        (
            b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n",
            b"X: aaaaaaaaaaaaaaa\r\n" * (PIECE // 20),
        ),
    ],
    ids=["line", "one header", "many headers", "chunk extension", "trailer", "trailers"],
)
def test_what_never_ends_is_left(address: tuple[str, int], first: bytes, again: bytes) -> None:
    assert send_on(address, first, again) < PIECES_MAX // 4


def test_a_large_head_is_told_so(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=10) as peer:
        peer.sendall(b"GET / HTTP/1.1\r\nX-One: " + b"a" * (HEAD_BYTES_MAX + 1))
        assert peer.recv(100).startswith(b"HTTP/1.1 431 ")
        assert peer.recv(100) == b""


def test_bodies_and_many_requests_on_one_connection_pass(address: tuple[str, int]) -> None:
    body = b"a" * (20 * HEAD_BYTES_MAX)
    head = b"POST / HTTP/1.1\r\nX-One: " + b"a" * 30_000
    with socket.create_connection(address, timeout=10) as peer:
        for _ in range(6):
            peer.sendall(head + b"\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            assert peer.recv(1_000).endswith(b"\r\n\r\n%d" % len(body))
        chunked = b"".join(b"%x\r\n%b\r\n" % (PIECE, b"a" * PIECE) for _ in range(30))
        peer.sendall(head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked + b"0\r\n\r\n")
        assert peer.recv(1_000).endswith(b"\r\n\r\n%d" % (30 * PIECE))
