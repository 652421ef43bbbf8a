"""The registry's schema versions, applied in order and recorded.

Called by `open_registry` at every start. A version is a function that changes the schema from the
one before it, in the same transaction that records it, so a crash leaves either version whole.
"""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa
from sqlalchemy import Connection

from config.errors import ConfigError
from storage.registry.forward_tables import add_forwarding
from storage.registry.key_tables import add_shared_keys
from storage.registry.tables import (
    METADATA,
    consent_states,
    meta,
    release_exclusions,
    requests,
    undeclared_names,
)

LOCK_NUMBER = 0x53414E4151
"""Advisory lock that starting processes queue at on PostgreSQL; any constant will do."""


def _create_tables(connection: Connection) -> None:
    METADATA.create_all(connection)
    for name in ("version", "audit_seq", "writer"):
        connection.execute(meta.insert().values(name=name, value=0))


def _add_consents(connection: Connection) -> None:
    consent_states.create(connection, checkfirst=True)
    connection.execute(meta.insert().values(name="consent_seq", value=0))


def _add_names(connection: Connection) -> None:
    undeclared_names.create(connection, checkfirst=True)


def _add_requests(connection: Connection) -> None:
    requests.create(connection, checkfirst=True)


def _add_exclusions(connection: Connection) -> None:
    release_exclusions.create(connection, checkfirst=True)


VERSIONS: list[Callable[[Connection], None]] = [
    _create_tables,
    _add_consents,
    add_shared_keys,
    _add_names,
    add_forwarding,
    _add_requests,
    _add_exclusions,
]
"""Position + 1 is the version's number; an entry that was shipped never changes."""


def migrate(connection: Connection) -> int:
    """Bring the schema to the newest version and return its number.

    Needs: a write transaction of `Registry.write`, so that two starting processes take turns.
    Errors: ConfigError when a newer Sanaq made this registry.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(LOCK_NUMBER)))
    current = _read_version(connection)
    if current > len(VERSIONS):
        raise ConfigError("SANAQ_REGISTRY", 0, "a newer Sanaq made this registry; use that one")
    for number in range(current, len(VERSIONS)):
        VERSIONS[number](connection)
    if current == 0:
        connection.execute(meta.insert().values(name="schema_version", value=len(VERSIONS)))
    else:
        row = meta.c.name == "schema_version"
        connection.execute(meta.update().where(row).values(value=len(VERSIONS)))
    return len(VERSIONS)


def _read_version(connection: Connection) -> int:
    if not sa.inspect(connection).has_table(meta.name):
        return 0
    query = sa.select(meta.c.value).where(meta.c.name == "schema_version")
    return int(connection.execute(query).scalar_one())
