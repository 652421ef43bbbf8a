"""Every event has one outcome: the ledger adds up after any history of commits and loading."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from storage.bitmap import unpack_bitmap
from storage.spool import read_counters, read_ledger
from storage.spool_file import FILE_NAME
from storage.spool_protocol import Commit, Committed, Count, CountedOutcome, Full
from storage.spool_writer import Spool
from tests.storage.spooling import TestClock, make_limits, make_part, open_spool

SITES = ("soq", "zhar")
TABLES = ("events", "diagnostics")
EVENTS = st.lists(st.integers(0, 60), min_size=1, max_size=12)
SEQS = st.lists(st.integers(1, 12), max_size=4)


class History(RuleBasedStateMachine):
    """Anything that workers, loader, time and crashes may do, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="sq-"))
        self.clock, self.boot = TestClock(), 0
        self.told: Counter[tuple[str, str]] = Counter()
        self.taken: list[tuple[Commit, Committed]] = []
        self.spool = self.reopen_files()

    def reopen_files(self) -> Spool:
        """Open the spool with limits that are soon reached."""
        limits = make_limits(spool_bytes_max=400, kept_seconds=60, dedup_ids_max=100_000)
        return open_spool(self.folder, self.clock, limits, bytes([self.boot % 256] * 16))

    @rule(numbers=EVENTS, site=st.sampled_from(SITES), table=st.sampled_from(TABLES))
    def commit_events(self, numbers: list[int], site: str, table: str) -> None:
        """A worker hands over a batch."""
        commit = Commit([make_part(numbers, site, table)], [])
        (answer,) = self.spool.commit([commit])
        if not isinstance(answer, Committed):
            assert answer == Full()
            return
        repeats = int(unpack_bitmap(answer.duplicates[0], len(numbers)).sum())
        self.told[site, "received"] += len(numbers)
        self.told[site, "duplicate"] += repeats
        self.taken.append((commit, answer))

    @rule(
        site=st.sampled_from(SITES),
        outcome=st.sampled_from(["rejected", "refused", "undecodable", "property_refused"]),
        n=st.integers(1, 5),
    )
    def commit_counts(self, site: str, outcome: CountedOutcome, n: int) -> None:
        """A worker hands over counts of what left its pipeline."""
        (answer,) = self.spool.commit([Commit([], [Count(site, outcome, "because", n)])])
        assert answer == Committed([])
        self.told[site, outcome] += n
        self.told[site, "received"] += n * (outcome not in ("undecodable", "property_refused"))

    @rule(index=st.integers(0, 100))
    def send_again(self, index: int) -> None:
        """An answer was lost, and the worker sends the same commit again."""
        if self.taken:
            commit, answer = self.taken[index % len(self.taken)]
            assert self.spool.commit([commit]) == [answer]

    @rule(rows_max=st.integers(1, 30))
    def claim(self, rows_max: int) -> None:
        """The loader asks for work."""
        self.spool.queue.claim(rows_max, ())

    @rule(seqs=SEQS, what=st.sampled_from(["mark_failed", "park"]))
    def end_badly(self, seqs: list[int], what: str) -> None:
        """The loader tells of trouble."""
        getattr(self.spool.queue, what)(seqs)

    @rule(seqs=SEQS, what=st.sampled_from(["mark_loaded", "reopen"]))
    def end_or_reopen(self, seqs: list[int], what: str) -> None:
        """The loader tells of success, or a person lets batches be loaded once more."""
        getattr(self.spool.queue, what)(seqs, int(self.clock().timestamp() * 1000))

    @rule(seconds=st.integers(1, 100))
    def wait_and_tidy(self, seconds: int) -> None:
        """Time goes by, and with it what is kept for a time: nobody repeats a commit so late."""
        self.clock.advance(seconds=seconds)
        self.taken.clear()
        self.spool.tidy()

    @rule(is_reboot=st.booleans())
    def restart(self, is_reboot: bool) -> None:
        """The spooler starts again, perhaps with the machine."""
        self.spool.close()
        self.boot += is_reboot
        self.spool = self.reopen_files()

    @invariant()
    def each_event_has_one_outcome(self) -> None:
        """Received is the sum of the others, for each site and for each day and table."""
        for site in SITES:
            ledger = read_ledger(self.folder / FILE_NAME, site)
            assert ledger.difference == 0
            for name in ("received", "duplicate", "rejected", "refused", "undecodable"):
                assert getattr(ledger, name) == self.told[site, name]
        status = self.spool.status()
        total = read_ledger(self.folder / FILE_NAME)
        assert status.spooled_rows + status.parked_rows == total.spooled

    @invariant()
    def no_counter_is_negative(self) -> None:
        """Uncounting what was stored never goes below nothing."""
        assert all(counter.n >= 0 for counter in read_counters(self.folder / FILE_NAME))

    def teardown(self) -> None:
        """Leave nothing behind."""
        self.spool.close()
        shutil.rmtree(self.folder)


TestHistory = History.TestCase
TestHistory.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
