"""The load generator against a server that counts, and a whole run of tiny size."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.load import Generator, LoadFailed
from benchmarks.nginx import count_log_lines, running_nginx
from benchmarks.requests import ID_ROOM
from benchmarks.tools import find_tool

pytestmark = pytest.mark.slow

CONNECTIONS = 4
BODIES = [json.dumps({"events": [{"event_id": ID_ROOM}] * count}) for count in (1, 2)]


@contextmanager
def counting(status: int) -> Iterator[tuple[str, list[bytes]]]:
    """Run a server that keeps every body, and give its address and the bodies."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        """Keeps what is posted."""

        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            """Take a body and answer."""
            assert self.headers["authorization"] == "Bearer sk_s_x"
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}", bodies
        server.shutdown()


def generator() -> Generator:
    return Generator(find_tool("wrk"), CONNECTIONS, 2, "sk_s_x")


def test_the_generator_counts_what_it_sends_under_fresh_ids() -> None:
    with counting(200) as (url, bodies):
        load = generator().run(url, BODIES, seconds=2)
    assert 0 < load.answered <= len(bodies) <= load.answered + CONNECTIONS
    ids = [event["event_id"] for body in bodies for event in json.loads(body)["events"]]
    assert len(ids) > len(bodies)
    assert len(set(ids)) == len(ids)
    assert all(len(one) == len(ID_ROOM) and "@" not in one for one in ids)
    assert load.cpu_seconds > 0


def test_an_answer_that_is_no_success_stops_the_measurement() -> None:
    with counting(503) as (url, _), pytest.raises(LoadFailed):
        generator().run(url, BODIES, seconds=1)


def test_nginx_writes_a_line_for_every_answer(tmp_path: Path) -> None:
    folder = tmp_path / "nginx"
    with running_nginx(find_tool("nginx"), folder, workers=1) as (url, _):
        before = count_log_lines(folder)
        load = generator().run(url, BODIES, seconds=1)
    lines = count_log_lines(folder) - before
    assert load.answered <= lines <= load.answered + CONNECTIONS


@pytest.mark.timeout(300)
def test_a_tiny_run_prints_every_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--rounds", "1", "--seconds", "1", "--connections", "4", "--batch", "5"]
    assert main([*sizes, "--events", "1100", "--folder", str(tmp_path)]) == 0
    told = capsys.readouterr().out
    for words in ("one fsync", "requests/s of nginx / ours", "idle, cores", "spool wait"):
        assert words in told
    assert "duplicate 0, rejected 0." in told
    assert not list(tmp_path.iterdir())
