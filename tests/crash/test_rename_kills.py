"""The embedded warehouse, killed at every rename of a loading insert.

An insert of several months makes a part for each, and a part appears by a rename. Between two of
them the insert is there in part, and nothing but the rows themselves says which.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest

from tests.crash.direct import MONTHS, ROWS_PER_MONTH, TABLES, Batches
from tests.crash.injecting import KILLED, Injector
from tests.crash.roles import LOADED_SECONDS_MAX, Roles, make_tables, roles
from tests.service import wait_until

INSERTS_MAX = 60
"""An insert that has not come through by then never will."""

HELD_SECONDS = 4.0
"""Longer than a loader needs to start, claim and load what is there to be loaded."""

HALF_DONE = {(table, month * ROWS_PER_MONTH) for table in TABLES for month in range(1, MONTHS)}
"""Table and rows there, for every state between the first rename of an insert and its last."""


@pytest.fixture
def injector(tmp_path: Path) -> Injector:
    """The injector, freshly compiled."""
    return Injector(tmp_path)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    "again", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in range(1, MONTHS + 1))]
)
def test_a_kill_at_any_rename_of_an_insert_leaves_every_row_once(
    home: Path, injector: Injector, again: int
) -> None:
    """The kill comes at the first rename, the second, ... until an insert has come through.

    `again` kills the insert that mends the first one too, at that rename.
    """
    with roles(home) as one:
        batches = _start(one, injector)
        seen: set[tuple[str, int]] = set()
        target = 1
        for _ in range(INSERTS_MAX):
            killed = _load_and_kill(one, batches, injector, target)
            if killed:
                seen |= _look_after_kill(one, batches, injector)
                if again and _thaw_and_kill(one, injector, again):
                    seen |= _look_after_kill(one, batches, injector)
                one.thaw("loader")
            one.await_spooled()
            batches.check()
            if not killed and seen >= HALF_DONE:
                break
            # Another table's insert may have come in between and have taken a number.
            target = target + 1 if killed else 1
        assert target > MONTHS * len(TABLES)
        assert _count_parts(injector.names) >= MONTHS * len(TABLES)
    # The control: each state that an insert can be left in was there to be seen.
    assert seen == HALF_DONE


@pytest.mark.timeout(300)
@pytest.mark.parametrize("month", range(1, MONTHS))
def test_a_loader_waits_for_the_insert_that_its_dead_forerunner_left_running(
    home: Path, injector: Injector, month: int
) -> None:
    """An insert is held before it has written a part; the next loader must not begin."""
    with roles(home) as one:
        batches = _start(one, injector)
        one.freeze("loader")
        batches.commit(["events"])
        months = batches.frames["events"][-1]["received_at"].unique().sort(descending=True)
        injector.hold(f"/tmp_insert_{months[month]:%Y%m}_")
        one.thaw("loader")
        wait_until(lambda: injector.seen > 0, LOADED_SECONDS_MAX)
        one.kill_role("loader")
        one.start_role("loader")
        time.sleep(HELD_SECONDS)
        assert one.spool.spooled == MONTHS * ROWS_PER_MONTH
        injector.disarm()
        one.await_spooled()
        batches.check()


def _start(one: Roles, injector: Injector) -> Batches:
    """Start everything and load a first batch in peace."""
    one.start_role("spooler")
    one.start_role("embedded", injector.prefix)
    make_tables(one)
    one.start_role("loader")
    batches = Batches(one)
    batches.commit()
    one.await_spooled()
    batches.check()
    return batches


def _load_and_kill(one: Roles, batches: Batches, injector: Injector, target: int) -> bool:
    """Load a batch of each table; tell whether the warehouse was killed at its n-th rename.

    The loader is frozen while all is made ready, and again as soon as the warehouse is dead.
    """
    one.freeze("loader")
    batches.commit()
    return _thaw_and_kill(one, injector, target)


def _thaw_and_kill(one: Roles, injector: Injector, target: int) -> bool:
    """Let the loader go on until the warehouse is killed, or all is loaded."""
    injector.arm(target)
    one.thaw("loader")
    wait_until(lambda: one.has_ended("embedded") or one.spool.spooled == 0, LOADED_SECONDS_MAX)
    killed = one.has_ended("embedded")
    injector.disarm()
    if killed:
        one.freeze("loader")
        assert one.exit_code("embedded") == KILLED
        assert injector.seen >= target
    return killed


def _look_after_kill(one: Roles, batches: Batches, injector: Injector) -> set[tuple[str, int]]:
    """Start the warehouse again; give the tables that hold the last batch in part, with rows."""
    one.start_role("embedded", injector.prefix)
    return set(batches.partial().items())


def _count_parts(names: list[str]) -> int:
    """Count the parts that inserts made among what was renamed; merges make higher levels."""
    return sum(1 for name in names if re.search(r"/\d{6}_\d+_\d+_0/?$", name))
