"""A recipient's end on loopback that keeps what it is sent, and fails when told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple


class Received(NamedTuple):
    """One request that was taken."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int
    """What it was answered."""


class Destination:
    """Takes everything, unless `status` says otherwise or `hangs` is set."""

    def __init__(self) -> None:
        self.status = 200
        self.hangs = threading.Event()
        self.headers: dict[str, str] = {}
        self.unwanted = b""
        """A body that holds this is answered 400."""
        self.too_much = b""
        """A body that holds this is answered 500."""
        self.received: list[Received] = []
        self.arrived = 0
        """Requests that came here, those still held among them."""
        self.url = ""

    def taken(self) -> list[Received]:
        """Give the requests that were answered as delivered."""
        return [one for one in list(self.received) if one.status == 200]

    def events(self, *, taken: bool = True) -> list[dict[str, Any]]:
        """Give all events of the requests that were taken, or of all that came, in order."""
        bodies = [json.loads(one.body) for one in (self.taken() if taken else list(self.received))]
        return [event for body in bodies for event in body.get("events", body.get("batch"))]

    def every_byte(self) -> bytes:
        """Give all that was ever sent here, heads included, taken or not."""
        heads = [json.dumps([one.path, one.headers]).encode() for one in list(self.received)]
        return b"\n".join([*heads, *(one.body for one in list(self.received))])


@contextmanager
def running_destination() -> Iterator[Destination]:
    """Give a destination that listens, and end it."""
    made = Destination()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            made.arrived += 1
            while made.hangs.is_set():
                time.sleep(0.05)
            status = 400 if made.unwanted and made.unwanted in body else made.status
            status = 500 if made.too_much and made.too_much in body else status
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.received.append(Received(self.path, headers, body, status))
            self.send_response(status)
            for name, value in made.headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Write nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A sender that was killed leaves its connection as it is."""

    server = Server(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}/take"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield made
    finally:
        made.hangs.clear()
        server.shutdown()
        thread.join()
        server.server_close()
