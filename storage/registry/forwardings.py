"""The register of forwardings, and how far each recipient has got.

A request is on the register before it leaves, and is settled after its answer; each of the two is
one transaction with the place in the spool that it reaches, so that a crash may send again and
never leaves anything untold or told twice.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from storage.registry import audit
from storage.registry.engine import Registry
from storage.registry.forward_tables import forward_hours, forward_positions
from storage.registry.tables import disclosures

ACTOR = "forwarder"
"""Who the audit log names for what is sent to recipients."""

WHAT_CHARS_MAX, BASIS_CHARS_MAX = 256, 128


class Place(NamedTuple):
    """A place in a spool: everything up to this row of this batch."""

    seq: int
    row: int
    """-1 before the first row of the batch."""


@dataclass(frozen=True)
class Progress:
    """How far one recipient has got one spool."""

    recipient: str
    spool: str
    """Id of the spool, as hex."""
    settled: Place
    begun: Place
    counts: dict[str, int] = field(default_factory=dict)
    """What became of events, by word; batches of `lost`."""
    fault: str = ""
    """What failed last, as a word; '' after a success."""
    faulted_at: datetime | None = None
    delivered_at: datetime | None = None


class Terms(NamedTuple):
    """On what terms a recipient gets events: what the register says beside numbers."""

    recipient: str
    purpose: str
    basis: str
    """Why it is lawful, in words."""
    terms: Mapping[str, Any]
    """Fields, events and all else that decides what it gets."""

    def digest(self) -> str:
        """Give what tells these terms from others, as hex."""
        text = json.dumps([*self[:3], self.terms], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


class Begun(NamedTuple):
    """Events of one site that are about to leave."""

    site: str
    events: int
    content: bytes
    """What is written of them, joined by newlines."""


class Hour(NamedTuple):
    """One line of the register."""

    recipient: str
    site: str
    hour: datetime
    purpose: str
    basis: str
    terms: dict[str, Any]
    begun: int
    """Events that may have left."""
    delivered: int
    """Events that the recipient acknowledged."""
    content_sha256: str


def find_progress(registry: Registry, recipient: str | None = None) -> list[Progress]:
    """Give how far recipients have got, one or all. Errors: Unavailable."""
    query = sa.select(forward_positions).order_by(*forward_positions.primary_key.columns)
    if recipient is not None:
        query = query.where(forward_positions.c.recipient == recipient)
    with registry.read() as connection:
        return [
            Progress(
                row.recipient,
                row.spool,
                Place(row.seq, row.row),
                Place(row.begun_seq, row.begun_row),
                dict(row.counts),
                row.fault,
                row.faulted_at,
                row.delivered_at,
            )
            for row in connection.execute(query)
        ]


def put_place(registry: Registry, recipient: str, spool: str, at: Place) -> None:
    """Let a recipient begin at a place, where it is new or its spool was put back."""
    values = {"seq": at.seq, "row": at.row, "begun_seq": at.seq, "begun_row": at.row}
    with registry.write() as connection:
        if connection.execute(_update(recipient, spool, values)).rowcount == 0:
            names = {"recipient": recipient, "spool": spool, "counts": {}, "fault": ""}
            connection.execute(forward_positions.insert().values(**names, **values))


def begin(
    registry: Registry, spool: str, terms: Terms, until: Place, begun: Sequence[Begun]
) -> None:
    """Put events on the register that are about to leave. Errors: Unavailable; then send none."""
    now, values = registry.now(), {"begun_seq": until.seq, "begun_row": until.row}
    with registry.write() as connection:
        _note_terms(registry, connection, terms)
        for one in begun:
            _add(connection, now, spool, terms, one.site, (one.events, 0), one.content)
        connection.execute(_update(terms.recipient, spool, values))


def settle(
    registry: Registry,
    spool: str,
    terms: Terms,
    until: Place,
    delivered: Mapping[str, int],
    counts: Mapping[str, int],
) -> None:
    """Note what became of everything up to a place. Errors: Unavailable; then it is done again.

    `delivered` has the acknowledged events by site, `counts` all by what became of them.
    """
    now = registry.now()
    with registry.write() as connection:
        for site, events in delivered.items():
            _add(connection, now, spool, terms, site, (0, events), b"")
        same = _same(terms.recipient, spool)
        held = connection.execute(sa.select(forward_positions.c.counts).where(same)).scalar_one()
        values: dict[str, Any] = {"seq": until.seq, "row": until.row}
        values["counts"] = dict(Counter(held) + Counter(counts))
        if delivered:
            values |= {"delivered_at": now, "fault": ""}
        connection.execute(_update(terms.recipient, spool, values))


def note_fault(registry: Registry, recipient: str, spool: str, fault: str) -> None:
    """Note what failed last, as a word from a closed set. Errors: Unavailable."""
    with registry.write() as connection:
        values = {"fault": fault, "faulted_at": registry.now()}
        connection.execute(_update(recipient, spool, values))


def list_hours(registry: Registry, recipient: str | None = None) -> list[Hour]:
    """Give the register, oldest lines first; those of one recipient, or all."""
    table = forward_hours.c
    query = sa.select(*(table[name] for name in Hour._fields))
    if recipient is not None:
        query = query.where(table.recipient == recipient)
    with registry.read() as connection:
        order = (table.hour, table.recipient, table.site, table.spool, table.terms_sha256)
        return [Hour(*row) for row in connection.execute(query.order_by(*order))]


def chain_content(previous: str, content: bytes) -> str:
    """Give the digest of a line after more content: SHA-256 over the one before and the content."""
    return hashlib.sha256(previous.encode() + content).hexdigest()


def _add(
    connection: Connection,
    now: datetime,
    spool: str,
    terms: Terms,
    site: str,
    events: tuple[int, int],
    content: bytes,
) -> None:
    """Add events, begun and delivered, to the line of this hour."""
    hour = now.replace(minute=0, second=0, microsecond=0)
    names = (terms.recipient, spool, site, hour, terms.digest())
    same = sa.and_(*(c == n for c, n in zip(forward_hours.primary_key.columns, names, strict=True)))
    held = connection.execute(sa.select(forward_hours).where(same)).first()
    begun, delivered = events
    previous = held.content_sha256 if held else ""
    values = {
        "begun": (held.begun if held else 0) + begun,
        "delivered": (held.delivered if held else 0) + delivered,
        "content_sha256": chain_content(previous, content) if content else previous,
    }
    if held:
        connection.execute(forward_hours.update().where(same).values(values))
        return
    keys = {c.name: n for c, n in zip(forward_hours.primary_key.columns, names, strict=True)}
    said = {"purpose": terms.purpose, "basis": terms.basis, "terms": dict(terms.terms)}
    connection.execute(forward_hours.insert().values(**keys, **said, **values))


def _note_terms(registry: Registry, connection: Connection, terms: Terms) -> None:
    """Put terms that are new on the disclosure register, and on the audit log."""
    number = terms.digest()[:32]
    known = sa.select(disclosures.c.id).where(disclosures.c.id == number)
    if connection.execute(known).first():
        return
    fields = [*terms.terms.get("fields", ()), *terms.terms.get("properties", ())]
    what = f"events as they come ({', '.join(terms.terms.get('events', ()))}): {', '.join(fields)}"
    row = {"id": number, "at": registry.now(), "recipient": terms.recipient, "release_id": None}
    row |= {"what": what[:WHAT_CHARS_MAX], "basis": terms.basis[:BASIS_CHARS_MAX]}
    connection.execute(disclosures.insert().values(row))
    said = {"recipient": terms.recipient, "purpose": terms.purpose, "terms": dict(terms.terms)}
    audit.append_within(registry, connection, ACTOR, "forward.begin", terms.recipient, said)


def _update(recipient: str, spool: str, values: Mapping[str, Any]) -> sa.Update:
    return forward_positions.update().where(_same(recipient, spool)).values(dict(values))


def _same(recipient: str, spool: str) -> sa.ColumnElement[bool]:
    table = forward_positions.c
    return sa.and_(table.recipient == recipient, table.spool == spool)
