"""The open registry: reads see one moment, writes take turns.

Called by every module of `storage.registry`. On SQLite a write takes the file's lock at its start
(`BEGIN IMMEDIATE`), elsewhere it locks one row: either way whoever read a sum, a chain's end or a
cap inside `write` may rely on it until the commit. On PostgreSQL both waiting for the lock and
holding it in silence end after a while, so that no host that vanished stops the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    TimeoutError,
)

from config.errors import ConfigError
from config.residency import hold_store
from storage.clock import Clock, utc_now
from storage.errors import Unavailable
from storage.registry.address import POSTGRESQL, fill_defaults, name_mistake, read_address
from storage.registry.errors import RegistryRefused
from storage.registry.tables import meta
from storage.registry.versions import migrate
from storage.sqlite_open import set_pragmas

if TYPE_CHECKING:
    from config.settings import Settings

LOCK_SECONDS_MAX = 30.0
"""How long a transaction waits for another one's lock before the registry counts as unavailable."""

SILENT_SECONDS_MAX = 60
"""How long PostgreSQL lets a transaction say nothing before it ends it and frees the lock."""


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
        with _translated(), self._connect(writes=False) as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Give a connection that nobody else writes beside; commit at the end, or nothing.

        Errors: Unavailable when the database does not answer; RegistryRefused when a text is too
        long or holds a NUL, where the database minds.
        """
        with _translated(), self._connect(writes=True) as connection, connection.begin():
            _take_turn(connection)
            yield connection

    @contextmanager
    def upgrade(self) -> Iterator[Connection]:
        """Give a writing connection to a registry that may have no tables yet.

        Errors: Unavailable when the database does not answer; ConfigError when it answers and
        does not let us in, or not make tables.
        """
        with _translated():
            try:
                with self._connect(writes=True) as connection, connection.begin():
                    yield connection
            except DBAPIError as error:
                mistake = name_mistake(error)
                if mistake is None:
                    raise
                raise ConfigError("SANAQ_REGISTRY", 0, mistake) from None

    @contextmanager
    def outside_transactions(self) -> Iterator[Connection]:
        """Give a connection for what no transaction takes, such as writing a table anew.

        Errors: Unavailable when the database does not answer.
        """
        with _translated(), self.engine.connect() as plain:
            yield plain.execution_options(isolation_level="AUTOCOMMIT")

    @contextmanager
    def _connect(self, *, writes: bool) -> Iterator[Connection]:
        options: dict[str, Any] = {"sanaq_writes": writes}
        if self.engine.dialect.name != "sqlite":
            # A writer must see what the previous holder of the turn has committed; a reader must
            # see the same all along. SQLite's transactions do both by themselves.
            options["isolation_level"] = "READ COMMITTED" if writes else "REPEATABLE READ"
            options["postgresql_readonly"] = not writes
        with self.engine.connect() as plain:
            yield plain.execution_options(**options)

    def now(self) -> datetime:
        """Give the present moment of this registry's clock, to the millisecond that is kept."""
        moment = self.clock()
        return moment.replace(microsecond=moment.microsecond // 1_000 * 1_000)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def open_registry(settings: Settings, clock: Clock = utc_now) -> Registry:
    """Open the registry that the settings name, at its newest schema version.

    Errors: Unavailable when the database does not answer; ConfigError when it is too new, or the
    address, user, password or rights are wrong, or the policy does not declare its host.
    """
    hold_store(settings, "registry")
    settings.path("registry")
    return open_dsn(settings.registry_dsn, clock)


def open_dsn(dsn: str, clock: Clock = utc_now) -> Registry:
    """Open the registry at an SQLAlchemy DSN, at its newest schema version.

    Errors: as `open_registry`.
    """
    registry = Registry(_make_engine(dsn), clock)
    try:
        with registry.upgrade() as connection:
            migrate(connection)
    except BaseException:
        registry.close()
        raise
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
    url = read_address(dsn)
    if url.get_backend_name() == "sqlite":
        arguments = {"timeout": LOCK_SECONDS_MAX}
        engine = sa.create_engine(url, connect_args=arguments, hide_parameters=True)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    is_postgresql = url.get_backend_name() == POSTGRESQL
    defaults = fill_defaults(url) if is_postgresql else {}
    # A pooled connection may have died since.
    engine = sa.create_engine(url, connect_args=defaults, pool_pre_ping=True, hide_parameters=True)
    if is_postgresql:
        event.listen(engine, "begin", _begin_postgresql)
    return engine


def _prepare_sqlite(connection: Any, record: Any) -> None:
    # The driver would begin late and by itself; `_begin_sqlite` says when and how instead.
    connection.isolation_level = None
    set_pragmas(connection, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("sanaq_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    # For this transaction alone: a pooler may hand the same session to somebody else next.
    if connection.get_execution_options().get("sanaq_writes", False):
        waits = {"lock_timeout": LOCK_SECONDS_MAX}
        waits["idle_in_transaction_session_timeout"] = SILENT_SECONDS_MAX
        settings = [sa.func.set_config(name, f"{s * 1000:.0f}", True) for name, s in waits.items()]
        connection.execute(sa.select(*settings))


def _take_turn(connection: Connection) -> None:
    # SQLite compiles FOR UPDATE to nothing: there BEGIN IMMEDIATE has taken the lock already.
    query = sa.select(meta.c.value).where(meta.c.name == "writer").with_for_update()
    connection.execute(query).scalar_one()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except DataError as error:
        raise RegistryRefused("a text is too long, or holds a sign that cannot be kept") from error
    except (OperationalError, InterfaceError, InternalError, TimeoutError) as error:
        raise Unavailable("registry") from error
