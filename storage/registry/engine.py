"""The open registry: reads see one moment, writes take turns.

Called by every module of `storage.registry`. On SQLite a write takes the file's lock at its start
(`BEGIN IMMEDIATE`), elsewhere it locks one row: either way whoever read a sum, a chain's end or a
cap inside `write` may rely on it until the commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import InterfaceError, OperationalError

from storage.clock import Clock, utc_now
from storage.errors import Unavailable
from storage.registry.tables import meta
from storage.registry.versions import migrate
from storage.sqlite_open import set_pragmas

if TYPE_CHECKING:
    from config.settings import Settings

LOCK_SECONDS_MAX = 30.0
"""How long a transaction waits for another one's lock before the registry counts as unavailable."""


@dataclass(frozen=True)
class Registry:
    """Accounts, keys, budgets, releases and the audit chain, behind one SQLAlchemy engine."""

    engine: Engine
    clock: Clock = utc_now
    """Where this registry's moments come from."""

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Give a connection whose reads all see the same moment.

        Errors: Unavailable when the database does not answer.
        """
        with _translated(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection that nobody else writes beside; commit at the end, or nothing.

        Errors: Unavailable when the database does not answer.
        """
        with _translated(), self.engine.connect() as plain:
            connection = plain.execution_options(sanaq_writes=True)
            with connection.begin():
                _take_turn(connection)
                yield connection

    def now(self) -> datetime:
        """Give the present moment of this registry's clock, to the millisecond that is kept."""
        moment = self.clock()
        return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_registry(settings: Settings, clock: Clock = utc_now) -> Registry:
    """Open the registry that the settings name, at its newest schema version.

    Errors: Unavailable when the database does not answer; ConfigError when it is too new.
    """
    settings.path("registry")
    return open_dsn(settings.registry_dsn, clock)


def open_dsn(dsn: str, clock: Clock = utc_now) -> Registry:
    """Open the registry at an SQLAlchemy DSN, at its newest schema version.

    Errors: Unavailable when the database does not answer; ConfigError when it is too new.
    """
    registry = Registry(_make_engine(dsn), clock)
    with _translated(), registry.engine.connect() as plain:
        connection = plain.execution_options(sanaq_writes=True)
        with connection.begin():
            migrate(connection)
    return registry


def version(registry: Registry) -> int:
    """Give the number that grows with every change to sites or write keys.

    Why: collectors poll this one number and load keys only when it moved.
    """
    with registry.read() as connection:
        query = sa.select(meta.c.value).where(meta.c.name == "version")
        return int(connection.execute(query).scalar_one())


def bump_version(connection: Connection) -> None:
    """Tell the collectors, within the same transaction, that sites or write keys changed."""
    change = meta.update().where(meta.c.name == "version").values(value=meta.c.value + 1)
    connection.execute(change)


def _make_engine(dsn: str) -> Engine:
    if not dsn.startswith("sqlite"):
        # A pooled connection may have died since; reading at READ COMMITTED sees what the
        # previous holder of the writer's row has committed.
        return sa.create_engine(dsn, pool_pre_ping=True, isolation_level="READ COMMITTED")
    engine = sa.create_engine(dsn, connect_args={"timeout": LOCK_SECONDS_MAX})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    # The driver would begin late and by itself; `_begin_sqlite` says when and how instead.
    connection.isolation_level = None
    set_pragmas(connection, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("sanaq_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _take_turn(connection: Connection) -> None:
    # SQLite compiles FOR UPDATE to nothing: there BEGIN IMMEDIATE has taken the lock already.
    query = sa.select(meta.c.value).where(meta.c.name == "writer").with_for_update()
    connection.execute(query).scalar_one()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        raise Unavailable("registry") from error
