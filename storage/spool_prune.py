"""Deletes from the spool what nothing needs any more, a little at a time."""

from __future__ import annotations

from typing import NamedTuple

from storage.spool_db import SpoolDb
from storage.spool_file import LOADED
from storage.spool_queue import Totals

ROWS_MAX = 64
"""Rows of each kind that one call deletes, so that no commit waits long for it."""

FREE_PAGES_MAX = 16_000
"""Free pages that the file keeps for the next rows; more are given back to the disk."""


SEQ_NEVER = 1 << 62
"""Stands for a batch that will never be."""


class Held(NamedTuple):
    """Loaded batches that are kept beyond their time, to be forwarded."""

    from_seq: int
    """The first of them."""
    since_ms: int
    """Those committed before this moment are not kept, whoever needs them."""


HOLD_NOTHING = Held(SEQ_NEVER, 0)


def prune(
    db: SpoolDb,
    totals: Totals,
    before_ms: int,
    first_span: int,
    free_pages_max: int,
    held: Held = HOLD_NOTHING,
) -> bool:
    """Delete what is older than `before_ms` or belongs to forgotten spans; tell if more is left.

    Of batches that are held for others only the first few are looked at: they are deleted in the
    order in which they came, and those behind them wait for them.
    Errors: SpoolFull.
    """
    sql = "SELECT seq, accepted, bytes, committed_at FROM batches WHERE state = ? AND loaded_at < ?"
    old = db.execute(f"{sql} ORDER BY loaded_at LIMIT ?", (LOADED, before_ms, ROWS_MAX)).fetchall()
    kept = [row[:3] for row in old if row[0] < held.from_seq or row[3] < held.since_ms]
    answers = _first(db, "SELECT number, committed_at FROM commits ORDER BY number", before_ms)
    digests = _first(db, "SELECT seq, span FROM digests ORDER BY seq", first_span)
    if not (kept or answers or digests):
        return _give_back(db, free_pages_max)
    with db.transaction():
        _delete_batches(db, kept)
        db.connection.executemany("DELETE FROM commits WHERE number = ?", answers)
        db.connection.executemany("DELETE FROM digests WHERE seq = ?", digests)
    _uncount(totals, kept)
    return max(len(kept), len(answers), len(digests)) == ROWS_MAX


def prune_kept(db: SpoolDb, totals: Totals, bytes_wanted: int) -> None:
    """Delete loaded batches before their time, the oldest first, to make room for new ones.

    Errors: SpoolFull.
    """
    sql = "SELECT seq, accepted, bytes FROM batches WHERE state = ? AND bytes > 0"
    cursor = db.execute(f"{sql} ORDER BY loaded_at", (LOADED,))
    chosen, found = [], 0
    while found < bytes_wanted and (row := cursor.fetchone()) is not None:
        chosen.append(row)
        found += row[2]
    cursor.close()
    if chosen:
        with db.transaction():
            _delete_batches(db, chosen)
        _uncount(totals, chosen)


def _first(db: SpoolDb, sql: str, below: int) -> list[tuple[int]]:
    """Give the keys of the first rows whose second column is below a bound, in key order."""
    rows = db.execute(f"{sql} LIMIT ?", (ROWS_MAX,)).fetchall()
    return [(key,) for key, value in rows if value < below]


def _delete_batches(db: SpoolDb, rows: list[tuple[int, int, int]]) -> None:
    seqs = [(seq,) for seq, _, _ in rows]
    db.connection.executemany("DELETE FROM blobs WHERE seq = ?", seqs)
    db.connection.executemany("DELETE FROM batches WHERE seq = ?", seqs)


def _uncount(totals: Totals, rows: list[tuple[int, int, int]]) -> None:
    for _, accepted, size in rows:
        totals.add(LOADED, -accepted, -size, -1)


def _give_back(db: SpoolDb, free_pages_max: int) -> bool:
    """Return free pages beyond what the next rows will use; tell whether there are more."""
    free = int(db.execute("PRAGMA freelist_count").fetchone()[0])
    if free <= free_pages_max:
        return False
    with db.transaction():
        db.execute(f"PRAGMA incremental_vacuum({ROWS_MAX * 10})").fetchall()
    return True
