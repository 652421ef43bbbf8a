"""The line: identifiers become keyed digests, and every identifying column ends here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from uuid import uuid4

import polars as pl

from collector.advertising_ids import canonical_advertising_id
from collector.context import Context
from collector.frames import change
from collector.identifiers import canonical_id, read_uuid, tells_of, uuid_of_digest
from collector.own_ids import SEPARATOR
from collector.pipeline import stage
from storage.key_epochs import KeyClass

DIGESTED: tuple[tuple[str, str, KeyClass, Callable[[str | None], bytes | None]], ...] = (
    ("_person", "person_id", "person", canonical_id),
    ("_device", "device_id", "device", canonical_id),
    ("_advertising_id", "advertising_id", "advertising", canonical_advertising_id),
    ("_session", "session_id", "session", canonical_id),
)
"""Identifier, the column of its digest, the class of its key, its canonical form."""

SUBJECTS = (("person", "person_id"), ("device", "device_id"), ("visit", "visit_id"))
"""What an event is counted as: the first that it has. An advertising id never is a subject."""

IDENTIFYING = (
    "_person",
    "_device",
    "_advertising_id",
    "_session",
    "_event_id",
    "_address",
    "_user_agent",
    "_sent_ids",
)
"""Columns that end here."""


@stage(
    needs=["site", "table", "occurred_at", "may_visit", "is_admitted", *IDENTIFYING],
    adds={
        "event_id": pl.String,
        "identity": pl.Binary,
        "person_id": pl.Binary,
        "device_id": pl.Binary,
        "advertising_id": pl.Binary,
        "session_id": pl.Binary,
        "visit_id": pl.Binary,
        "subject_id": pl.Binary,
        "subject_kind": pl.String,
    },
    drops=[*IDENTIFYING, "is_admitted"],
)
def pseudonymise(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Replace every identifier by a keyed digest; after this no column identifies.

    A visit is digested from site, local day, address and user agent, only where the event carries
    no other id and the gate allows visits. Events keep a UUID sent as their id, unless it tells
    of an identifier that was sent with it, permitted or not.
    """
    sites = batch["site"].to_list()
    moments = batch["occurred_at"].cast(pl.Int64).to_list()
    digests = {
        column: context.digest_many(
            key_class, sites, moments, [canonical(text) for text in batch[source].to_list()]
        )
        for source, column, key_class, canonical in DIGESTED
    }
    visit_values = _visit_values(batch, list(digests.values()))
    digests["visit_id"] = context.digest_many("visit", sites, moments, visit_values)
    event_ids = _event_ids(batch, context, sites, moments)
    identities = context.digest_many(
        "event", sites, moments, [b"identity\x1f" + one.encode() for one in event_ids]
    )
    columns = [pl.Series(name, values, pl.Binary) for name, values in digests.items()]
    columns += [
        pl.Series("event_id", event_ids, pl.String),
        pl.Series("identity", identities, pl.Binary),
        *_subjects(digests),
    ]
    return change(batch, columns, drops=[*IDENTIFYING, "is_admitted"])


def _visit_values(batch: pl.DataFrame, ids: Sequence[Sequence[bytes | None]]) -> list[bytes | None]:
    """Give what tells visits apart within a site's day; null where no visit may be counted."""
    names = ("may_visit", "_address", "_user_agent")
    rows = zip(*(batch[name].to_list() for name in names), zip(*ids, strict=True), strict=True)
    return [
        f"{address or ''}\x1f{agent or ''}".encode("utf-8", "replace")
        if may and (address or agent) and not any(others)
        else None
        for may, address, agent, others in rows
    ]


def _event_ids(
    batch: pl.DataFrame, context: Context, sites: list[str], moments: list[int]
) -> list[str]:
    """Give each event's id: a sent UUID as it is, other text as a UUIDv8 of its keyed digest.

    A UUID that holds one of the event's identifiers would carry that identifier on, so it is
    digested too. A missing id is made at random.
    """
    names = ("_event_id", "_sent_ids")
    rows = list(zip(*(batch[name].to_list() for name in names), strict=True))
    kept = [_own_uuid(sent, identifiers or "") for sent, identifiers in rows]
    digested = context.digest_many(
        "event",
        sites,
        moments,
        [
            None if uuid or sent is None else b"event\x1f" + sent.encode("utf-8", "replace")
            for uuid, (sent, _) in zip(kept, rows, strict=True)
        ],
    )
    return [
        uuid or (str(uuid_of_digest(digest)) if digest else str(uuid4()))
        for uuid, digest in zip(kept, digested, strict=True)
    ]


def _own_uuid(sent: str | None, identifiers: str) -> str | None:
    """Give a sent event id that is a UUID and tells of no identifier of the event."""
    uuid = read_uuid(sent.strip()) if sent else None
    if uuid is None or any(tells_of(uuid, one) for one in identifiers.split(SEPARATOR)):
        return None
    return uuid


def _subjects(digests: Mapping[str, Sequence[bytes | None]]) -> list[pl.Series]:
    """Give the subject of each row: person, else device, else visit, else none."""
    ids: list[bytes | None] = []
    kinds: list[str] = []
    for row in zip(*(digests[column] for _, column in SUBJECTS), strict=True):
        held = ((kind, one) for (kind, _), one in zip(SUBJECTS, row, strict=True) if one)
        kind, subject = next(held, ("", None))
        ids.append(subject)
        kinds.append(kind)
    return [pl.Series("subject_id", ids, pl.Binary), pl.Series("subject_kind", kinds, pl.String)]
