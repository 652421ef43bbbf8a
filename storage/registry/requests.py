"""What people asked for about their data, from its coming in until it is done.

Called by the collector, which notes what senders ask for on a person's behalf, and by the commands
that list and close requests. Nothing here identifies: a request names its subject by a digest under
the site's consent key, and its rows by the digests that they carry (decision 0170).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy import Connection

from storage.registry import audit
from storage.registry.engine import Registry
from storage.registry.tables import requests

ERASE = "erase"
"""Kind of a request that everything be erased."""

OPEN = "open"
"""State of a request of which nothing has been done yet."""

ACTOR = "collector"


class Asked(NamedTuple):
    """One request as it comes in."""

    site: str
    kind: str
    subject_kind: str
    """person, device or advertising_id."""
    digest: bytes
    """16 bytes, under the site's consent key."""
    marks: Sequence[bytes]
    """Digests that rows of the subject carry."""
    source: str
    """Wire protocol by which it came."""


class Noted(NamedTuple):
    """One request as it stands; nothing in it identifies or finds anybody."""

    id: str
    kind: str
    site: str
    subject_kind: str
    source: str
    received_at: datetime
    state: str


def note_requests(registry: Registry, asked: Sequence[Asked]) -> None:
    """Note requests, each on the audit log; one that is open already only gains marks.

    Errors: Unavailable; then none was noted.
    """
    with registry.write() as connection:
        for one in asked:
            _note(registry, connection, one)


def list_requests(registry: Registry, state: str = OPEN) -> list[Noted]:
    """Give the requests in a state, oldest first. Errors: Unavailable."""
    columns = [requests.c[name] for name in Noted._fields]
    query = sa.select(*columns).where(requests.c.state == state)
    with registry.read() as connection:
        rows = connection.execute(query.order_by(requests.c.received_at, requests.c.id))
        return [Noted(*row) for row in rows]


def _note(registry: Registry, connection: Connection, asked: Asked) -> None:
    table, digest = requests.c, asked.digest.hex()
    same = sa.and_(table.site == asked.site, table.kind == asked.kind, table.state == OPEN)
    query = sa.select(table.id, table.marks).where(table.digest == digest, same)
    held = connection.execute(query).first()
    marks = sorted({one.hex() for one in asked.marks} | set(held.marks if held else ()))
    if held is not None:
        connection.execute(requests.update().where(table.id == held.id).values(marks=marks))
        return
    told = {"kind": asked.kind, "subject_kind": asked.subject_kind, "source": asked.source}
    number = uuid4().hex
    row = told | {"id": number, "site": asked.site, "digest": digest, "marks": marks}
    values = row | {"received_at": registry.now(), "state": OPEN}
    connection.execute(requests.insert().values(**values))
    details = told | {"id": number}
    audit.append_within(registry, connection, ACTOR, "request.note", asked.site, details)
