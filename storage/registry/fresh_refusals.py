"""Refusals of the last days by the pseudonyms of events, for what is still to be forwarded.

The gate sees to every event that comes after a refusal. An event that came before it and has not
left yet is found by its pseudonym here. Entries live three days, hold no moment finer than a
minute, and stand beside nothing that tells whose they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from storage.registry.engine import Registry
from storage.registry.forward_tables import NOTED, fresh_refusals
from storage.registry.tables import meta

KEPT = timedelta(hours=73)
"""How long they are kept: an hour longer than any event waits for a recipient."""

MINUTE = timedelta(minutes=1)

SLACK = timedelta(seconds=30)
"""How much later than a refusal an event may be received by a gate that has not heard of it: more
than a collector's ten seconds, since clocks differ."""


class FreshRefusal(NamedTuple):
    """What was refused about one pseudonym."""

    site: str
    digest: bytes
    """16 bytes, as events carry them in `person_id`, `device_id` or `advertising_id`."""
    purposes: frozenset[str]
    until: datetime
    """It is about what was received up to this moment."""


def note_since(registry: Registry, is_noted: bool) -> None:
    """Say whether refusals are noted from now on; where they are already, nothing changes.

    Called by whoever takes refusals, at its start. Errors: Unavailable.
    """
    row = meta.c.name == NOTED
    query = sa.select(meta.c.value).where(row)
    with registry.read() as connection:
        if bool(connection.execute(query).scalar_one()) == is_noted:
            return
    now_ms = int(registry.now().timestamp() * 1000)
    with registry.write() as connection:
        since = connection.execute(query).scalar_one()
        value = since or now_ms if is_noted else 0
        connection.execute(meta.update().where(row).values(value=value))


def noted_since_ms(registry: Registry) -> int | None:
    """Give since when refusals are noted, in ms since 1970, None where they are not."""
    query = sa.select(meta.c.value).where(meta.c.name == NOTED)
    with registry.read() as connection:
        return int(connection.execute(query).scalar_one()) or None


def note_within(
    connection: Connection, now: datetime, refused: Iterable[tuple[str, bytes, frozenset[str]]]
) -> None:
    """Note refusals, each (site, pseudonym, purposes), in the transaction that takes them.

    Needs: a connection of `Registry.write`.
    """
    table = fresh_refusals.c
    connection.execute(fresh_refusals.delete().where(table.until < now - KEPT))
    until = (now + SLACK).astimezone(UTC).replace(second=0, microsecond=0) + MINUTE
    for site, digest, purposes in refused:
        names = (site, digest.hex(), until)
        same = sa.and_(table.site == site, table.digest == names[1], table.until == until)
        held = connection.execute(sa.select(table.purposes).where(same)).scalar()
        joined = " ".join(sorted(purposes | frozenset((held or "").split())))
        if held is None:
            values = dict(zip(("site", "digest", "until"), names, strict=True))
            connection.execute(fresh_refusals.insert().values(**values, purposes=joined))
        else:
            connection.execute(fresh_refusals.update().where(same).values(purposes=joined))


def list_fresh(registry: Registry, sites: Sequence[str], now: datetime) -> list[FreshRefusal]:
    """Give the refusals of some sites that may concern an event that waits. Errors: Unavailable."""
    table = fresh_refusals.c
    query = sa.select(fresh_refusals).where(table.site.in_(sites), table.until > now - KEPT)
    with registry.read() as connection:
        return [
            FreshRefusal(
                row.site, bytes.fromhex(row.digest), frozenset(row.purposes.split()), row.until
            )
            for row in connection.execute(query)
        ]
