"""The registry's tables that hosts share pseudonym keys through, where there are several.

Keys lie here as sealed as in a keyring file: noise without the master key. On one host, with the
registry in a file of its own, all of them stay empty.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Table

from storage.registry.tables import METADATA, Moment


def _name_columns() -> list[Column[str]]:
    widths = {"site": 64, "class": 16, "epoch": 16}
    return [Column(name, sa.String(width), primary_key=True) for name, width in widths.items()]


def _keys_table(name: str) -> Table:
    sealed = Column("sealed", sa.LargeBinary(64), nullable=False)
    moments = (Column("made_at", Moment, nullable=False), Column("used_at", Moment, nullable=False))
    return Table(name, METADATA, *_name_columns(), sealed, *moments)


shared_keys = _keys_table("shared_keys")
"""Sealed keys of all classes but `visit`, so that every host digests with the same; `used_at` is
the last day on which any host asked for one."""

shared_salts = _keys_table("shared_salts")
"""Sealed visit salts, at most 48 hours old. On PostgreSQL outside its log, and so in no copy that
is made from the log."""

shared_rotations = Table(
    "shared_rotations",
    METADATA,
    Column("site", sa.String(64), primary_key=True),
    Column("class", sa.String(16), primary_key=True),
    Column("starts_at", Moment, primary_key=True),
)
"""Epochs that began before their time."""

shared_ends = Table(
    "shared_ends", METADATA, *_name_columns(), Column("destroyed_at", Moment, index=True)
)
"""Keys that were destroyed, on whichever host; none of them comes back."""

ALL = (shared_keys, shared_salts, shared_rotations, shared_ends)
"""Every table of this module."""


def add_shared_keys(connection: Connection) -> None:
    """Make the tables that are missing, the salts' outside the log of PostgreSQL."""
    METADATA.create_all(connection, tables=list(ALL))
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ALTER TABLE {shared_salts.name} SET UNLOGGED")
