"""Spooled batches -> the warehouse, each row exactly once. A process of its own.

Inserts are large, many batches in one. After any insert that did not answer cleanly, and for every
batch that an earlier loader claimed and did not end, `collector.loading` waits until no insert
runs, counts what is there, and inserts only what is missing. Why not insert tokens: the warehouse
writes its deduplication log before it renames the parts, so a kill in between makes a retry
"succeed" with part of the rows (decision 0100).
"""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from threading import Event
from types import FrameType

from collector.hourly_refresh import HourlyRefresh
from collector.loading import Loader, Outcome
from collector.outcome_copy import copy_outcomes
from config.limits import Limits
from config.settings import Settings
from config.vocabulary import load_vocabulary
from storage import warehouse
from storage.clock import Clock, utc_now
from storage.errors import Unavailable
from storage.logs import Log, get_log
from storage.migrations import migrate
from storage.spool import SpooledBatch, read_batches
from storage.spool_file import spool_file
from storage.spool_loader import LoaderClient
from storage.spooler import spooler_socket

BACK_OFF_SECONDS_MAX = 5.0
"""Longest pause between attempts while a neighbour is away."""

IDLE_SECONDS = 0.1
"""Pause when nothing waits."""

COUNTED_BY_HOUR = ("events", "diagnostics")
"""Tables whose new rows change the analysts' hours."""

OUTCOMES_SECONDS = 5.0
"""How often the counters are copied into the warehouse."""


def run_loader(settings: Settings, clock: Clock = utc_now) -> None:
    """Bring the warehouse up to date with its migrations, then load until SIGTERM."""
    stopping, log = Event(), get_log("loader", clock)

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    policy = load_vocabulary(settings.config_dir).policy
    retention = {purpose: policy.retention_days(purpose) for purpose in policy.purposes}
    pause_seconds = IDLE_SECONDS
    while not stopping.is_set():
        try:
            migrate(settings, retention)
            _Loading(settings, stopping, log, clock).run()
        except Unavailable as fault:
            # What is away is named by a constant; the spool keeps everything meanwhile.
            log.warn("a neighbour is away", name=fault.what.replace(" ", "-"))
            stopping.wait(pause_seconds)
            pause_seconds = min(pause_seconds * 2, BACK_OFF_SECONDS_MAX)
        else:
            pause_seconds = IDLE_SECONDS


class _Loading:
    """The loader's connections, from one failure of a neighbour to the next."""

    def __init__(self, settings: Settings, stopping: Event, log: Log, clock: Clock) -> None:
        self._client = warehouse.connect(settings, "sanaq_writer")
        self._loader = Loader(self._client, time.sleep)
        self._spooler = LoaderClient(spooler_socket(settings))
        self._file: Path = spool_file(settings)
        self._limits: Limits = settings.limits
        self._stopping = stopping
        self._log = log
        self._clock = clock
        self._hourly = HourlyRefresh(clock())
        self._copied_ms = 0
        self._copy_at = 0.0

    def run(self) -> None:
        """Load until asked to stop.

        Errors: Unavailable.
        """
        try:
            while not self._stopping.is_set():
                started = time.monotonic()
                rows = self._load_some()
                self._copy_outcomes()
                self._refresh_hourly()
                if rows == 0:
                    self._stopping.wait(IDLE_SECONDS)
                elif rows < self._limits.load_rows_max:
                    # The next batches wait for company, so that inserts stay large.
                    elapsed = time.monotonic() - started
                    self._stopping.wait(max(0, self._limits.load_linger_seconds_max - elapsed))
        finally:
            self._spooler.close()
            self._client.close()

    def _load_some(self) -> int:
        """Claim what waits, up to one insert's bound, and load it; give the number of rows."""
        claimed = self._spooler.claim(self._limits.load_rows_max)
        if not claimed:
            return 0
        batches = read_batches(self._file, [one.seq for one in claimed])
        for table, of_table in groupby(sorted(batches, key=_by_table), key=_by_table):
            for group in _groups(list(of_table)):
                self._load_group(table, group)
        return sum(one.rows for one in claimed)

    def _load_group(self, table: str, batches: Sequence[SpooledBatch]) -> None:
        """Load one group and tell the spooler what became of it."""
        started = time.monotonic()
        outcome = self._loader.load(table, batches)
        self._tell(batches, outcome)
        if table in COUNTED_BY_HOUR:
            self._hourly.note(outcome.received_from)
        self._log.info(
            "loaded",
            table=table,
            batches=len(outcome.loaded),
            rows=sum(one.rows for one in batches),
            duration_ms=round((time.monotonic() - started) * 1000),
        )

    def _tell(self, batches: Sequence[SpooledBatch], outcome: Outcome) -> None:
        """Tell the spooler which batches are loaded, failed, or parked for a person."""
        if outcome.loaded:
            self._spooler.loaded(outcome.loaded)
        attempts = {one.seq: one.attempts + 1 for one in batches}
        spent = [s for s in outcome.failed if attempts[s] >= self._limits.load_attempts_max]
        again = [seq for seq in outcome.failed if seq not in spent]
        if again:
            self._spooler.failed(again)
            self._log.warn("the warehouse refused batches", batches=len(again))
        if spent:
            self._spooler.parked(spent)
            self._log.error("batches are parked and need a person", parked=len(spent))

    def _copy_outcomes(self) -> None:
        """Copy the counters that changed, every few seconds."""
        if time.monotonic() >= self._copy_at:
            self._copied_ms = copy_outcomes(self._client, self._file, self._copied_ms)
            self._copy_at = time.monotonic() + OUTCOMES_SECONDS

    def _refresh_hourly(self) -> None:
        """Bring the analysts' table up to date; a refusal must not keep events from loading."""
        try:
            self._hourly.run_if_due(self._client)
        except warehouse.Refused as fault:
            self._log.error("the hourly table was refused", code=fault.code)


def _by_table(one: SpooledBatch) -> str:
    return one.table


def _groups(batches: list[SpooledBatch]) -> list[list[SpooledBatch]]:
    """Put fresh batches into one group, and each that was refused before into one of its own.

    Why: one batch that the warehouse cannot take must not take others with it.
    """
    fresh = [one for one in batches if not one.attempts]
    alone = [[one] for one in batches if one.attempts]
    return ([fresh] if fresh else []) + alone
