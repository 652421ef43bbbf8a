"""Stands between an SDK and the collector and writes down what passes, and how it is answered."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock, Thread
from typing import NamedTuple
from urllib.parse import urlsplit

HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "host", "content-length"})
"""Headers that end at a relay."""

ANSWER_SECONDS_MAX = 60


class Passed(NamedTuple):
    """One request that passed."""

    method: str
    path: str
    """With its query."""
    status: int
    """What it was answered with; 0 where the collector was away."""
    answer: bytes


class Relay:
    """A relay to one collector."""

    def __init__(self, collector: str) -> None:
        self.collector = urlsplit(collector)
        self.passed: list[Passed] = []
        """Every request but preflights, in the order of their answers."""
        self.address = ""
        """Where it listens: scheme, host and port."""
        self.cut = Event()
        """While set, requests are cut off after the collector answered: the answer is lost."""
        self._lock = Lock()

    def count(self, path: str) -> int:
        """Give how many requests began with a path."""
        return sum(one.path.startswith(path) for one in self.passed)

    def note(self, passed: Passed) -> None:
        """Write a request down."""
        with self._lock:
            self.passed.append(passed)


@contextmanager
def relaying(collector: str) -> Iterator[Relay]:
    """Relay to a collector from a free port of loopback."""
    relay = Relay(collector)

    class Handler(_Handler):
        to = relay

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    relay.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


class _Handler(BaseHTTPRequestHandler):
    """Passes one request on, byte for byte but for what ends at a relay."""

    to: Relay
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._pass()

    def do_POST(self) -> None:
        self._pass()

    def do_OPTIONS(self) -> None:
        self._pass()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _pass(self) -> None:
        body = self._read()
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
        # What the collector calls itself in its answers must lead back through here.
        headers["Host"] = self.to.address.removeprefix("http://")
        host, port = self.to.collector.hostname, self.to.collector.port
        connection = http.client.HTTPConnection(host or "", port, timeout=ANSWER_SECONDS_MAX)
        try:
            connection.request(self.command, self.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except OSError:
            self._note(0, b"")
            self.close_connection = True
            return
        finally:
            connection.close()
        self._note(answer.status, content)
        if self.to.cut.is_set():
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _note(self, status: int, content: bytes) -> None:
        if self.command != "OPTIONS":
            self.to.note(Passed(self.command, self.path, status, content))

    def _read(self) -> bytes:
        if self.headers.get("transfer-encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("content-length", 0)))
        pieces = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(pieces)
