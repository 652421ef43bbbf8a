"""From a protected batch to what the spooler takes: one part a table, and the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby, pairwise
from typing import NamedTuple
from uuid import UUID, uuid4

import polars as pl

from collector.consent.statements import UNREADABLE, unreadable_sources
from collector.outcomes import REFUSALS, STRUCK
from collector.raw_event import RawEvent
from storage.schemas import TABLES
from storage.spool_protocol import Count, CountedOutcome, Part
from storage.spool_rows import Compression, encode_rows


class Cut(NamedTuple):
    """One table's share of a batch."""

    part: Part
    rows: list[int]
    """Row of the batch that each row of the part is."""
    imported: dict[str, list[str]]
    """Site -> event ids that a historical import brought, to be looked up in the warehouse."""
    identities: list[tuple[str, str]]
    """Site and event id of each row of the part."""


def cut_parts(frame: pl.DataFrame, compression: Compression = "lz4") -> list[Cut]:
    """Cut a protected batch into parts; rows of each are sorted by site."""
    tables = sorted(set(frame["table"].to_list()))
    if len(tables) == 1:
        return [_cut(tables[0], frame, compression)]
    return [_cut(one, frame.filter(frame["table"] == one), compression) for one in tables]


def _cut(table: str, frame: pl.DataFrame, compression: Compression) -> Cut:
    """Make the part of one table, under a batch id of its own."""
    sites = frame["site"].to_list()
    if any(site > later for site, later in pairwise(sites)):
        frame = frame.sort("site", maintain_order=True)
        sites.sort()
    batch_id = uuid4()
    named = pl.Series("batch_id", [str(batch_id)], pl.String).new_from_index(0, frame.height)
    kept = pl.DataFrame([named if name == "batch_id" else frame[name] for name in TABLES[table]])
    part = Part(
        batch_id=batch_id.bytes,
        table=table,
        rows=frame.height,
        blob=encode_rows(table, kept, compression),
        digests=b"".join(frame["identity"].to_list()),
        site_runs=[(site, sum(1 for _ in run)) for site, run in groupby(sites)],
    )
    event_ids, flags = frame["event_id"].to_list(), frame["is_import"].to_list()
    imported: dict[str, list[str]] = {}
    for site, event_id, is_import in zip(sites, event_ids, flags, strict=True):
        if is_import:
            imported.setdefault(site, []).append(event_id)
    identities = list(zip(sites, event_ids, strict=True))
    return Cut(part, frame["row"].to_list(), imported, identities)


def count_outcomes(outcomes: Iterable[tuple[str, str, str]]) -> list[Count]:
    """Count (site, table, reason): events that left before the spool, and refused properties."""
    tally: Mapping[tuple[str, str, str], int] = Counter(outcomes)
    return [
        Count(site=site, outcome=_outcome_of(reason), reason=reason, n=n, table=table)
        for (site, table, reason), n in tally.items()
    ]


def count_unreadable(events: Iterable[RawEvent]) -> list[Count]:
    """Count the sources of consent that were there and could not be read, by event."""
    unreadable: Mapping[tuple[str, str, str], int] = Counter(
        (event.site, event.table, source)
        for event in events
        if UNREADABLE in event.signals
        for source in unreadable_sources(event.signals)
    )
    return [
        Count(site, "signal_unreadable", f"unreadable_{source}", n, table)
        for (site, table, source), n in unreadable.items()
    ]


def _outcome_of(reason: str) -> CountedOutcome:
    """Tell a refusal (no permission) from a rejection (bad data) and a refused property."""
    if reason in STRUCK:
        return "property_refused"
    return "refused" if reason in REFUSALS else "rejected"


def name_batch(batch_id: bytes) -> str:
    """Give a batch id as the warehouse spells it."""
    return str(UUID(bytes=batch_id))
