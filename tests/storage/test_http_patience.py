"""Peers that are slow or many are left, and do not keep others out."""

from __future__ import annotations

import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
import uvicorn

from storage.http_bounds import BoundedHttp, raise_open_files
from tests.storage.test_http_bounds import echo

pytestmark = pytest.mark.timeout(60)

CONNECTIONS = 20


class Impatient(BoundedHttp):
    """The same with bounds that a test can wait for."""

    head_seconds_max = 0.5
    message_seconds_max = 0.8
    connections_max = CONNECTIONS


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    """The address of a server that is soon out of patience."""
    config = uvicorn.Config(echo, http=Impatient, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join(20)


def drip(address: tuple[str, int], first: bytes, again: bytes) -> float:
    """Send a little now and again until the server hangs up; give after how many seconds."""
    began = time.monotonic()
    with socket.create_connection(address, timeout=10) as peer:
        peer.sendall(first)
        peer.settimeout(0.1)
        while time.monotonic() - began < 10:
            try:
                peer.sendall(again)
                while peer.recv(1_000):
                    pass
            except TimeoutError:
                continue
            except OSError:
                pass
            return time.monotonic() - began
    return 10.0


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (b"", b""),
        (b"GET / HTTP/1.1\r\n", b"X-A: b\r\n"),
        (b"GET /", b"a"),
        (b"GET / HTTP/1.1\r\n\r\nGET /", b"a"),
        (b"POST / HTTP/1.1\r\nContent-Length: 9000\r\n\r\n", b"a"),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n"),
    ],
    ids=["nothing", "headers", "line", "second request", "body", "trailers"],
)
def test_who_is_slow_is_left(address: tuple[str, int], first: bytes, again: bytes) -> None:
    assert drip(address, first, again) < 4


def ask(peer: socket.socket) -> bool:
    """Send a whole request and tell whether it was answered."""
    try:
        peer.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        return peer.recv(1_000).startswith(b"HTTP/1.1 200")
    except OSError:
        return False


def test_who_asks_now_and_again_keeps_its_connection(address: tuple[str, int]) -> None:
    with socket.create_connection(address, timeout=10) as peer:
        for _ in range(4):
            assert ask(peer)
            time.sleep(0.4)


def test_idle_connections_make_room_for_new_ones(address: tuple[str, int]) -> None:
    with ExitStack() as stack:
        for _ in range(5 * CONNECTIONS):
            stack.enter_context(closing(socket.create_connection(address, timeout=10)))
        assert ask(stack.enter_context(closing(socket.create_connection(address, timeout=10))))


def test_as_many_files_as_the_system_gives() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (400, before[1]))
        assert raise_open_files(300) == 300
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= 500
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
