"""A collector that says what it is told to say, on loopback, and remembers what it was sent."""

from __future__ import annotations

import gzip
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

DROP = "drop"
"""Say nothing and close the connection."""


@dataclass
class FakeCollector:
    """Its answers, one after another; when they are used up it accepts everything."""

    answers: list[Any] = field(default_factory=list)
    """`DROP`, or (status, headers, body)."""
    port: int = 0
    paths: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    """Body of every request that came, the dropped ones too."""

    @property
    def events(self) -> list[Any]:
        """Everything that came, in order."""
        return [one for body in self.bodies for one in _events_of(body)]


@contextmanager
def fake_collector(*answers: Any, tls: ssl.SSLContext | None = None) -> Iterator[FakeCollector]:
    """Serve until the block ends."""
    fake = FakeCollector(list(answers))

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            packed = self.rfile.read(int(self.headers["content-length"]))
            body = msgspec.json.decode(gzip.decompress(packed))
            fake.bodies.append(body)
            fake.paths.append(self.path)
            fake.keys.add(self.headers["authorization"])
            answer = fake.answers.pop(0) if fake.answers else _accept_all(body)
            if answer == DROP:
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *told: Any) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    server.daemon_threads = True
    fake.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def answer(accepted: int, *reasons: str, duplicate: int = 0) -> tuple[int, dict[str, str], bytes]:
    """Give a good answer."""
    rejected = [{"index": n, "reason": reason} for n, reason in enumerate(reasons)]
    told = {"accepted": accepted, "duplicate": duplicate, "refused": 0, "rejected": rejected}
    return 200, {}, msgspec.json.encode(told)


def busy(retry_after: str = "2", status: int = 503) -> tuple[int, dict[str, str], bytes]:
    """Give the answer of a collector that asks to be asked again."""
    return status, {"retry-after": retry_after}, b'{"error":"busy","detail":""}'


def _accept_all(body: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
    return answer(len(_events_of(body)))


def _events_of(body: dict[str, Any]) -> list[Any]:
    events: list[Any] = body["events"] if "events" in body else body["lines"]
    return events
