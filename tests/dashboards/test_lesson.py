"""What an empty site teaches works: its commands, run as they stand, make its first visitor."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from config.settings import load_settings
from storage.registry import open_registry
from storage.registry.sites import add_site
from storage.registry.users import add_user, link_path
from tests.dashboards.worlds import PASSWORD, post_form
from tests.helpers import ROOT, free_port

SECONDS_MAX = 90


@pytest.mark.timeout(300)
def test_the_lesson_makes_the_first_visitor(home: Path, tmp_path: Path) -> None:
    roles = ("COLLECTOR", "DASHBOARDS", "EMBEDDED")
    environ = {f"SANAQ_{role}": f"127.0.0.1:{free_port()}" for role in roles}
    environ |= {"SANAQ_HOME": str(home), "SANAQ_CONFIG": str(ROOT / "config")}
    environ |= {"XDG_CONFIG_HOME": str(tmp_path)}
    registry = open_registry(load_settings(environ))
    add_site(registry, "shop", "cli:0", timezone="Asia/Almaty")
    way = link_path(add_user(registry, "a@soq.example", "analyst", "cli:0"))
    dashboards = f"http://{environ['SANAQ_DASHBOARDS']}"
    with run_service(environ), httpx.Client(base_url=dashboards, timeout=30) as client:
        wait_until_ready(dashboards)
        wait_until_ready(f"http://{environ['SANAQ_COLLECTOR']}")
        post_form(client, way, password=PASSWORD, again=PASSWORD)
        commands = read_commands(client.get("/sites/shop").text)
        answer = run_commands(commands, environ)
        assert '"accepted":1' in answer
        page = wait_for_figures(client)
    assert 'data-figure="visitors">1<' in page
    assert 'data-figure="views">1<' in page
    assert 'data-figure="bots">0<' in page


@contextmanager
def run_service(environ: dict[str, str]) -> Iterator[None]:
    """Every role, as `make run` starts them."""
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "up"], cwd=ROOT, env={**os.environ, **environ}
    )
    try:
        yield
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0


def wait_until_ready(address: str) -> None:
    end = time.monotonic() + SECONDS_MAX
    while time.monotonic() < end:
        try:
            if httpx.get(f"{address}/readyz", timeout=10).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError("the service did not become ready")


def read_commands(page: str) -> list[str]:
    """The commands that a page shows, as a terminal takes them."""
    found = re.findall(r"<pre[^>]*><code>(.*?)</code></pre>", page, flags=re.DOTALL)
    return [html.unescape(command) for command in found]


def run_commands(commands: list[str], environ: dict[str, str]) -> str:
    """Run them one after another in a shell, with `sanaq` on its path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-eu", "-c", "\n".join(commands)],
        env={**os.environ, **environ, "PATH": path},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return done.stdout


def wait_for_figures(client: httpx.Client) -> str:
    end = time.monotonic() + SECONDS_MAX
    while time.monotonic() < end:
        page = client.get("/sites/shop").text
        if "data-figure" in page:
            return page
        time.sleep(0.5)
    raise AssertionError("the event did not appear")
