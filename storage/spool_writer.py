"""The spool as its one writer sees it: takes commits, finds duplicates, forgets in time.

Every change is one SQLite transaction. What a commit brings (rows, digests, duplicates, counts)
is in one, so that no crash can separate them. The index of seen ids follows after the
transaction, and is caught up by replay where it could not.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from storage.clock import Clock, unix_ms
from storage.seen import IDS_START, as_keys
from storage.spool_db import SpoolDb
from storage.spool_file import FILE_NAME, LOADED, SPOOLED, read_boot_id
from storage.spool_index import SpoolIndex
from storage.spool_join import Batch, count_outcomes, join_known, split_batches
from storage.spool_protocol import Commit, Committed, Full, Malformed, SpoolFull, Status
from storage.spool_prune import (
    FREE_PAGES_MAX,
    HOLD_NOTHING,
    SEQ_NEVER,
    Held,
    prune,
    prune_kept,
)
from storage.spool_queue import LoadQueue, read_totals
from storage.spool_reserve import RESERVE_BYTES, Reserve
from storage.spool_span import DAY_MS, Span

SWEEP_STEPS = 1 << 16
"""Buckets of the index that one round of tidying looks at."""

NEEDED = "needed_from"
"""Name under which the first batch that is still to be forwarded is kept."""

CommitAnswer = Committed | Full | Malformed
"""What a commit may be answered."""


@dataclass(frozen=True)
class SpoolLimits:
    """How much the spool holds, and for how long."""

    spool_bytes_max: int
    """Rows that wait or are kept, in bytes."""
    kept_seconds: int
    """How long a loaded batch is kept."""
    dedup_days_max: int
    """How long ids are remembered, in days."""
    dedup_ids_max: int
    """Most ids that are remembered."""
    ids_start: int = IDS_START
    """Ids that a new index has room for."""
    reserve_bytes: int = RESERVE_BYTES
    """Space on the disk that commits leave for the loader."""
    held_seconds: int = 0
    """How long loaded batches may wait for those whom they are forwarded to; 0 where none is."""


class Spool:
    """The open spool. Not for threads: one caller, one call at a time."""

    def __init__(
        self,
        folder: Path,
        limits: SpoolLimits,
        clock: Clock,
        boot_id: bytes | None = None,
        connection_class: type[sqlite3.Connection] = sqlite3.Connection,
    ) -> None:
        """Open the spool of a folder; `replay` must run before commits are taken.

        Errors: sqlite3.Error, OSError; SpoolFull where the disk is full.
        """
        boot_id = read_boot_id() if boot_id is None else boot_id
        self._limits = limits
        self._clock = clock
        self._db = SpoolDb(folder / FILE_NAME, connection_class)
        self._totals = read_totals(self._db)
        self.queue = LoadQueue(self._db, self._totals)
        days, ids = limits.dedup_days_max, limits.dedup_ids_max
        self._index = SpoolIndex(self._db, folder, boot_id, days, ids, limits.ids_start)
        self._reserve = Reserve(folder, limits.reserve_bytes)
        self._needed_from = _read_needed(self._db)
        self._note_boot(boot_id)
        self._commits = self._transactions = 0
        self._is_full = False

    def close(self) -> None:
        """Let go of the files."""
        self._index.close()
        self._db.close()

    @property
    def is_ready(self) -> bool:
        """Tell whether the index of seen ids is complete, so that commits may be taken."""
        return self._index.is_complete

    def replay(self) -> bool:
        """Bring a few more batches into the index; tell whether it is complete.

        Errors: SpoolFull where the disk has no room for the index; try again later.
        """
        return self._index.replay()

    def commit(self, commits: Sequence[Commit]) -> list[CommitAnswer]:
        """Take commits in one transaction and answer each; they are on disk then.

        One that was taken before gets the answer it got then, and is not counted again. At the
        limit later commits are answered `Full` and earlier ones are taken.
        Shape: well-formed commits of at most `ROWS_PER_COMMIT_MAX` rows together, or one.
        Errors: sqlite3.Error, after which the process must die.
        """
        answers = [self._find_repeat(commit) for commit in commits]
        together, later = _split_clashing(commits, answers)
        try:
            if not self._reserve.hold():
                raise SpoolFull
            together = self._fit(together, commits, answers)
            taken: Sequence[CommitAnswer] = self._take([commits[index] for index in together])
        except SpoolFull:
            taken = [Full()] * len(together)
        for index, answer in zip(together, taken, strict=True):
            answers[index] = answer
        if later:
            for index, answer in zip(later, self.commit([commits[i] for i in later]), strict=True):
                answers[index] = answer
        self._is_full = Full() in answers
        return [Malformed() if answer is None else answer for answer in answers]

    def need(self, from_seq: int) -> None:
        """Keep loaded batches from this one on, as long as limits allow. Errors: SpoolFull."""
        if from_seq != self._needed_from:
            with self._db.transaction():
                self._db.write_meta(NEEDED, from_seq.to_bytes(8, "big"))
            self._needed_from = from_seq

    def give_up_reserve(self) -> bool:
        """Let a change that found the disk full use the space kept back; tell if there was any."""
        return self._reserve.give_up()

    def status(self) -> Status:
        """Tell how the spool is."""
        now_ms = unix_ms(self._clock())
        oldest, spooled, parked = self.queue.oldest_ms(), self._totals.spooled, self._totals.parked
        return Status(
            state=self._state(),
            spooled_batches=spooled.batches,
            spooled_rows=spooled.rows,
            spooled_bytes=spooled.bytes,
            kept_bytes=self._totals.kept.bytes,
            bytes_max=self._limits.spool_bytes_max,
            oldest_age_seconds=0.0 if oldest is None else max(0, now_ms - oldest) / 1000,
            parked_batches=parked.batches,
            parked_rows=parked.rows,
            ids_held=self._index.ids_held,
            ids_max=self._index.ids_max,
            dedup_window_start_ms=self._index.window_start(now_ms),
            commits=self._commits,
            transactions=self._transactions,
        )

    def tidy(self) -> bool:
        """Delete a little of what is no longer needed; tell whether there is more.

        Errors: SpoolFull where even that finds no room on the disk.
        """
        if not self.is_ready:
            return False
        now_ms = unix_ms(self._clock())
        self._index.forget(now_ms, self.queue.oldest_span())
        kept_from, free = now_ms - self._limits.kept_seconds * 1000, FREE_PAGES_MAX
        held = Held(self._needed_from, now_ms - self._limits.held_seconds * 1000)
        if not self._reserve.hold():
            # Of a full disk everything is given back that can be, before its time.
            kept_from, free, held = now_ms + 1, 0, HOLD_NOTHING
            self._db.shrink_log()
        is_more = prune(self._db, self._totals, kept_from, self._index.first_span, free, held)
        return self._index.sweep(SWEEP_STEPS) or is_more

    def _state(self) -> Literal["ready", "rebuilding", "full"]:
        if not self.is_ready:
            return "rebuilding"
        return "full" if self._is_full else "ready"

    def _note_boot(self, boot_id: bytes) -> None:
        """After a reboot, let the loader verify what it had loaded shortly before."""
        last = self._db.read_meta("boot_id")
        if last == boot_id:
            return
        if last is not None:
            kept_ms = self._limits.kept_seconds * 1000
            self.queue.reopen_kept(unix_ms(self._clock()), kept_ms)
        with self._db.transaction():
            self._db.write_meta("boot_id", boot_id)

    def _find_repeat(self, commit: Commit) -> CommitAnswer | None:
        """Give the answer of a commit that was taken before, or none.

        `Malformed` where only some of its batches were: a batch id that was used twice.
        """
        stored = self._db.find_answer(commit.commit_id)
        if stored is not None:
            return Committed(stored)
        found = [self._db.find_batch(part.batch_id) for part in commit.parts]
        bitmaps = [bitmap for bitmap in found if bitmap is not None]
        if not bitmaps:
            return None
        return Committed(bitmaps) if len(bitmaps) == len(found) else Malformed()

    def _fit(
        self, indexes: list[int], commits: Sequence[Commit], answers: list[CommitAnswer | None]
    ) -> list[int]:
        """Give those commits that have room, after the others were answered `Full`."""
        sizes = [sum(len(part.blob) for part in commits[index].parts) for index in indexes]
        used = self._totals.spooled.bytes + self._totals.parked.bytes
        excess = used + self._totals.kept.bytes + sum(sizes) - self._limits.spool_bytes_max
        if excess > 0:
            prune_kept(self._db, self._totals, excess)
        fitting = []
        for index, size in zip(indexes, sizes, strict=True):
            if used + size > self._limits.spool_bytes_max:
                answers[index] = Full()
                continue
            used += size
            fitting.append(index)
        return fitting

    def _take(self, commits: Sequence[Commit]) -> list[CommitAnswer]:
        """Write new commits: look up, commit, add, answer, in this order."""
        if not commits:
            return []
        parts = [part for commit in commits for part in commit.parts]
        keys = as_keys(b"".join(part.digests for part in parts))
        now_ms = unix_ms(self._clock())
        self._index.prepare(len(keys), now_ms, self.queue.oldest_span)
        duplicates = self._index.find_duplicates(keys) | join_known(parts)
        batches = split_batches(parts, duplicates)
        with self._db.transaction():
            span = self._index.choose_span(now_ms)
            last_seq = self._write(commits, batches, span, now_ms)
        self._index.add(keys[~duplicates], span, last_seq)
        for batch in batches:
            self._totals.add(SPOOLED if batch.accepted else LOADED, batch.accepted, batch.bytes)
        self._commits += len(commits)
        self._transactions += 1
        return [Committed(bitmaps) for bitmaps in _by_commit(commits, batches)]

    def _write(
        self, commits: Sequence[Commit], batches: Sequence[Batch], span: Span, now_ms: int
    ) -> int:
        """Write rows, answers and counts; give the last batch's number, 0 where there is none."""
        seq = 0
        for batch in batches:
            seq = self._db.insert_batch(batch, span.number, now_ms)
        for commit, bitmaps in zip(commits, _by_commit(commits, batches), strict=True):
            self._db.insert_answer(commit.commit_id, bitmaps, now_ms)
        self._db.add_counts(count_outcomes(commits, batches), now_ms // DAY_MS, now_ms)
        return seq


def _read_needed(db: SpoolDb) -> int:
    """Give the first batch that is still to be forwarded, beyond all where none is."""
    value = db.read_meta(NEEDED)
    return SEQ_NEVER if value is None else int.from_bytes(value, "big")


def _by_commit(commits: Sequence[Commit], batches: Sequence[Batch]) -> list[list[bytes]]:
    """Give the bitmaps of the parts of each commit."""
    left = iter(batches)
    return [[next(left).duplicates for _ in commit.parts] for commit in commits]


def _split_clashing(
    commits: Sequence[Commit], answers: Sequence[CommitAnswer | None]
) -> tuple[list[int], list[int]]:
    """Give the new commits for one transaction, and those that repeat one of them."""
    together: list[int] = []
    later: list[int] = []
    met: set[bytes] = set()
    for index, commit in enumerate(commits):
        ids = {commit.commit_id} | {part.batch_id for part in commit.parts}
        if answers[index] is None:
            (later if ids & met else together).append(index)
            met |= ids
    return together, later
