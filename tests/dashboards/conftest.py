"""One installation for all tests of the dashboards that need one."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from scripts.chromium import find_chromium, launch
from tests.dashboards.browsing import Visitor
from tests.dashboards.worlds import World, run_world, signed_in


@pytest.fixture(scope="session")
def world() -> Iterator[World]:
    """Warehouse and dashboards, running."""
    home = Path(tempfile.mkdtemp(prefix="sq-"))
    try:
        with run_world(home) as running:
            yield running
    finally:
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def session(world: World) -> str:
    """The token of an analyst's session."""
    with signed_in(world) as client:
        return client.cookies["sanaq_session"]


@pytest.fixture(scope="module")
def visitor(world: World, session: str) -> Iterator[Visitor]:
    """An analyst at a browser, one for a whole module.

    Not for longer: while it is open, nothing else in this process can run an event loop.
    """
    with sync_playwright() as playwright:
        browser = launch(playwright, find_chromium())
        yield Visitor(world, browser, session)
        browser.close()
