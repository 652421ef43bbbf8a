"""The spool as the loader sees it: batches wait, are claimed, loaded, or set aside."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from storage.spool_db import SpoolDb
from storage.spool_file import LOADED, LOADING, PARKED, SPOOLED
from storage.spool_join import CounterKey
from storage.spool_protocol import ClaimedBatch


@dataclass
class Total:
    """What batches of one state come to."""

    batches: int = 0
    rows: int = 0
    """Rows without duplicates."""
    bytes: int = 0


@dataclass
class Totals:
    """What lies in the spool, kept up to date in memory."""

    spooled: Total = field(default_factory=Total)
    """Batches that wait or are being loaded."""
    kept: Total = field(default_factory=Total)
    """Batches that are in the warehouse."""
    parked: Total = field(default_factory=Total)
    """Batches that need a person."""

    def of(self, state: int) -> Total:
        """Give the total that batches of a state belong to."""
        return {LOADED: self.kept, PARKED: self.parked}.get(state, self.spooled)

    def add(self, state: int, rows: int, size: int, batches: int = 1) -> None:
        """Count batches in, or out by negative numbers."""
        total = self.of(state)
        total.batches += batches
        total.rows += rows
        total.bytes += size


def read_totals(db: SpoolDb) -> Totals:
    """Count what lies in the spool by reading it."""
    totals = Totals()
    sql = "SELECT state, count(*), sum(accepted), sum(bytes) FROM batches GROUP BY state"
    for state, batches, rows, size in db.execute(sql):
        totals.add(state, rows, size, batches)
    return totals


@dataclass(frozen=True)
class _Row:
    seq: int
    state: int
    table: str
    accepted: int
    bytes: int
    day: int
    sites: list[tuple[str, int]]


class LoadQueue:
    """Moves batches between their states, each move one transaction; repeats change nothing."""

    def __init__(self, db: SpoolDb, totals: Totals) -> None:
        self._db = db
        self._totals = totals

    def claim(self, rows_max: int, held: Collection[int]) -> list[ClaimedBatch]:
        """Mark the oldest batches as loading, up to `rows_max` rows but at least one batch.

        Shape: `held` are the batches that the asking loader has claimed before and not ended.
        Errors: SpoolFull where the disk cannot keep the mark.
        """
        chosen: list[ClaimedBatch] = []
        rows = 0
        for batch in self._waiting():
            if batch.seq in held:
                continue
            rows += batch.rows
            if chosen and rows > rows_max:
                break
            chosen.append(batch)
        if chosen:
            with self._db.transaction():
                sql = "UPDATE batches SET state = ?, claims = claims + 1 WHERE seq = ?"
                values = [(LOADING, batch.seq) for batch in chosen]
                self._db.connection.executemany(sql, values)
        return chosen

    def mark_loaded(self, seqs: Sequence[int], now_ms: int) -> None:
        """Note that batches are in the warehouse, and count their rows as stored."""
        moved = self._find(seqs, (SPOOLED, LOADING, PARKED))
        with self._db.transaction():
            self._set(moved, LOADED, "loaded_at = ?", now_ms)
            self._count_stored(moved, +1, now_ms)
        self._move(moved, LOADED)

    def mark_failed(self, seqs: Sequence[int]) -> None:
        """Let batches wait for another attempt, and count this one."""
        moved = self._find(seqs, (LOADING,))
        with self._db.transaction():
            self._set(moved, SPOOLED, "attempts = attempts + ?", 1)
        self._move(moved, SPOOLED)

    def park(self, seqs: Sequence[int]) -> None:
        """Set batches aside."""
        moved = self._find(seqs, (SPOOLED, LOADING))
        with self._db.transaction():
            self._set(moved, PARKED, "loaded_at = ?", 0)
        self._move(moved, PARKED)

    def reopen(self, seqs: Sequence[int], now_ms: int) -> int:
        """Let parked or loaded batches wait again, uncounting what was stored; tell how many.

        They count as claimed before, so the loader looks for their rows in the warehouse first.
        """
        moved = [row for row in self._find(seqs, (LOADED, PARKED)) if row.bytes]
        stored = [row for row in moved if row.state == LOADED]
        with self._db.transaction():
            self._set(moved, SPOOLED, "attempts = ?", 0)
            self._count_stored(stored, -1, now_ms)
        self._move(moved, SPOOLED)
        return len(moved)

    def reopen_kept(self, now_ms: int, kept_ms: int) -> int:
        """Reopen every batch that was loaded within `kept_ms` of the last one; tell how many.

        Why: after a reboot the warehouse may have lost what its disk had not written. What was
        loaded long before is there, and still here only because it is to be forwarded.
        """
        last = "(SELECT max(loaded_at) FROM batches WHERE state = ?1)"
        sql = f"SELECT seq FROM batches WHERE state = ?1 AND loaded_at >= {last} - ?2"
        rows = self._db.execute(sql, (LOADED, kept_ms))
        return self.reopen([seq for (seq,) in rows.fetchall()], now_ms)

    def oldest_ms(self) -> int | None:
        """Give the moment at which the oldest waiting batch was committed, or none."""
        sql = "SELECT committed_at FROM batches WHERE state IN (0, 1) ORDER BY seq LIMIT 1"
        row = self._db.execute(sql).fetchone()
        return None if row is None else int(row[0])

    def oldest_span(self) -> int | None:
        """Give the span of the oldest batch that is not loaded, or none."""
        sql = """
        SELECT min(span) FROM (
            SELECT span FROM (SELECT span FROM batches WHERE state IN (0, 1) ORDER BY seq LIMIT 1)
            UNION ALL
            SELECT span FROM (SELECT span FROM batches WHERE state = 3 ORDER BY seq LIMIT 1)
        )
        """
        span = self._db.execute(sql).fetchone()[0]
        return None if span is None else int(span)

    def _waiting(self) -> Iterator[ClaimedBatch]:
        sql = """
        SELECT seq, batch_id, table_name, accepted FROM batches
        WHERE state IN (0, 1) ORDER BY seq
        """
        cursor: sqlite3.Cursor = self._db.execute(sql)
        for seq, batch_id, table, accepted in cursor:
            yield ClaimedBatch(seq, batch_id, table, accepted)

    def _find(self, seqs: Sequence[int], states: Sequence[int]) -> list[_Row]:
        sql = """
        SELECT seq, state, table_name, accepted, bytes, day, sites FROM batches WHERE seq = ?
        """
        found = []
        for seq in dict.fromkeys(seqs):
            row = self._db.execute(sql, (seq,)).fetchone()
            if row is not None and row[1] in states:
                number, state, table, accepted, size, day, packed = row
                sites = msgspec.msgpack.decode(packed, type=list[tuple[str, int]])
                found.append(_Row(number, state, table, accepted, size, day, sites))
        return found

    def _set(self, rows: Sequence[_Row], state: int, change: str, value: int) -> None:
        sql = f"UPDATE batches SET state = ?, {change} WHERE seq = ?"
        values = [(state, value, row.seq) for row in rows]
        self._db.connection.executemany(sql, values)

    def _count_stored(self, rows: Sequence[_Row], sign: int, now_ms: int) -> None:
        """Count under the day of receipt, so that each day's counts add up for themselves."""
        days: dict[int, Counter[CounterKey]] = {}
        for row in rows:
            counts = days.setdefault(row.day, Counter())
            for site, accepted in row.sites:
                if accepted:
                    counts[site, row.table, "stored", ""] += sign * accepted
        for day, counts in days.items():
            self._db.add_counts(counts, day, now_ms)

    def _move(self, rows: Sequence[_Row], state: int) -> None:
        for row in rows:
            self._totals.add(row.state, -row.accepted, -row.bytes, -1)
            self._totals.add(state, row.accepted, row.bytes)
