"""Pseudonym keys that several hosts share: offered once, sealed, and gone for all when destroyed.

Called by `storage.shared_keyring` alone. Names are (site, class, epoch).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection, Table

from storage.registry.engine import Registry
from storage.registry.key_tables import shared_ends, shared_keys, shared_rotations, shared_salts

Name = tuple[str, str, str]
"""Site, class and epoch of a key."""


class SharedKey(NamedTuple):
    """A key that every host uses."""

    sealed: bytes
    made_at: datetime


def offer(registry: Registry, name: Name, sealed: bytes, made_at: datetime) -> SharedKey | None:
    """Keep this key unless another host was first; give the one that stands.

    None when a key of this name was destroyed before.
    Errors: Unavailable.
    """
    table = _table_of(name)
    with registry.write() as connection:
        if connection.execute(sa.select(shared_ends).where(_is(shared_ends, name))).first():
            return None
        standing = _find(connection, name)
        if standing is None:
            row = _row(name) | {"sealed": sealed, "made_at": made_at, "used_at": made_at}
            connection.execute(table.insert().values(row))
            standing = _find(connection, name)
        return standing


def note_use(registry: Registry, name: Name, used_at: datetime) -> None:
    """Note that a host asked for a key at this moment."""
    table = _table_of(name)
    with registry.write() as connection:
        change = table.update().where(_is(table, name) & (table.c.used_at < used_at))
        connection.execute(change.values(used_at=used_at))


def list_uses(registry: Registry) -> dict[Name, datetime]:
    """Give when each lasting key was last asked for, on whichever host."""
    with registry.read() as connection:
        rows = connection.execute(sa.select(shared_keys)).all()
    return {(row[0], row[1], row[2]): row.used_at for row in rows}


def list_shared(registry: Registry) -> dict[Name, bytes]:
    """Give the seals of all keys that hosts share, salts too."""
    found: dict[Name, bytes] = {}
    with registry.read() as connection:
        for table in (shared_keys, shared_salts):
            for row in connection.execute(sa.select(table)):
                found[row[0], row[1], row[2]] = row.sealed
    return found


def rotate(registry: Registry, site: str, key_class: str, starts_at: datetime) -> None:
    """Note an epoch that begins before its time, once."""
    row = {"site": site, "class": key_class, "starts_at": starts_at}
    with registry.write() as connection:
        same = sa.and_(*(shared_rotations.c[column] == value for column, value in row.items()))
        if not connection.execute(sa.select(shared_rotations).where(same)).first():
            connection.execute(shared_rotations.insert().values(row))


def list_rotations(registry: Registry) -> list[tuple[str, str, datetime]]:
    """Give site, class and beginning of every rotation."""
    with registry.read() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(sa.select(shared_rotations))]


def list_ends(registry: Registry, since: datetime) -> list[Name]:
    """Give the names of the keys that were destroyed from a moment on."""
    query = sa.select(shared_ends).where(shared_ends.c.destroyed_at >= since)
    with registry.read() as connection:
        return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def destroy(registry: Registry, names: Collection[Name], at: datetime) -> None:
    """Take keys out for every host; their bytes are out of the database after `drive_out`."""
    with registry.write() as connection:
        for name in names:
            table = _table_of(name)
            connection.execute(table.delete().where(_is(table, name)))
            if not connection.execute(sa.select(shared_ends).where(_is(shared_ends, name))).first():
                row = _row(name) | {"destroyed_at": at}
                connection.execute(shared_ends.insert().values(row))


def end_salts(registry: Registry, made_before: datetime, at: datetime) -> int:
    """Take out the visit salts that were made before a moment, and give how many."""
    query = sa.select(shared_salts).where(shared_salts.c.made_at <= made_before)
    with registry.read() as connection:
        names = [(row[0], row[1], row[2]) for row in connection.execute(query)]
    if names:
        destroy(registry, names, at)
    return len(names)


def drive_out(registry: Registry) -> None:
    """Write the tables of keys anew, without what was taken out of them.

    Why: a database keeps the bytes of a deleted row until something else needs the room.
    """
    if registry.engine.dialect.name != "postgresql":
        return
    with registry.outside_transactions() as connection:
        for table in (shared_keys, shared_salts):
            connection.exec_driver_sql(f"VACUUM FULL {table.name}")


def _find(connection: Connection, name: Name) -> SharedKey | None:
    table = _table_of(name)
    row = connection.execute(sa.select(table).where(_is(table, name))).first()
    return SharedKey(bytes(row.sealed), row.made_at) if row else None


def _table_of(name: Name) -> Table:
    return shared_salts if name[1] == "visit" else shared_keys


def _row(name: Name) -> dict[str, object]:
    return dict(zip(("site", "class", "epoch"), name, strict=True))


def _is(table: Table, name: Name) -> sa.ColumnElement[bool]:
    return sa.and_(*(table.c[column] == value for column, value in _row(name).items()))
