"""What every test can lean on: a short home folder, a free port, and honest skips.

A test that cannot run is a failure, never a silence. The one exception is a test marked
`needs_shared` on a machine without the data sets beside the checkout: it is named in the
summary under "not run".
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests.helpers import SHARED, free_port

if TYPE_CHECKING:
    from scripts.postgres import PostgresServer

# A shared machine may stall any example; every test is bounded in time as a whole.
settings.register_profile("sanaq", deadline=None)
settings.load_profile("sanaq")

NOT_RUN = "the data sets beside the checkout are absent"
"""The only reason for which a test may be skipped."""


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out a test that needs the shared data where there is none."""
    if item.get_closest_marker("needs_shared") and not SHARED.is_dir():
        pytest.skip(NOT_RUN)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn every other skip into a failure."""
    report = yield
    if report.skipped and not hasattr(report, "wasxfail") and NOT_RUN not in str(report.longrepr):
        report.outcome = "failed"
        report.longrepr = f"skipped, and a part that cannot run fails: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn a skipped module into a failure too."""
    report = yield
    if report.outcome == "skipped":
        report.outcome = "failed"
        report.longrepr = f"skipped, and a part that cannot run fails: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Name the tests that did not run, where there are any."""
    names = sorted({report.nodeid for report in terminalreporter.stats.get("skipped", [])})
    if not names:
        return
    terminalreporter.section("not run")
    for name in names:
        terminalreporter.line(f"not run: {name} ({NOT_RUN})")


@pytest.fixture
def home() -> Iterator[Path]:
    """An empty private folder for SANAQ_HOME, its path short enough for Unix sockets."""
    path = Path(tempfile.mkdtemp(prefix="sq-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def port() -> int:
    """A loopback port that was free a moment ago."""
    return free_port()


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL of our own, which set-up found or fetched; its absence fails the test."""
    from scripts.postgres import find_postgres, run_postgres

    folder = Path(tempfile.mkdtemp(prefix="sq-"))
    with run_postgres(find_postgres(), folder) as server:
        yield server
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def chromium_path() -> Path:
    """The browser that set-up found or fetched; its absence fails the test."""
    from scripts.chromium import find_chromium

    return find_chromium()
