"""What the tests of the spool share: parts, a settable clock, and a real spooler process."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.clock import Clock
from storage.errors import Unavailable
from storage.spool_loader import LoaderClient
from storage.spool_protocol import Commit, Part, Status
from storage.spool_writer import Spool, SpoolLimits
from tests.helpers import ROOT

START = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
"""Where the clocks of tests begin."""

SERVE = """
from config.settings import load_settings
from storage.spooler import run_spooler
run_spooler(load_settings())
"""


class TestClock:
    """A clock that moves when told to."""

    __test__ = False

    def __init__(self, now: datetime = START) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **delta: float) -> None:
        """Move ahead by the arguments of `timedelta`."""
        self.now += timedelta(**delta)


def digest(number: int) -> bytes:
    """Give the digest that stands for an event in a test."""
    return (number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128)).to_bytes(16, "little")


def make_part(
    numbers: Sequence[int],
    site: str = "soq",
    table: str = "events",
    blob: bytes | None = None,
    known: bytes = b"",
    batch_id: bytes | None = None,
) -> Part:
    """Give a part with one row for each event number, all of one site."""
    return Part(
        batch_id=os.urandom(16) if batch_id is None else batch_id,
        table=table,
        rows=len(numbers),
        blob=b"rows" * len(numbers) if blob is None else blob,
        digests=b"".join(digest(number) for number in numbers),
        site_runs=[(site, len(numbers))],
        known=known,
    )


def make_commit(*numbers: int, site: str = "soq") -> Commit:
    """Give a commit of one part."""
    return Commit([make_part(numbers, site)], [])


def make_limits(
    spool_bytes_max: int = 1_000_000,
    kept_seconds: int = 3_600,
    dedup_days_max: int = 7,
    dedup_ids_max: int = 100_000,
) -> SpoolLimits:
    """Give small limits."""
    limits = (spool_bytes_max, kept_seconds, dedup_days_max, dedup_ids_max)
    return SpoolLimits(*limits, ids_start=1_000, reserve_bytes=100_000)


class SpoolerProcess:
    """A real spooler in a home folder, started and killed at will."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.socket = home / "run" / "spooler.sock"
        self.file = home / "spool" / "spool.sqlite"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it takes commits."""
        self.launch()
        self.wait_ready()

    def launch(self, **environ: str) -> None:
        """Start it and do not wait."""
        env = os.environ | {"SANAQ_HOME": str(self.home)} | environ
        self._process = subprocess.Popen([sys.executable, "-c", SERVE], cwd=ROOT, env=env)

    def wait_ready(self, seconds: float = 30.0) -> Status:
        """Wait until the index is complete."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with closing(LoaderClient(self.socket, 5.0)) as loader, suppress(Unavailable):
                status = loader.status()
                if status.state != "rebuilding":
                    return status
            time.sleep(0.02)
        raise TimeoutError("the spooler did not come up")

    def kill(self) -> None:
        """End it as `kill -9` does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End it as the supervisor does; give its exit code."""
        return self._end(signal.SIGTERM)

    def wait(self, seconds: float = 30.0) -> int:
        """Wait until it ends by itself; give its exit code."""
        assert self._process is not None
        return self._process.wait(seconds)

    @property
    def is_alive(self) -> bool:
        """Tell whether it runs."""
        return self._process is not None and self._process.poll() is None

    def _end(self, number: int) -> int:
        assert self._process is not None
        if self.is_alive:
            self._process.send_signal(number)
        return self.wait()


@contextmanager
def running_spooler(home: Path) -> Iterator[SpoolerProcess]:
    """Run a spooler for the length of a test."""
    spooler = SpoolerProcess(home)
    try:
        spooler.start()
        yield spooler
    finally:
        if spooler.is_alive:
            spooler.kill()


def open_spool(
    folder: Path,
    clock: Clock | None = None,
    limits: SpoolLimits | None = None,
    boot_id: bytes = bytes(16),
    connection_class: type[sqlite3.Connection] = sqlite3.Connection,
) -> Spool:
    """Open a spool in this process, its index complete."""
    limits = make_limits() if limits is None else limits
    clock = TestClock() if clock is None else clock
    spool = Spool(folder, limits, clock, boot_id, connection_class)
    while not spool.replay():
        pass
    return spool
