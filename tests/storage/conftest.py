"""Fixtures that several files of this room's tests share."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.warehouses import Server, run_server


@pytest.fixture(scope="session")
def warehouse() -> Iterator[Server]:
    """One embedded warehouse for all; tests keep apart by site or table name."""
    home = Path(tempfile.mkdtemp(prefix="sq-"))
    with run_server(home) as server:
        yield server
    shutil.rmtree(home, ignore_errors=True)
