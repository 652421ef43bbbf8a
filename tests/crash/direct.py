"""Batches handed to a real spooler as a collector worker does, their rows months apart.

A worker stamps rows with its own time of receipt, so one insert holds several months only where the
warehouse was away at a month's end. Here every batch does, since each month is a part of its own
in the warehouse, and each part is renamed into place by itself.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from typing import Any
from uuid import uuid4

import polars as pl

from collector.parts import name_batch
from storage import warehouse
from storage.spool_client import SpoolClient
from storage.spool_protocol import Commit, Part
from storage.spool_rows import encode_rows
from storage.spooler import spooler_socket
from tests.crash.roles import Roles
from tests.storage.warehouses import frame_of

MONTHS = 3
"""Months that the rows of a batch are from: fewer than the shortest retention."""

ROWS_PER_MONTH = 4
TABLES = ("events", "diagnostics")
SITES = ("bazar", "soq")

Row = tuple[str, str]
"""Site and event id of a row."""


class Batches:
    """What was committed, to be held against what the warehouse has."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self.frames: dict[str, list[pl.DataFrame]] = {table: [] for table in TABLES}

    def commit(self, tables: Sequence[str] = TABLES) -> None:
        """Hand one batch of each table to the spooler; when this returns it is durable."""
        parts = [self._make_part(table) for table in tables]
        asyncio.run(_commit(spooler_socket(self._roles.settings), Commit(parts, [])))

    def stored(self, table: str) -> list[Row]:
        """Give the identities that the warehouse holds, one for each row."""
        sql = f"SELECT site, toString(event_id) FROM sanaq.{table}"
        with closing(warehouse.connect(self._roles.settings, "sanaq_reader")) as client:
            return [(row[0], row[1]) for row in client.query(sql).result_rows]

    def partial(self) -> dict[str, int]:
        """Give, for tables whose last batch is there in part, how many of its rows are."""
        found = {}
        for table in TABLES:
            last = _rows_of(self.frames[table][-1])
            there = len(set(last) & set(self.stored(table)))
            if 0 < there < len(last):
                found[table] = there
        return found

    def check(self) -> None:
        """Every row that was committed is there once, and no other."""
        for table in TABLES:
            sent = [row for frame in self.frames[table] for row in _rows_of(frame)]
            assert Counter(self.stored(table)) == Counter(sent), table

    def _make_part(self, table: str) -> Part:
        batch_id = uuid4().bytes
        frame = frame_of(table, _make_rows(name_batch(batch_id)))
        self.frames[table].append(frame)
        names = ["/".join(row).encode() for row in _rows_of(frame)]
        return Part(
            batch_id=batch_id,
            table=table,
            rows=frame.height,
            blob=encode_rows(table, frame),
            digests=b"".join(blake2b(name, digest_size=16).digest() for name in names),
            site_runs=[(site, frame.height // len(SITES)) for site in SITES],
        )


def _make_rows(batch_id: str) -> list[dict[str, Any]]:
    """Make the rows of a batch, sorted by site.

    Both sites use the same event ids, one in the months' order and one against it, so that what is
    there of a batch in part has an id of one site without that of the other.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    # So far apart that no two are of one month, whatever the day.
    months = [now - timedelta(days=31 * month) for month in range(MONTHS)]
    ids = [[str(uuid4()) for _ in range(ROWS_PER_MONTH // len(SITES))] for _ in months]
    return [
        {
            "event_id": event_id,
            "batch_id": batch_id,
            "site": site,
            "event_name": "page_view",
            "received_at": month,
            "occurred_at": month,
        }
        for site, of_site in zip(SITES, (months, months[::-1]), strict=True)
        for month, of_month in zip(of_site, ids, strict=True)
        for event_id in of_month
    ]


def _rows_of(frame: pl.DataFrame) -> list[Row]:
    return list(zip(frame["site"], frame["event_id"], strict=True))


async def _commit(socket: Path, commit: Commit) -> None:
    client = SpoolClient(socket)
    answer = await client.commit(commit)
    await client.close()
    assert not any(answer.duplicates)
