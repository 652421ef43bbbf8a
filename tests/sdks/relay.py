"""Stands between an SDK and the collector and writes down what passes, and how it is answered."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import SHUT_RDWR, socket
from threading import Event, Lock, Thread
from typing import NamedTuple
from urllib.parse import urlsplit

HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "host", "content-length"})
"""Headers that end at a relay."""

ANSWER_SECONDS_MAX = 60

POLL_SECONDS = 0.05
"""How soon a relay notices that it is to stop."""


class Passed(NamedTuple):
    """One request that passed."""

    method: str
    path: str
    """With its query."""
    status: int
    """What it was answered with; 0 where the collector was away."""
    answer: bytes


class Fault(NamedTuple):
    """What befalls one request to a path: its answer is lost, or a full collector answers it."""

    path: str
    """How the paths begin that it waits for."""
    full: str = ""
    """Address of the full collector; '' where the answer is lost."""


class Relay:
    """A relay to one collector."""

    def __init__(self, collector: str) -> None:
        self.collector = urlsplit(collector)
        self.passed: list[Passed] = []
        """Every request but preflights, in the order of their answers."""
        self.address = ""
        """Where it listens: scheme, host and port."""
        self.pages: dict[str, tuple[str, bytes]] = {}
        """Path -> content type and bytes of what is given from here, so that a page and the
        collector are on one origin."""
        self.cut = Event()
        """While set, requests are cut off after the collector answered: the answer is lost."""
        self.faults: list[Fault] = []
        """What befalls the next requests, the first that fits first."""
        self.open: set[socket] = set()
        """Connections that are open."""
        self._server: ThreadingHTTPServer | None = None
        self._lock = Lock()

    def count(self, path: str) -> int:
        """Give how many requests began with a path."""
        return sum(one.path.startswith(path) for one in self.passed)

    def note(self, passed: Passed) -> None:
        """Write a request down."""
        with self._lock:
            self.passed.append(passed)

    def listen(self) -> None:
        """Listen on a free port, or on the same one as before."""

        class Handler(_Handler):
            to = self

        self._server = ThreadingHTTPServer(("127.0.0.1", urlsplit(self.address).port or 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, args=[POLL_SECONDS], daemon=True).start()

    def leave(self) -> None:
        """Refuse connections and end those that are open, as a collector that stops."""
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self.open):
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)

    def take_fault(self, path: str) -> Fault | None:
        """Give what befalls a request, once."""
        with self._lock:
            found = next((one for one in self.faults if path.startswith(one.path)), None)
            if found is not None:
                self.faults.remove(found)
            return found


@contextmanager
def relaying(collector: str) -> Iterator[Relay]:
    """Relay to a collector from a free port of loopback."""
    relay = Relay(collector)
    relay.listen()
    try:
        yield relay
    finally:
        relay.leave()


class _Handler(BaseHTTPRequestHandler):
    """Passes one request on, byte for byte but for what ends at a relay."""

    to: Relay
    protocol_version = "HTTP/1.1"

    def setup(self) -> None:
        super().setup()
        self.to.open.add(self.connection)

    def finish(self) -> None:
        self.to.open.discard(self.connection)
        super().finish()

    def do_GET(self) -> None:
        if self.path in self.to.pages:
            self._give(*self.to.pages[self.path])
        else:
            self._pass()

    def do_POST(self) -> None:
        self._pass()

    def do_OPTIONS(self) -> None:
        self._pass()

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _give(self, kind: str, content: bytes) -> None:
        self.send_response_only(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _pass(self) -> None:
        body = self._read()
        headers = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
        # What the collector calls itself in its answers must lead back through here.
        headers["Host"] = self.to.address.removeprefix("http://")
        fault = self.to.take_fault(self.path) if self.command != "OPTIONS" else None
        collector = urlsplit(fault.full) if fault and fault.full else self.to.collector
        connection = http.client.HTTPConnection(
            collector.hostname or "", collector.port, timeout=ANSWER_SECONDS_MAX
        )
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
        if self.to.cut.is_set() or (fault and not fault.full):
            self.close_connection = True
            return
        if answer.getheader("connection") == "close":
            self.close_connection = True
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
