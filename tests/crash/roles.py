"""The roles of one installation as single processes, each started, frozen and killed at will."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx

from config.settings import Settings, load_settings
from storage import warehouse
from storage.errors import Unavailable
from storage.migrations import migrate
from storage.spool import Ledger, read_ledger
from storage.spool_file import spool_file
from storage.spool_loader import LoaderClient
from storage.spooler import spooler_socket
from tests.helpers import ROOT
from tests.service import Service, descendants, kill, wait_until
from tests.storage.warehouses import shipped_retention

START_SECONDS_MAX = 90.0
STOP_SECONDS_MAX = 30.0
LOADED_SECONDS_MAX = 120.0


class Roles(Service):
    """A service whose roles are run by the test and not by `sanaq up`."""

    def __init__(self, folder: Path, environ: Mapping[str, str] | None = None) -> None:
        super().__init__(folder, environ)
        self.settings: Settings = load_settings(self.environ)
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start_role(self, role: str, prefix: Sequence[str] = ()) -> None:
        """Start a role, under another program if need be, and wait until it answers."""
        with self.log_file.open("ab") as log:
            self._running[role] = subprocess.Popen(
                [*prefix, sys.executable, "-m", "cli", role],
                cwd=self.folder,
                env=self.environ,
                stdout=log,
                stderr=log,
            )
        if role != "loader":
            wait_until(lambda: self._answers(role), START_SECONDS_MAX)

    def kill_role(self, role: str) -> None:
        """Kill a role with all that it started, and wait until it is gone."""
        process = self._running.pop(role)
        for pid in descendants(process.pid):
            kill(pid)
        process.kill()
        process.wait(STOP_SECONDS_MAX)

    def stop_role(self, role: str) -> int:
        """Stop a role in order; give its exit code."""
        process = self._running.pop(role)
        process.terminate()
        return process.wait(STOP_SECONDS_MAX)

    def freeze(self, role: str) -> None:
        """Let a role do nothing until it is thawed."""
        self._running[role].send_signal(signal.SIGSTOP)

    def thaw(self, role: str) -> None:
        """Let a frozen role go on."""
        self._running[role].send_signal(signal.SIGCONT)

    def has_ended(self, role: str) -> bool:
        """Tell whether a role that was started runs no more."""
        return self._running[role].poll() is not None

    def exit_code(self, role: str) -> int | None:
        """Give the exit code of a role; none while it runs."""
        return self._running[role].poll()

    def kill_roles(self) -> None:
        """Kill whatever runs."""
        for role in list(self._running):
            self.kill_role(role)

    @property
    def spool(self) -> Ledger:
        """The ledger, read beside its writer."""
        return read_ledger(spool_file(self.settings))

    def await_spooled(self, rows: int = 0) -> Ledger:
        """Wait until no more than so many rows wait for loading; the ledger must add up."""
        wait_until(lambda: self.spool.spooled <= rows, LOADED_SECONDS_MAX)
        ledger = self.spool
        assert ledger.difference == 0
        return ledger

    def _answers(self, role: str) -> bool:
        assert not self.has_ended(role), f"{role} ended before it answered"
        if role == "spooler":
            with closing(LoaderClient(spooler_socket(self.settings), 2.0)) as client:
                with suppress(Unavailable):
                    return client.status().state != "rebuilding"
                return False
        url = {"embedded": f"{self.embedded}/ping", "collector": f"{self.collector}/readyz"}[role]
        try:
            return httpx.get(url, timeout=2).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False


@contextmanager
def roles(folder: Path, environ: Mapping[str, str] | None = None) -> Iterator[Roles]:
    """Give an installation of which nothing runs yet, and end whatever the test starts."""
    one = Roles(folder, environ)
    try:
        yield one
    finally:
        one.kill_roles()


def make_tables(one: Roles, partition_by: str = "received_at") -> None:
    """Make the tables so that nothing hides a row that was stored twice; `embedded` must run.

    The shipped engine merges rows of one sort key some time after they came; this one never does.
    `partition_by` names the column of time whose months are the partitions: the shipped one, or
    `occurred_at`, so that an import reaches back over several.
    """
    with closing(warehouse.connect(one.settings, "sanaq_writer")) as client:
        for table in ("events", "diagnostics"):
            (file,) = (ROOT / "config" / "tables").glob(f"*_{table}.sql")
            sql, engines = re.subn("ReplacingMergeTree", "MergeTree", _statement(file))
            partition = f"PARTITION BY toYYYYMM({partition_by})"
            sql, partitions = re.subn(r"PARTITION BY toYYYYMM\(received_at\)", partition, sql)
            assert (engines, partitions) == (1, 1)
            client.command(sql)
    migrate(one.settings, shipped_retention())


def _statement(file: Path) -> str:
    lines = [line for line in file.read_text().splitlines() if not line.startswith("--")]
    return "\n".join(lines).rstrip().rstrip(";")
