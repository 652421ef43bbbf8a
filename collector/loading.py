"""One group of batches into one table: what is there already, what is missing, and the insert."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import uuid4

import polars as pl
from clickhouse_connect.driver.client import Client

from collector.parts import name_batch
from storage import warehouse
from storage.errors import Unavailable
from storage.schemas import ID_COLUMN
from storage.spool import SpooledBatch
from storage.spool_rows import decode_rows

QUERY_PREFIX = "sanaq-load-"
"""How the query ids of our inserts begin, so that one that still runs is recognised."""

WAIT_SECONDS_MAX = 120.0
"""How long an insert of unknown fate may still run before the warehouse counts as away."""

POLL_SECONDS = 0.2


@dataclass
class Outcome:
    """What became of a group of batches, by their places in the spool."""

    loaded: list[int] = field(default_factory=list)
    failed: list[int] = field(default_factory=list)
    received_from: datetime | None = None
    """When the first of the rows that were inserted was received; None where none was."""


class Loader:
    """Brings batches into the warehouse, exactly once whatever happened before."""

    def __init__(self, client: Client, pause: Callable[[float], None]) -> None:
        self._client = client
        self._pause = pause

    def load(self, table: str, batches: Sequence[SpooledBatch]) -> Outcome:
        """Load batches of one table in one insert.

        A batch whose earlier claim did not end is first compared with what the warehouse holds.
        Errors: Unavailable; then nothing is known, and the batches are to be loaded again.
        """
        doubtful = [one for one in batches if one.state_was_loading or one.attempts]
        missing = self._missing_of(table, doubtful) if doubtful else {}
        frames = [missing.get(one.seq, _rows_of(one)) for one in batches]
        frame = pl.concat(frames)
        if frame.height:
            try:
                query_id = f"{QUERY_PREFIX}{uuid4().hex}"
                warehouse.insert_frame(self._client, table, frame, query_id)
            except warehouse.Refused:
                return Outcome(failed=[one.seq for one in batches])
        received_from = frame["received_at"].min() if frame.height else None
        assert received_from is None or isinstance(received_from, datetime)
        return Outcome([one.seq for one in batches], received_from=received_from)

    def _missing_of(self, table: str, doubtful: Sequence[SpooledBatch]) -> dict[int, pl.DataFrame]:
        """Give, for batches of unknown fate, the rows that the warehouse does not have."""
        self._await_running()
        names = [name_batch(one.batch_id) for one in doubtful]
        there = warehouse.rows_of_batches(self._client, table, names)
        return {
            one.seq: self._rows_missing(table, one, there.get(name, 0))
            for one, name in zip(doubtful, names, strict=True)
        }

    def _rows_missing(self, table: str, one: SpooledBatch, there: int) -> pl.DataFrame:
        """Give the rows of one batch that are not in the warehouse, given how many are."""
        rows = _rows_of(one)
        if there == 0:
            return rows
        if there == rows.height:
            return rows.clear()
        missing: list[pl.DataFrame] = []
        # Site by site, since two sites may use one event id.
        for (site,), of_site in rows.group_by("site", maintain_order=True):
            column = ID_COLUMN[table]
            ids = of_site[column].to_list()
            found = warehouse.existing_event_ids(self._client, table, str(site), ids)
            missing.append(of_site.filter(~pl.col(column).is_in(list(found))))
        return pl.concat(missing)

    def _await_running(self) -> None:
        """Wait until no insert of ours runs any more.

        Errors: Unavailable where one does not end.
        """
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while warehouse.running_loads(self._client, QUERY_PREFIX):
            if time.monotonic() > deadline:
                raise Unavailable("warehouse")
            self._pause(POLL_SECONDS)


def _rows_of(one: SpooledBatch) -> pl.DataFrame:
    """Give a batch's rows without its duplicates, checked against the table's schema."""
    return decode_rows(one.table, one.blob, one.duplicates)
