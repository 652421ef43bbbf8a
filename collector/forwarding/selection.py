"""What of a batch may go to a recipient: rows whose person agreed to it, and of them what they
agreed to. Everything else stays.

Pure. A refusal that was recorded after an event was received counts here too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import polars as pl

from config.policy import Policy
from config.recipients import ALWAYS, IDS, Recipient
from storage.schemas import NO_ID

SUBJECT_IDS = ("person_id", "device_id", "advertising_id")
"""Pseudonyms that a refusal may be about."""

READ = ("event_id", "received_at", "purposes", "properties", "source")
"""Columns that decide, beside those that may leave; what was imported names its source, and stays
here: it is history, and a refusal could not be found in it."""

TABLE = "events"
"""The one table of which anything is forwarded."""


class Refusal(NamedTuple):
    """One refusal recorded about one pseudonym."""

    until_ms: int
    """It is about events received up to this moment; the gate saw to later ones."""
    purposes: frozenset[str]
    """Purposes refused."""


Refusals = Mapping[tuple[str, bytes], Sequence[Refusal]]
"""(site, our pseudonym) -> what was refused about it."""


class Selected(NamedTuple):
    """What may leave of one event. Ids are still ours: `pseudonyms` makes them the recipient's."""

    row: int
    """Its place in the batch."""
    event_id: str
    received_at_ms: int
    purposes: frozenset[str]
    """What it may be used for, refusals since its receipt taken out."""
    values: dict[str, Any]
    """Column -> value, ids aside, of those that are allowed, permitted and there."""
    ids: dict[str, bytes]
    """Column -> our pseudonym, likewise."""
    properties: dict[str, str]
    """Name -> value, likewise."""
    subjects: frozenset[bytes]
    """Our pseudonyms that a refusal may be about, whether they may leave or not."""


def select_events(
    frame: pl.DataFrame, recipient: Recipient, policy: Policy, refusals: Refusals, first: int = 0
) -> list[Selected]:
    """Give what a recipient may get of a batch of events, in the batch's order.

    Shape: `first` is the place in the batch of the frame's first row.
    """
    names = dict.fromkeys((*ALWAYS, *READ, *SUBJECT_IDS, *recipient.fields))
    meant = (
        frame.select(*names)
        .with_row_index("row", first)
        .filter(
            pl.col("site").is_in(recipient.sites)
            & pl.col("event_name").is_in(recipient.events)
            & (pl.col("source") == "")
            & pl.col("purposes").list.contains(recipient.purpose)
        )
    )
    return list(_select(meant.iter_rows(named=True), recipient, policy, refusals))


def _select(
    rows: Iterator[dict[str, Any]], recipient: Recipient, policy: Policy, refusals: Refusals
) -> Iterator[Selected]:
    needed = {name: policy.purpose_of(TABLE, name) for name in (*recipient.fields, "properties")}
    for row in rows:
        received_at_ms = round(row["received_at"].timestamp() * 1000)
        purposes = frozenset(row["purposes"]) - _refused(row, received_at_ms, policy, refusals)
        if recipient.purpose not in purposes:
            continue
        allowed = [name for name in recipient.fields if needed[name] in purposes]
        values = {name: row[name] for name in ALWAYS}
        values |= {n: row[n] for n in allowed if n not in IDS and row[n] not in (None, "")}
        ids = {name: row[name] for name in allowed if name in IDS and row[name] != NO_ID}
        properties: dict[str, str] = {}
        if needed["properties"] in purposes:
            pairs = {one["key"]: one["value"] for one in row["properties"]}
            properties = {key: pairs[key] for key in recipient.properties if key in pairs}
        subjects = frozenset(row[column] for column in SUBJECT_IDS) - {NO_ID}
        told = (purposes, values, ids, properties, subjects)
        yield Selected(row["row"], row["event_id"], received_at_ms, *told)


def _refused(
    row: Mapping[str, Any], received_at_ms: int, policy: Policy, refusals: Refusals
) -> frozenset[str]:
    """Give the purposes refused about anybody an event is of, since it was received."""
    site: str = row["site"]
    return frozenset(
        purpose
        for column in SUBJECT_IDS
        for refusal in refusals.get((site, row[column]), ())
        if received_at_ms <= refusal.until_ms
        for purpose in refusal.purposes
        if policy.is_refusable(purpose, site)
    )
