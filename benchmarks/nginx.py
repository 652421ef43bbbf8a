"""The yardstick: nginx answering 204 to everything, with an access log."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.helpers import free_port
from tests.service import wait_until

START_SECONDS_MAX = 20.0
STOP_SECONDS_MAX = 20.0

CONFIGURATION = """
daemon off;
{user}
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 4096; }}
http {{
    access_log {folder}/access.log combined;
    client_max_body_size 8m;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000000;
    server {{
        listen 127.0.0.1:{port};
        location / {{ return 204; }}
    }}
}}
"""
"""As many workers as we have; a log line a request, in the usual form, written at once.

Connections are not ended after a number of requests, since ours are not either.
"""


@contextmanager
def running_nginx(nginx: Path, folder: Path, workers: int) -> Iterator[tuple[str, int]]:
    """Run nginx in a folder and give its address and process id."""
    port = free_port()
    folder.mkdir(parents=True)
    user = "user root;" if folder.owner() == "root" else ""
    config = folder / "nginx.conf"
    config.write_text(
        CONFIGURATION.format(folder=folder, port=port, workers=workers, user=user).strip()
    )
    process = subprocess.Popen(
        [nginx, "-p", folder, "-c", config, "-e", folder / "error.log"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: _answers(url), START_SECONDS_MAX)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(STOP_SECONDS_MAX)


def count_log_lines(folder: Path) -> int:
    """Give the number of lines of the access log."""
    with (folder / "access.log").open("rb") as log:
        return sum(piece.count(b"\n") for piece in iter(lambda: log.read(1 << 20), b""))


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.NO_CONTENT
    except httpx.HTTPError:
        return False
