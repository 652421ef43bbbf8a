"""The spool as a follower reads it: every batch once, in order, beside the loader.

A batch's number is its place; numbers have no gaps, and a batch is there before any later one. So
whoever remembers the last number has missed nothing, and sees where something was deleted first.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import msgspec

from storage.spool_file import open_for_reading


class Spooled(NamedTuple):
    """One batch, without its rows."""

    seq: int
    table: str
    bytes: int
    """0 where all of its rows are duplicates."""
    committed_at_ms: int
    sites: frozenset[str]
    """Sites with new rows in it."""


class Glance(NamedTuple):
    """How far the spool has come, seen from a place in it."""

    spool_id: bytes
    """16 bytes that tell this spool from every other."""
    last_seq: int
    """Number of the last batch that ever was; 0 before the first."""
    bytes_after: int
    """Bytes of the batches behind the place."""
    oldest_ms: int | None
    """When the first of them was committed, if there is one."""


def list_after(path: Path, seq: int, batches_max: int) -> list[Spooled]:
    """Give the batches behind a place, in order. Errors: Unavailable."""
    sql = """
    SELECT seq, table_name, bytes, committed_at, sites FROM batches
    WHERE seq > ? ORDER BY seq LIMIT ?
    """
    with closing(open_for_reading(path)) as connection:
        return [
            Spooled(number, table, size, at, _names(sites))
            for number, table, size, at, sites in connection.execute(sql, (seq, batches_max))
        ]


def glance(path: Path, seq: int) -> Glance:
    """Look at the spool from a place. Errors: Unavailable."""
    with closing(open_for_reading(path)) as connection:
        (spool_id,) = connection.execute(
            "SELECT value FROM meta WHERE name = 'spool_id'"
        ).fetchone()
        last = connection.execute(
            "SELECT seq FROM sqlite_sequence WHERE name = 'batches'"
        ).fetchone()
        size, oldest = connection.execute(
            "SELECT coalesce(sum(bytes), 0), min(committed_at) FROM batches WHERE seq > ?", (seq,)
        ).fetchone()
    return Glance(bytes(spool_id), last[0] if last else 0, size, oldest)


def _names(packed: bytes) -> frozenset[str]:
    sites: Sequence[tuple[str, int]] = msgspec.msgpack.decode(packed, type=list[tuple[str, int]])
    return frozenset(site for site, rows in sites if rows)
