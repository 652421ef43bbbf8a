"""The spool as others read it, beside its writer: batches to load, and the ledger.

Read-only connections to the spool's database (`storage.spool_file.spool_file`), each call in one
consistent view.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from storage.spool_file import LOADED, open_for_reading


@dataclass(frozen=True)
class SpooledBatch:
    """One batch with its rows, for the loader."""

    seq: int
    """Its place in the spool."""
    batch_id: bytes
    table: str
    rows: int
    """Rows in `blob`, duplicates included."""
    blob: bytes
    """As `storage.spool_rows.encode_rows` made it; `decode_rows` leaves the duplicates out."""
    duplicates: bytes
    """Bitmap of the rows that must not be loaded; empty for none."""
    attempts: int
    """Attempts that failed."""
    state_was_loading: bool
    """An earlier claim did not end with `loaded`: some rows may be in the warehouse already."""


def read_batches(path: Path, seqs: Sequence[int]) -> list[SpooledBatch]:
    """Give claimed batches with their rows, in the order asked for.

    A batch that is no longer there is left out.
    Errors: Unavailable where there is no spool yet.
    """
    sql = """
    SELECT seq, batch_id, table_name, rows, blob, duplicates, attempts, claims > 1
    FROM batches JOIN blobs USING (seq) WHERE seq = ?
    """
    found = []
    with closing(open_for_reading(path)) as connection:
        for seq in seqs:
            row = connection.execute(sql, (seq,)).fetchone()
            if row is not None:
                seq, batch_id, table, size, blob, duplicates, attempts, was_loading = row
                was = bool(was_loading)
                batch = SpooledBatch(seq, batch_id, table, size, blob, duplicates, attempts, was)
                found.append(batch)
    return found


@dataclass(frozen=True)
class Counted:
    """One counter of the ledger, for the `outcomes` table."""

    day: int
    """UTC day of receipt, in days since 1970."""
    site: str
    table: str
    outcome: str
    reason: str
    """Empty where the outcome needs none."""
    n: int
    updated_at_ms: int
    """When it last changed, in ms since 1970."""


def read_counters(path: Path, since_ms: int = 0) -> list[Counted]:
    """Give the counters that changed at or after a moment.

    Errors: Unavailable where there is no spool yet.
    """
    sql = "SELECT * FROM counters WHERE updated_at >= ? ORDER BY day, site, table_name"
    with closing(open_for_reading(path)) as connection:
        return [Counted(*row) for row in connection.execute(sql, (since_ms,))]


@dataclass(frozen=True)
class Ledger:
    """Where every event went: received = stored + duplicate + rejected + refused + spooled."""

    received: int = 0
    """Events that were decoded and answered."""
    stored: int = 0
    """Events that were ever loaded."""
    duplicate: int = 0
    rejected: int = 0
    refused: int = 0
    spooled: int = 0
    """Events that wait for loading, parked ones among them."""
    undecodable: int = 0
    """Requests that could not be decoded."""
    property_refused: int = 0
    """Properties of a category that is never collected; their events lived on without them."""
    signal_unreadable: int = 0
    """Sources of consent that could not be read, by event; they granted nothing."""
    erased: int = 0
    expired: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    """Events by reason, for those rejected or refused, requests that were undecodable, and
    properties by category."""

    @property
    def difference(self) -> int:
        """Events that are unaccounted for; 0, or something is broken."""
        others = self.stored + self.duplicate + self.rejected + self.refused + self.spooled
        return self.received - others


OUTCOMES = (
    *("received", "stored", "duplicate", "rejected", "refused"),
    *("undecodable", "property_refused", "signal_unreadable", "erased", "expired"),
)
"""Outcomes that the ledger tells, `spooled` aside, which is counted from the batches."""


def read_ledger(path: Path, site: str | None = None) -> Ledger:
    """Add up the ledger of all sites, or of one.

    `spooled` is counted from the batches themselves and not from counters, so that the sum of
    the others being `received` proves something. Records of consent are no events.
    Errors: Unavailable where there is no spool yet.
    """
    totals: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    with closing(open_for_reading(path)) as connection:
        events = "table_name != 'consents'"
        rows = connection.execute(f"SELECT site, outcome, reason, n FROM counters WHERE {events}")
        for its_site, outcome, reason, n in rows:
            if site in (None, its_site):
                totals[outcome] += n
                if reason:
                    reasons[reason] += n
        sql = f"SELECT sites FROM batches WHERE state != ? AND {events}"
        waiting = connection.execute(sql, (LOADED,))
        for (sites,) in waiting:
            for its_site, accepted in msgspec.msgpack.decode(sites, type=list[tuple[str, int]]):
                totals["spooled"] += accepted if site in (None, its_site) else 0
    counted = {name: totals[name] for name in (*OUTCOMES, "spooled")}
    return Ledger(**counted, reasons=dict(sorted(reasons.items())))
