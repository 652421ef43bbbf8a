"""What one transaction of the spool holds: batches with their duplicates, and counts. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from storage.bitmap import Flags, pack_bitmap, unpack_bitmap
from storage.spool_protocol import BESIDE, Commit, Part

CounterKey = tuple[str, str, str, str]
"""Site, table, outcome, reason."""


@dataclass(frozen=True)
class Batch:
    """One part of a commit after its duplicates were found."""

    part: Part
    accepted: int
    """Rows that are new."""
    duplicates: bytes
    """Bitmap of the others."""
    sites: list[tuple[str, int]]
    """Sites and their new rows."""
    digests: bytes
    """Digests of the new rows."""

    @property
    def bytes(self) -> int:
        """Bytes that its rows take in the spool: none where all are duplicates."""
        return len(self.part.blob) if self.accepted else 0


def join_known(parts: Sequence[Part]) -> Flags:
    """Give one truth value for each row of all parts: the warehouse has it already."""
    if not any(part.known for part in parts):
        return np.zeros(sum(part.rows for part in parts), np.bool_)
    return np.concatenate([unpack_bitmap(part.known, part.rows) for part in parts])


def split_batches(parts: Sequence[Part], duplicates: Flags) -> list[Batch]:
    """Give each part its own of the joined duplicates. Shape: one truth value a row."""
    batches, start = [], 0
    for part in parts:
        batches.append(_make_batch(part, duplicates[start : start + part.rows]))
        start += part.rows
    return batches


def _make_batch(part: Part, duplicates: Flags) -> Batch:
    if not duplicates.any():
        return Batch(part, part.rows, b"", part.site_runs, part.digests)
    sites, start = [], 0
    for site, rows in part.site_runs:
        sites.append((site, rows - int(np.count_nonzero(duplicates[start : start + rows]))))
        start += rows
    fresh = np.frombuffer(part.digests, np.dtype("V16"))[~duplicates].tobytes()
    accepted = sum(rows for _, rows in sites)
    return Batch(part, accepted, pack_bitmap(duplicates), sites, fresh)


def count_outcomes(commits: Sequence[Commit], batches: Sequence[Batch]) -> Counter[CounterKey]:
    """Count every event of these commits: `received`, and the outcome of each.

    Received = accepted + duplicate + rejected + refused; what stands `BESIDE` counts none.
    """
    counts: Counter[CounterKey] = Counter()
    for batch in batches:
        table = batch.part.table
        for (site, rows), (_, accepted) in zip(batch.part.site_runs, batch.sites, strict=True):
            counts[site, table, "received", ""] += rows
            counts[site, table, "accepted", ""] += accepted
            counts[site, table, "duplicate", ""] += rows - accepted
    for commit in commits:
        for count in commit.counts:
            counts[count.site, count.table, count.outcome, count.reason] += count.n
            if count.outcome not in BESIDE:
                counts[count.site, count.table, "received", ""] += count.n
    return +counts
