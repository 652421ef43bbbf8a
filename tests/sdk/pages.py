"""A small site on loopback, so that pages have an origin, cookies and files of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx

HOP = frozenset({"host", "connection", "content-length", "accept-encoding"})
"""Headers that end at a proxy."""


@dataclass
class Site:
    """Files that a server on loopback gives, and what was posted to it."""

    files: dict[str, tuple[str, bytes]]
    """Path -> content type and bytes."""
    answer: tuple[int, bytes] = (200, b"{}")
    """Status and body that every POST gets."""
    posted: list[tuple[str, str, bytes]] = field(default_factory=list)
    """Path with query, content type and body of every POST."""
    methods: list[str] = field(default_factory=list)
    """Methods of all requests, in order."""
    address: str = ""
    """Where it listens."""
    headers: dict[str, str] = field(default_factory=dict)
    """Further headers of every answer."""
    collector: str = ""
    """Where `/v1/` leads to, as behind the site's own proxy; '' for nowhere."""

    def add_page(self, path: str, *, head: str = "", body: str = "") -> None:
        """Add a page of HTML."""
        html = f"<!doctype html><title>page</title>{head}<body>{body}"
        self.files[path] = ("text/html; charset=utf-8", html.encode())


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve a site on a free port of loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.methods.append("GET")
            kind, body = site.files.get(self.path.partition("?")[0], ("text/plain", b""))
            self._reply(200 if body else 404, kind, body)

        def do_POST(self) -> None:
            site.methods.append("POST")
            body = self.rfile.read(int(self.headers["content-length"]))
            if site.collector:
                passed = {k: v for k, v in self.headers.items() if k.lower() not in HOP}
                answer = httpx.post(site.collector + self.path, content=body, headers=passed)
                self._reply(answer.status_code, "application/json", answer.content)
                return
            site.posted.append((self.path, self.headers["content-type"], body))
            self._reply(site.answer[0], "application/json", site.answer[1])

        def _reply(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            for name, value in site.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the site keeps its own account."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
