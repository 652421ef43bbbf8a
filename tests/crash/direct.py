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


class Batches:
    """What was committed, to be held against what the warehouse has."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles
        self.frames: dict[str, list[pl.DataFrame]] = {table: [] for table in TABLES}

    def commit(self, tables: Sequence[str] = TABLES) -> None:
        """Hand one batch of each table to the spooler; when this returns it is durable."""
        parts = [self._make_part(table) for table in tables]
        asyncio.run(_commit(spooler_socket(self._roles.settings), Commit(parts, [])))

    def stored(self, table: str) -> list[str]:
        """Give the event ids that the warehouse holds, one for each row."""
        with closing(warehouse.connect(self._roles.settings, "sanaq_reader")) as client:
            rows = client.query(f"SELECT toString(event_id) FROM sanaq.{table}").result_rows
        return [row[0] for row in rows]

    def partial(self) -> dict[str, int]:
        """Give, for tables whose last batch is there in part, how many of its rows are."""
        found = {}
        for table in TABLES:
            last = self.frames[table][-1]
            there = len(set(last["event_id"]) & set(self.stored(table)))
            if 0 < there < last.height:
                found[table] = there
        return found

    def check(self) -> None:
        """Every row that was committed is there once, and no other."""
        for table in TABLES:
            sent = [one for frame in self.frames[table] for one in frame["event_id"]]
            assert Counter(self.stored(table)) == Counter(sent), table

    def _make_part(self, table: str) -> Part:
        batch_id = uuid4().bytes
        now = datetime.now(UTC).replace(microsecond=0)
        # Thirty-one days apart, and the first of them not old enough for any retention.
        months = [now - timedelta(days=31 * month) for month in range(MONTHS) if month * 31 < 80]
        rows = [
            {
                "event_id": str(uuid4()),
                "batch_id": name_batch(batch_id),
                "site": "soq",
                "event_name": "page_view",
                "received_at": month,
                "occurred_at": month,
            }
            for month in months
            for _ in range(ROWS_PER_MONTH)
        ]
        frame = frame_of(table, rows)
        self.frames[table].append(frame)
        ids = frame["event_id"].to_list()
        return Part(
            batch_id=batch_id,
            table=table,
            rows=frame.height,
            blob=encode_rows(table, frame),
            digests=b"".join(blake2b(one.encode(), digest_size=16).digest() for one in ids),
            site_runs=[("soq", frame.height)],
        )


async def _commit(socket: Path, commit: Commit) -> None:
    client = SpoolClient(socket)
    (answer,) = [await client.commit(commit)]
    await client.close()
    assert not any(answer.duplicates)
