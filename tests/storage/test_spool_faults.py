"""The spool when a call to SQLite fails, or the process dies, at every possible place."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest

from storage.spool import read_ledger
from storage.spool_file import FILE_NAME
from storage.spool_protocol import Commit, Committed, Count, Full
from storage.spool_writer import Spool
from tests.storage.dying import die_at_every_line
from tests.storage.spooling import TestClock, make_commit, make_part, open_spool

BEFORE = make_commit(1, 2)
GROUP = [
    Commit([make_part([2, 3, 4]), make_part([10], table="diagnostics")], []),
    Commit([make_part([4, 5, 5])], [Count("soq", "rejected", "too_late", 2)]),
]
ANSWERS = [Committed([b"\x01", b""]), Committed([b"\x05"])]
AFTER = {"received": 11, "duplicate": 3, "rejected": 2, "spooled": 6}
UNTOUCHED = {"received": 2, "duplicate": 0, "rejected": 0, "spooled": 2}


class FailingConnection(sqlite3.Connection):
    """A real connection whose n-th call fails with a code."""

    left: ClassVar[int] = -1
    code: ClassVar[int] = sqlite3.SQLITE_FULL

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        """Run a statement, or fail."""
        self._maybe_fail(arguments[0])
        return super().execute(*arguments)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        """Run a statement many times, or fail."""
        self._maybe_fail(arguments[0])
        return super().executemany(*arguments)

    def _maybe_fail(self, sql: str) -> None:
        cls = type(self)
        cls.left -= 1
        if cls.left == 0 and sql != "ROLLBACK":
            error = sqlite3.OperationalError("on demand")
            error.sqlite_errorcode = cls.code
            raise error


@contextmanager
def failing_at(call: int, code: int) -> Iterator[None]:
    """Let the n-th call of every failing connection fail."""
    FailingConnection.left, FailingConnection.code = call, code
    try:
        yield
    finally:
        FailingConnection.left = -1


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A spool's folder after one commit, closed."""
    folder = tmp_path / "image"
    folder.mkdir()
    spool = open_spool(folder)
    spool.commit([BEFORE])
    spool.close()
    return folder


def copy_image(image: Path) -> Path:
    """Give a fresh copy of the folder to try something on."""
    folder = image.parent / "run"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(image, folder)
    return folder


def figures(folder: Path) -> dict[str, int]:
    """Give the ledger's figures that these tests compare, which must add up."""
    ledger = read_ledger(folder / FILE_NAME)
    assert ledger.difference == 0
    return {name: getattr(ledger, name) for name in AFTER}


def check_recovers(folder: Path) -> None:
    """Open anew, commit the group again, and find everything as if nothing had happened."""
    spool = open_spool(folder)
    assert spool.commit(GROUP) == ANSWERS
    assert figures(folder) == AFTER
    assert spool.commit([make_commit(1, 2, 3, 4, 5, 10, 99)]) == [Committed([b"\x3f"])]
    assert spool.status().spooled_rows == 7
    assert spool.status().ids_held == 7
    spool.close()


def test_a_full_disk_at_every_call_takes_nothing_and_goes_on(image: Path) -> None:
    calls = 0
    while True:
        calls += 1
        folder = copy_image(image)
        spool = open_spool(folder, connection_class=FailingConnection)
        try:
            with failing_at(calls, sqlite3.SQLITE_FULL):
                answers = spool.commit(GROUP)
                failed = FailingConnection.left <= 0
        except sqlite3.OperationalError:
            # A read that fails this way is no full disk's doing: the process dies, as it must.
            spool.close()
            check_recovers(folder)
            continue
        if not failed:
            break
        assert answers == [Full(), Full()]
        assert figures(folder) == UNTOUCHED
        assert spool.commit(GROUP) == ANSWERS
        spool.close()
        check_recovers(folder)
    spool.close()
    assert calls > 15


def test_any_other_failure_at_every_call_is_not_survived(image: Path) -> None:
    calls = 0
    while True:
        calls += 1
        folder = copy_image(image)
        spool = open_spool(folder, connection_class=FailingConnection)
        with failing_at(calls, sqlite3.SQLITE_IOERR):
            try:
                spool.commit(GROUP)
            except sqlite3.OperationalError:
                spool.close()
                assert figures(folder) == UNTOUCHED
                check_recovers(folder)
                continue
        spool.close()
        break
    assert calls > 15


def test_death_at_every_line_of_a_commit_loses_and_doubles_nothing(image: Path) -> None:
    opened: list[Spool] = []
    answered: list[object] = []

    def act(_: int) -> Callable[[], object]:
        opened.append(open_spool(copy_image(image)))
        answered.clear()
        return lambda: answered.extend(opened[-1].commit(GROUP))

    deaths = 0
    for _ in die_at_every_line(act, step=3):
        deaths += 1
        # A dead process neither commits nor rolls back: its open transaction is just gone.
        opened[-1]._db.connection.close()
        assert figures(image.parent / "run") in (UNTOUCHED, AFTER)
        check_recovers(image.parent / "run")
        opened.pop()
    assert deaths > 80
    assert answered == ANSWERS
    opened.pop().close()


def test_death_at_every_line_of_loading_and_tidying_keeps_the_ledger(image: Path) -> None:
    clock = TestClock()
    opened: list[Spool] = []

    def act(_: int) -> Callable[[], object]:
        opened.append(open_spool(copy_image(image), clock))
        opened[-1].commit(GROUP)
        return lambda: load_and_tidy(opened[-1])

    def load_and_tidy(spool: Spool) -> None:
        batches = spool.queue.claim(3, ())
        spool.queue.mark_failed([batches[0].seq])
        spool.queue.mark_loaded([batch.seq for batch in batches], 0)
        spool.queue.park([4])
        spool.queue.reopen([4, batches[0].seq], 0)
        while spool.tidy():
            pass

    deaths = 0
    for _ in die_at_every_line(act, step=7):
        deaths += 1
        opened.pop()._db.connection.close()
        folder = image.parent / "run"
        assert read_ledger(folder / FILE_NAME).received == 11
        assert read_ledger(folder / FILE_NAME).difference == 0
        spool = open_spool(folder, clock)
        assert spool.commit([make_commit(1, 2, 3, 4, 5, 10)]) == [Committed([b"\x3f"])]
        spool.close()
    opened.pop().close()
    assert deaths > 20
