"""Transactions of the spool's database and what each of them may do to it.

Used by the spooler's process alone. Reading by others: `storage.spool`.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

from storage.schemas import SCHEMA_VERSION
from storage.spool_file import LOADED, SPOOLED, open_for_writing
from storage.spool_join import Batch, CounterKey
from storage.spool_protocol import SpoolFull
from storage.spool_span import DAY_MS, Span

_INSERT_BATCH = """
INSERT INTO batches (batch_id, table_name, schema_version, rows, accepted, bytes, duplicates,
                     sites, day, span, committed_at, state, loaded_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""

_ADD_COUNT = """
INSERT INTO counters (day, site, table_name, outcome, reason, n, updated_at)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (day, site, table_name, outcome, reason)
DO UPDATE SET n = n + excluded.n, updated_at = excluded.updated_at
"""


class SpoolDb:
    """The database, open for writing."""

    def __init__(
        self, path: Path, connection_class: type[sqlite3.Connection] = sqlite3.Connection
    ) -> None:
        """Open the database, made where it is missing. Errors: sqlite3.Error."""
        self.connection = open_for_writing(path, connection_class)
        self.execute = self.connection.execute

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside one transaction, on disk when this returns.

        Errors: SpoolFull where the disk is full, with nothing changed. Any other sqlite3.Error
        is not to be survived: after a failed fsync nobody knows what is on the disk, so the
        process dies and the next one reads the file anew.
        """
        try:
            self.execute("BEGIN IMMEDIATE")
            yield
            self.execute("COMMIT")
        except sqlite3.Error as error:
            if not _is_disk_full(error):
                raise
            if self.connection.in_transaction:
                self.execute("ROLLBACK")
            raise SpoolFull from None

    def shrink_log(self) -> None:
        """Move the log into the file and cut it to nothing, as far as disk and readers let it."""
        try:
            self.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.Error as error:
            if not _is_disk_full(error):
                raise

    def read_meta(self, name: str) -> bytes | None:
        """Give a value that belongs to the whole spool, or none."""
        row = self.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
        return None if row is None else bytes(row[0])

    def write_meta(self, name: str, value: bytes) -> None:
        """Set a value that belongs to the whole spool."""
        self.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))

    def spool_id(self) -> bytes:
        """Give the 16 bytes that tell this database from every other, made at its first use."""
        found = self.read_meta("spool_id")
        if found is None:
            found = os.urandom(16)
            with self.transaction():
                self.write_meta("spool_id", found)
        return found

    def last_seq(self) -> int:
        """Give the highest number that a batch ever had; 0 before the first."""
        row = self.execute("SELECT seq FROM sqlite_sequence WHERE name = 'batches'").fetchone()
        return 0 if row is None else int(row[0])

    def read_spans(self) -> list[Span]:
        """Give the spans that are remembered, oldest first."""
        rows = self.execute("SELECT span, started_at FROM spans ORDER BY span")
        return [Span(number, started_at) for number, started_at in rows]

    def insert_span(self, now_ms: int) -> Span:
        """Begin a span."""
        cursor = self.execute("INSERT INTO spans (started_at) VALUES (?)", (now_ms,))
        return Span(_lastrowid(cursor), now_ms)

    def insert_batch(self, batch: Batch, span: int, now_ms: int) -> int:
        """Keep a batch and the digests of its new rows; give its number.

        A batch of duplicates alone needs no loading and keeps no rows.
        """
        part, is_new = batch.part, batch.accepted > 0
        state, loaded_at = (SPOOLED, 0) if is_new else (LOADED, now_ms)
        cursor = self.execute(
            _INSERT_BATCH,
            (
                *(part.batch_id, part.table, SCHEMA_VERSION, part.rows, batch.accepted),
                *(batch.bytes, batch.duplicates, msgspec.msgpack.encode(batch.sites)),
                *(now_ms // DAY_MS, span, now_ms, state, loaded_at),
            ),
        )
        seq = _lastrowid(cursor)
        if is_new:
            self.execute("INSERT INTO blobs (seq, blob) VALUES (?, ?)", (seq, part.blob))
            row = (seq, span, batch.digests)
            self.execute("INSERT INTO digests (seq, span, digests) VALUES (?, ?, ?)", row)
        return seq

    def insert_answer(self, commit_id: bytes, duplicates: Sequence[bytes], now_ms: int) -> None:
        """Keep the answer to a commit, for when it is sent again."""
        answer = msgspec.msgpack.encode(duplicates)
        self.execute(
            "INSERT INTO commits (commit_id, committed_at, answer) VALUES (?, ?, ?)",
            (commit_id, now_ms, answer),
        )

    def find_answer(self, commit_id: bytes) -> list[bytes] | None:
        """Give the bitmaps that were answered to a commit, or none where it is new."""
        sql = "SELECT answer FROM commits WHERE commit_id = ?"
        row = self.execute(sql, (commit_id,)).fetchone()
        return None if row is None else msgspec.msgpack.decode(row[0], type=list[bytes])

    def find_batch(self, batch_id: bytes) -> bytes | None:
        """Give the bitmap of a batch's duplicates, or none where the batch is new."""
        sql = "SELECT duplicates FROM batches WHERE batch_id = ?"
        row = self.execute(sql, (batch_id,)).fetchone()
        return None if row is None else bytes(row[0])

    def add_counts(self, counts: Mapping[CounterKey, int], day: int, now_ms: int) -> None:
        """Add to the ledger's counters of a day."""
        rows = [(day, *key, n, now_ms) for key, n in counts.items()]
        self.connection.executemany(_ADD_COUNT, rows)


def _is_disk_full(error: sqlite3.Error) -> bool:
    return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL


def _lastrowid(cursor: sqlite3.Cursor) -> int:
    row = cursor.lastrowid
    if row is None:
        raise RuntimeError("the spool's database gave no number to a new row")
    return row
