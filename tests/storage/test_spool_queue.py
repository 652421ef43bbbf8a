"""Batches on their way to the warehouse, and what is left of them in the spool."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from storage.spool import read_batches, read_ledger
from storage.spool_file import FILE_NAME, open_for_reading
from storage.spool_protocol import Committed, Full
from storage.spool_writer import Spool
from tests.storage.spooling import TestClock, make_commit, make_limits, open_spool


def claim(spool: Spool, rows_max: int = 1_000, held: tuple[int, ...] = ()) -> list[int]:
    """Claim and give the numbers of the batches."""
    return [batch.seq for batch in spool.queue.claim(rows_max, held)]


def was_loading(folder: Path, seq: int) -> bool:
    """Tell whether the loader would look for rows of this batch in the warehouse."""
    (batch,) = read_batches(folder / FILE_NAME, [seq])
    return batch.state_was_loading


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    """A spool with three batches of two rows."""
    spool = open_spool(tmp_path)
    spool.commit([make_commit(1, 2), make_commit(3, 4), make_commit(5, 6)])
    return spool


def test_claims_go_by_age_and_rows_and_give_at_least_one(spool: Spool) -> None:
    assert claim(spool, rows_max=1) == [1]
    assert claim(spool, rows_max=5, held=(1,)) == [2, 3]
    assert claim(spool, held=(1, 2, 3)) == []
    spool.close()


def test_a_claim_that_another_loader_did_not_end_is_told(spool: Spool, tmp_path: Path) -> None:
    assert claim(spool, rows_max=2) == [1]
    assert not was_loading(tmp_path, 1)
    assert claim(spool, rows_max=2) == [1]
    assert was_loading(tmp_path, 1)
    spool.close()


def test_attempts_are_counted_and_a_failed_batch_comes_again(spool: Spool, tmp_path: Path) -> None:
    for attempts in range(3):
        claim(spool, rows_max=2)
        (batch,) = read_batches(tmp_path / FILE_NAME, [1])
        assert batch.attempts == attempts
        spool.queue.mark_failed([1])
    spool.close()


def test_a_parked_batch_is_out_of_the_way_and_still_accounted_for(
    spool: Spool, tmp_path: Path
) -> None:
    spool.queue.park([1])
    assert claim(spool) == [2, 3]
    status = spool.status()
    assert (status.parked_batches, status.parked_rows, status.spooled_batches) == (1, 2, 2)
    assert read_ledger(tmp_path / FILE_NAME).spooled == 6
    spool.queue.reopen([1], 0)
    assert claim(spool, held=(2, 3)) == [1]
    spool.close()


def test_loading_twice_stores_once_and_unknown_batches_harm_nobody(
    spool: Spool, tmp_path: Path
) -> None:
    claim(spool)
    spool.queue.mark_loaded([1, 1, 2, 99], 0)
    spool.queue.mark_loaded([1, 2], 0)
    spool.queue.mark_failed([1])
    spool.queue.park([2])
    ledger = read_ledger(tmp_path / FILE_NAME)
    assert (ledger.stored, ledger.spooled, ledger.difference) == (4, 2, 0)
    assert spool.status().spooled_batches == 1
    spool.close()


def test_after_a_reboot_kept_batches_are_verified(spool: Spool, tmp_path: Path) -> None:
    claim(spool)
    spool.queue.mark_loaded([1, 2], 0)
    spool.close()
    spool = open_spool(tmp_path, boot_id=bytes([9] * 16))
    assert read_ledger(tmp_path / FILE_NAME).difference == 0
    assert read_ledger(tmp_path / FILE_NAME).stored == 0
    assert claim(spool) == [1, 2, 3]
    assert was_loading(tmp_path, 1)
    spool.queue.mark_loaded([1, 2, 3], 0)
    assert read_ledger(tmp_path / FILE_NAME).stored == 6
    assert spool.commit([make_commit(1, 5, 9)]) == [Committed([b"\x03"])]
    spool.close()


def test_totals_are_the_same_after_reopening(spool: Spool, tmp_path: Path) -> None:
    spool.commit([make_commit(1)])
    spool.queue.mark_loaded([1], 0)
    spool.queue.park([2])
    before = spool.status()
    spool.close()
    after = open_spool(tmp_path).status()
    names = ("spooled_rows", "spooled_bytes", "kept_bytes", "parked_rows", "ids_held")
    assert [getattr(before, n) for n in names] == [getattr(after, n) for n in names]


def test_loaded_batches_leave_after_their_time_and_their_bytes_are_overwritten(
    tmp_path: Path,
) -> None:
    clock = TestClock()
    spool = open_spool(tmp_path, clock, make_limits(kept_seconds=60))
    spool.commit([make_commit(1), make_commit(2)])
    spool.queue.mark_loaded([1], int(clock.now.timestamp() * 1000))
    clock.advance(seconds=59)
    spool.tidy()
    assert len(read_batches(tmp_path / FILE_NAME, [1, 2])) == 2
    clock.advance(seconds=2)
    while spool.tidy():
        pass
    assert [batch.seq for batch in read_batches(tmp_path / FILE_NAME, [1, 2])] == [2]
    spool.queue.mark_loaded([2], 0)
    while spool.tidy():
        pass
    spool._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    assert b"rows" not in (tmp_path / FILE_NAME).read_bytes().replace(b"rows INT", b"")
    assert spool.commit([make_commit(1, 2)]) == [Committed([b"\x03"])]
    assert read_ledger(tmp_path / FILE_NAME).difference == 0
    spool.close()


def test_the_file_gives_back_what_it_no_longer_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.spool_writer.FREE_PAGES_MAX", 10)
    spool = open_spool(tmp_path)
    for number in range(40):
        spool.commit([make_commit(*range(number * 900, number * 900 + 900))])
    spool.queue.mark_loaded(range(1, 41), 0)
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool.tidy()
    while spool.tidy():
        pass
    # The digests stay, 16 bytes an id.
    assert spool._db.execute("PRAGMA freelist_count").fetchone()[0] <= 10
    assert spool._db.execute("PRAGMA page_count").fetchone()[0] < pages * 0.9
    spool.close()


def test_a_reader_sees_one_moment(spool: Spool, tmp_path: Path) -> None:
    reader = open_for_reading(tmp_path / FILE_NAME)
    spool.commit([make_commit(7)])
    assert reader.execute("SELECT count(*) FROM batches").fetchone()[0] == 3
    reader.close()
    spool.close()


def test_a_full_disk_can_be_emptied_by_loading_and_takes_commits_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commits leave a reserve on the disk; what was loaded makes room for the next reserve."""

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "on demand")

    spool = open_spool(tmp_path)
    spool.commit([make_commit(*range(2_000))])
    assert (tmp_path / "reserve").stat().st_size == 100_000
    assert spool.give_up_reserve()
    assert not spool.give_up_reserve()
    with monkeypatch.context() as full:
        full.setattr("storage.spool_reserve.os.posix_fallocate", fail)
        assert spool.commit([make_commit(2_001)]) == [Full()]
        assert not (tmp_path / "reserve").exists()
        spool.queue.mark_loaded([1], 0)
        while spool.tidy():
            pass
        spool.tidy()
        assert spool.status().kept_bytes == 0
        assert spool._db.execute("PRAGMA freelist_count").fetchone()[0] == 0
    assert spool.commit([make_commit(1, 2_001)]) == [Committed([b"\x01"])]
    assert (tmp_path / "reserve").exists()
    spool.close()
