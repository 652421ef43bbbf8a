"""The registry's tables of forwarding: who got what, how far each is, and fresh refusals."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Connection, Table

from storage.registry.tables import METADATA, SHA256_CHARS, Moment, meta

NOTED = "refusals_noted_ms"
"""Counter that says since when, in ms since 1970, refusals are noted for recipients; 0 for not."""

RECIPIENT_CHARS = 32
SPOOL_CHARS = 32

forward_positions = Table(
    "forward_positions",
    METADATA,
    Column("recipient", sa.String(RECIPIENT_CHARS), primary_key=True),
    Column("spool", sa.String(SPOOL_CHARS), primary_key=True),
    Column("seq", sa.BigInteger, nullable=False),
    Column("row", sa.Integer, nullable=False),
    Column("begun_seq", sa.BigInteger, nullable=False),
    Column("begun_row", sa.Integer, nullable=False),
    Column("counts", sa.JSON, nullable=False),
    Column("fault", sa.String(32), nullable=False),
    Column("faulted_at", Moment),
    Column("delivered_at", Moment),
)
"""How far a recipient has got one host's spool: everything up to a row of a batch is settled, and
everything up to another may have left; what became of all of it; and what failed last."""

forward_hours = Table(
    "forward_hours",
    METADATA,
    Column("recipient", sa.String(RECIPIENT_CHARS), primary_key=True),
    Column("spool", sa.String(SPOOL_CHARS), primary_key=True),
    Column("site", sa.String(64), primary_key=True),
    Column("hour", Moment, primary_key=True),
    Column("terms_sha256", sa.String(SHA256_CHARS), primary_key=True),
    Column("terms", sa.JSON, nullable=False),
    Column("purpose", sa.String(64), nullable=False),
    Column("basis", sa.String(128), nullable=False),
    Column("begun", sa.BigInteger, nullable=False),
    Column("delivered", sa.BigInteger, nullable=False),
    Column("content_sha256", sa.String(SHA256_CHARS), nullable=False),
)
"""The register: events of a site that may have left for a recipient in an hour, those that it has
acknowledged, under which terms, and a digest chained over their content."""

fresh_refusals = Table(
    "fresh_refusals",
    METADATA,
    Column("site", sa.String(64), primary_key=True),
    Column("digest", sa.String(32), primary_key=True),
    Column("until", Moment, primary_key=True, index=True),
    Column("purposes", sa.String(255), nullable=False),
    sqlite_with_rowid=False,
)
"""Refusals of the last days by the pseudonym that events carry, so that what was received before
one is not forwarded after it; in no order of their coming."""

ALL = (forward_positions, forward_hours, fresh_refusals)
"""Every table of this module."""


def add_forwarding(connection: Connection) -> None:
    """Make the tables that are missing."""
    METADATA.create_all(connection, tables=list(ALL))
    held = connection.execute(sa.select(meta.c.value).where(meta.c.name == NOTED)).first()
    if held is None:
        connection.execute(meta.insert().values(name=NOTED, value=0))
