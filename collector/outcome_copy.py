"""The ledger's counters, copied into the warehouse's `outcomes` for analysts and operators."""

from __future__ import annotations

import socket
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from clickhouse_connect.driver.client import Client

from storage import warehouse
from storage.spool import read_counters

OVERLAP_MS = 10_000
"""How far back a copy looks again, since a counter may change in the millisecond it was read."""

COLUMNS = ["host", "day", "site", "table", "outcome", "reason", "n", "updated_at"]

EPOCH = date(1970, 1, 1)


def copy_outcomes(client: Client, file: Path, since_ms: int) -> int:
    """Copy the counters that changed since a moment; give the moment to go on from.

    A counter is copied as it stands, so copying it twice changes nothing.
    Errors: Unavailable.
    """
    counters = read_counters(file, max(0, since_ms - OVERLAP_MS))
    if not counters:
        return since_ms
    rows = [
        [
            socket.gethostname(),
            EPOCH + timedelta(days=one.day),
            one.site,
            one.table,
            one.outcome,
            one.reason,
            one.n,
            datetime.fromtimestamp(one.updated_at_ms / 1000, UTC),
        ]
        for one in counters
    ]
    with warehouse.errors():
        client.insert("sanaq.outcomes", rows, column_names=COLUMNS)
    return max(one.updated_at_ms for one in counters)
