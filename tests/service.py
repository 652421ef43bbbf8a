"""The whole service as real processes on loopback, and a vocabulary for what tests ask of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import httpx
from click.testing import CliRunner

from cli import sanaq
from tests.helpers import ROOT, free_port

START_SECONDS_MAX = 90.0
"""How long the roles may take to be ready, on a machine that is busy with other tests."""

STOP_SECONDS_MAX = 60.0
LOADED_SECONDS_MAX = 60.0

ASKING = Lock()
"""Commands in the test's own process go one at a time: each has the process's output to itself."""

ROLES = ("collector", "dashboards", "loader", "spooler", "embedded")


class Service:
    """`sanaq up` in a folder of its own, with ports of its own."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.log_file = folder / "log.txt"
        ports = [free_port() for _ in range(3)]
        key_file = folder / "master.key"
        if not key_file.exists():
            key_file.write_text(os.urandom(32).hex())
            key_file.chmod(0o600)
        self.collector, self.dashboards, self.embedded = (
            f"http://127.0.0.1:{port}" for port in ports
        )
        self.environ = {
            name: value for name, value in os.environ.items() if not name.startswith("SANAQ_")
        } | {
            "SANAQ_HOME": str(self.home),
            "SANAQ_CONFIG": str(ROOT / "config"),
            "SANAQ_COLLECTOR": f"127.0.0.1:{ports[0]}",
            "SANAQ_DASHBOARDS": f"127.0.0.1:{ports[1]}",
            "SANAQ_EMBEDDED": f"127.0.0.1:{ports[2]}",
            "SANAQ_MASTER_KEY_FILE": str(key_file),
            "PYTHONPATH": str(ROOT),
        }
        self.environ |= dict(environ or {})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start every role and wait until collector and dashboards say that they are ready."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli", "up"],
                cwd=self.folder,
                env=self.environ,
                stdout=log,
                stderr=log,
            )
        self.await_ready()

    def await_ready(self) -> None:
        """Wait until collector and dashboards answer."""
        for url in (self.collector, self.dashboards):
            wait_until(partial(answers, f"{url}/readyz"), START_SECONDS_MAX)

    def stop(self) -> None:
        """Stop in order, and see that it ends in time."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(STOP_SECONDS_MAX)
            self.process = None

    def kill_all(self) -> None:
        """End every process of the service at once, as a power cut would."""
        assert self.process is not None
        pids = [self.process.pid, *descendants(self.process.pid)]
        for pid in pids:
            kill(pid)
        self.process.wait(STOP_SECONDS_MAX)
        wait_until(lambda: not any(_is_alive(pid) for pid in pids), STOP_SECONDS_MAX)
        self.process = None

    def pids(self, role: str) -> list[int]:
        """Give the process ids of a role; `worker` stands for the collector's workers."""
        assert self.process is not None
        wanted = {"worker": "--listener-fd"}.get(role, role)
        return [
            pid
            for pid in descendants(self.process.pid)
            if wanted in (words := _command_of(pid))
            and (role != "collector" or "--listener-fd" not in words)
        ]

    def sanaq(self, *arguments: str, stdin: str | None = None, check: bool = True) -> str:
        """Run a command of `sanaq` and give what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=self.folder,
            env=self.environ,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert not check or done.returncode == 0, f"exit {done.returncode}: {done.stderr}"
        return done.stdout

    def ask(self, *arguments: str) -> str:
        """Run a command of `sanaq` in the test's own process, which saves the start of one."""
        with ASKING:
            done = CliRunner().invoke(sanaq, arguments, env=self._environ_here())
        assert done.exit_code == 0, f"exit {done.exit_code}: {done.stderr}"
        return done.stdout

    def _environ_here(self) -> dict[str, str | None]:
        """Give the service's settings for this process, whose own must not mix with them."""
        ours = {name: None for name in os.environ if name.startswith("SANAQ_")}
        return ours | {k: v for k, v in self.environ.items() if k.startswith("SANAQ_")}

    def key(self, site: str = "soq", kind: str = "server") -> str:
        """Make a write key."""
        made: str = json.loads(self.ask("key", "create", "--site", site, "--kind", kind, "--json"))[
            "key"
        ]
        return made

    def post(self, key: str, body: Any, path: str = "/v1/events", **options: Any) -> httpx.Response:
        """Post a body (JSON unless it is bytes) with a key."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {key}"} | options.pop("headers", {})
        return httpx.post(
            f"{self.collector}{path}", content=content, headers=headers, timeout=30, **options
        )

    def ledger(self, *arguments: str) -> dict[str, Any]:
        """Give the ledger."""
        told: dict[str, Any] = json.loads(self.ask("ledger", "--json", *arguments))
        return told

    def sql(self, query: str) -> list[dict[str, Any]]:
        """Run SQL as an operator and give its rows."""
        rows: list[dict[str, Any]] = json.loads(self.ask("sql", query, "--json"))["rows"]
        return rows

    def await_loaded(self) -> dict[str, Any]:
        """Wait until nothing is spooled any more and give the ledger, which must add up."""
        wait_until(lambda: self.ledger()["spooled"] == 0, LOADED_SECONDS_MAX)
        ledger = self.ledger()
        parts = ("stored", "duplicate", "rejected", "refused", "spooled")
        assert ledger["received"] == sum(ledger[part] for part in parts)
        return ledger


@contextmanager
def running(folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Service]:
    """Give a service that runs, and end it whatever happens."""
    service = Service(folder, environ)
    try:
        service.start()
        yield service
    finally:
        if service.process is not None:
            service.kill_all()


def wait_until(holds: Callable[[], bool], seconds_max: float) -> None:
    """Wait until a condition holds; fail when it does not in time."""
    deadline = time.monotonic() + seconds_max
    while not holds():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


def descendants(pid: int) -> list[int]:
    """Give the ids of all processes below one."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [one for child in map(int, children) for one in (child, *descendants(child))]


def kill(pid: int) -> None:
    """Kill one process; one that has gone already is fine."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _command_of(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def answers(url: str) -> bool:
    """Tell whether a URL is answered with 200."""
    try:
        return httpx.get(url, timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
