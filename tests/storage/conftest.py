"""Fixtures that several files of this room's tests share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from scripts.postgres import PostgresServer
from tests.storage.registry_worlds import FilePlace, Place, ServerPlace
from tests.storage.warehouses import Server, run_server

_SCHEMAS = count()


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Server]:
    """One embedded warehouse for all; tests keep apart by site or table name."""
    home = Path(tempfile.mkdtemp(prefix="sq-"))
    with run_server(home) as server:
        yield server
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def registry_database(postgres: PostgresServer) -> str:
    """The address of a database whose owner is not the superuser."""
    return postgres.make_database("registries")


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, home: Path) -> Place:
    """An empty place for a registry, in each of its two homes."""
    if request.param == "sqlite":
        return FilePlace(home)
    server = request.getfixturevalue("postgres")
    dsn = request.getfixturevalue("registry_database")
    return ServerPlace(server, dsn, f"s{next(_SCHEMAS)}")
