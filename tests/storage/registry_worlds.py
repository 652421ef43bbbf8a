"""What the registry's tests share: the two homes of a registry, and a clock set by hand."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest

from scripts.postgres import PostgresServer
from storage.registry import Registry, open_dsn
from tests.storage.keyring_worlds import HandClock

ACTOR = "cli:0"
"""Who changes things in tests."""

IN_ONE_HOME = pytest.mark.parametrize("place", ["sqlite"], indirect=True)
"""For tests of what no database takes part in: once is enough."""


class Place(Protocol):
    """Where a registry lies: empty before the first `open_registry_at`."""

    dsn: str
    """Its address, as `SANAQ_REGISTRY` takes it."""

    def change(self, statement: str) -> None:
        """Run SQL behind the registry's back."""

    def refuse_entries(self) -> None:
        """Let the database refuse every further entry of the audit log."""

    def read_bytes(self) -> bytes:
        """Give every byte that the database has written."""


class FilePlace:
    """A file of SQLite in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.dsn = f"sqlite:///{folder}/registry.sqlite"

    def change(self, statement: str) -> None:
        """Run SQL behind the registry's back."""
        with closing(sqlite3.connect(self.folder / "registry.sqlite")) as connection, connection:
            connection.execute(statement)

    def refuse_entries(self) -> None:
        """Let the database refuse every further entry of the audit log."""
        raising = "BEGIN SELECT RAISE(FAIL, ''); END"
        self.change(f"CREATE TRIGGER stop BEFORE INSERT ON audit {raising}")

    def read_bytes(self) -> bytes:
        """Give every byte that the database has written."""
        return b"".join(path.read_bytes() for path in self.folder.iterdir())


class ServerPlace:
    """A schema of its own in a database of PostgreSQL: quicker to make than a whole one."""

    def __init__(self, server: PostgresServer, database_dsn: str, schema: str) -> None:
        self.server = server
        self.schema = schema
        self.database = database_dsn.rpartition("/")[2]
        self.dsn = f"{database_dsn}?options=-csearch_path%3D{schema}"
        server.execute(f"CREATE SCHEMA {schema} AUTHORIZATION {self.database}", self.database)

    def change(self, statement: str) -> None:
        """Run SQL behind the registry's back."""
        self.server.execute(f"SET search_path = {self.schema}; {statement}", self.database)

    def refuse_entries(self) -> None:
        """Let the database refuse every further entry of the audit log."""
        self.change("ALTER TABLE audit ADD CONSTRAINT stop CHECK (false) NOT VALID")

    def read_bytes(self) -> bytes:
        """Give every byte that the database has written."""
        self.server.execute("CHECKPOINT")
        files = [
            f for name in ("base", "pg_wal") for f in self.server.folder.glob(f"data/{name}/**/*")
        ]
        return b"".join(path.read_bytes() for path in files if path.is_file())


def open_registry_at(place: Place, clock: HandClock | None = None) -> Registry:
    """Open the registry of a place, made if it is missing."""
    return open_dsn(place.dsn, clock or HandClock())


def open_registry_in(folder: Path, clock: HandClock | None = None) -> Registry:
    """Open the registry in a folder, for those who do not mind where it lies."""
    return open_registry_at(FilePlace(folder), clock)
