"""An import may be repeated, interrupted and killed: each line is stored once, no line is lost."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.importing import (
    ACCESS_LOG,
    PAGE_VIEWS_AWK,
    await_received,
    awk,
    fed_import,
    feed,
    run_import,
)
from tests.service import Service, kill, running, wait_until

pytestmark = [pytest.mark.needs_shared, pytest.mark.timeout(400)]

LINES = 10_000
BACK_SECONDS_MAX = 60.0
"""How long the roles may take to be up again after a kill."""


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """The log's lines with their ends."""
    return gzip.decompress(ACCESS_LOG.read_bytes()).splitlines(keepends=True)


@pytest.fixture(scope="module")
def pages() -> int:
    """How many of them awk takes for page views."""
    return awk(PAGE_VIEWS_AWK, ACCESS_LOG)["page"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that the tests of this file share."""
    with running(tmp_path_factory.mktemp("s")) as one:
        yield one


def import_log(service: Service, site: str) -> dict[str, Any]:
    return run_import(service, "access-log", str(ACCESS_LOG), "--site", site)


def assert_stored_once(service: Service, site: str, pages: int) -> dict[str, Any]:
    """See that ledger and warehouse hold each page view of the log once; give the ledger."""
    service.await_loaded()
    ledger = service.ledger("--site", site)
    parts = ("stored", "duplicate", "rejected", "refused", "spooled")
    assert ledger["received"] == sum(ledger[part] for part in parts)
    assert ledger["stored"] == pages
    rows = service.sql(
        "SELECT count() AS n, uniqExact(event_id) AS ids, countIf(toYear(occurred_at) = 2015) AS y"
        f" FROM sanaq.events WHERE site = '{site}'"
    )
    assert rows == [{"n": pages, "ids": pages, "y": pages}]
    return ledger


def test_an_importer_that_was_killed_half_way_is_run_again(
    service: Service, lines: list[bytes], pages: int
) -> None:
    with fed_import(service, "access-log", "-", "--site", "killed") as process:
        feed(process, lines[:5_500])
        await_received(service, "killed", 5_000)
        kill(process.pid)
        process.wait(10)
    again = import_log(service, "killed")
    assert again["duplicate"] > 1_000 and again["accepted"] > 1_000
    assert again["accepted"] + again["duplicate"] == pages
    ledger = assert_stored_once(service, "killed", pages)
    assert ledger["received"] == 5_000 + LINES


def test_every_role_is_killed_while_an_import_runs(
    service: Service, lines: list[bytes], pages: int
) -> None:
    roles = ("worker", "loader", "embedded", "spooler", "collector")
    with fed_import(service, "access-log", "-", "--site", "shaken", "--json") as process:
        feed(process, lines[:4_000])
        await_received(service, "shaken", 1_000)
        for n, role in enumerate(roles):
            for pid in service.pids(role):
                kill(pid)
            feed(process, lines[4_000 + n * 1_200 : 5_200 + n * 1_200])
        # What a role was killed under must have come back before the import can end.
        told = json.loads(process.communicate(timeout=200)[0])
        assert process.returncode == 0
    assert (told["received"], told["accepted"] + told["duplicate"]) == (LINES, pages)
    wait_until(lambda: all(service.pids(role) for role in roles), BACK_SECONDS_MAX)
    service.await_ready()
    again = import_log(service, "shaken")
    assert (again["accepted"], again["duplicate"]) == (0, pages)
    assert assert_stored_once(service, "shaken", pages)["received"] >= 2 * LINES


def test_again_after_a_restart_and_after_the_window_is_lost(service: Service, pages: int) -> None:
    first = import_log(service, "twice")
    assert (first["accepted"], first["duplicate"]) == (pages, 0)
    service.await_loaded()
    service.stop()
    service.start()
    again = import_log(service, "twice")
    assert (again["accepted"], again["duplicate"]) == (0, pages)
    ledger = assert_stored_once(service, "twice", pages)
    assert (ledger["received"], ledger["duplicate"]) == (2 * LINES, pages)
    service.stop()
    # All that is remembered of ids goes, as it does after the window: the warehouse is asked.
    shutil.rmtree(service.home / "spool")
    service.start()
    late = import_log(service, "twice")
    assert (late["accepted"], late["duplicate"]) == (0, pages)
    (row,) = service.sql("SELECT count() AS n FROM sanaq.events WHERE site = 'twice'")
    assert row["n"] == pages
