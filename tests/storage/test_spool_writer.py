"""The spool in this process: what a commit brings, and what it is answered."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.bitmap import pack_bitmap, unpack_bitmap
from storage.spool import Ledger, read_counters, read_ledger
from storage.spool_file import FILE_NAME
from storage.spool_protocol import Commit, Committed, Count, Full, Malformed
from tests.storage.spooling import (
    START,
    TestClock,
    make_commit,
    make_limits,
    make_part,
    open_spool,
)

Numbers = list[int]


@settings(max_examples=50, deadline=None)
@given(
    groups=st.lists(st.lists(st.lists(st.integers(0, 40), min_size=1, max_size=8), max_size=5)),
    restarts=st.sets(st.integers(0, 5)),
)
def test_duplicates_and_ledger_agree_with_a_set(
    groups: list[list[Numbers]], restarts: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool, model, received = open_spool(folder), set[int](), 0
    for index, group in enumerate(groups):
        if index in restarts:
            spool.close()
            spool = open_spool(folder)
        answers = spool.commit([make_commit(*numbers) for numbers in group])
        for numbers, answer in zip(group, answers, strict=True):
            assert isinstance(answer, Committed)
            expected = [n in model or n in numbers[:row] for row, n in enumerate(numbers)]
            assert unpack_bitmap(answer.duplicates[0], len(numbers)).tolist() == expected
            model.update(numbers)
            received += len(numbers)
    ledger = read_ledger(folder / FILE_NAME)
    assert (ledger.received, ledger.spooled) == (received, len(model))
    assert ledger.difference == 0
    assert spool.status().spooled_rows == len(model)
    spool.close()


def test_a_commit_sent_twice_gets_its_answer_again_and_counts_once(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    spool.commit([make_commit(1)])
    commit = Commit([make_part([1, 2]), make_part([3])], [Count("soq", "refused", "x", 5)])
    (first,) = spool.commit([commit])
    assert first == Committed([b"\x01", b""])
    assert spool.commit([commit]) == [first]
    assert spool.commit([make_commit(9), commit, commit])[1:] == [first, first]
    ledger = read_ledger(tmp_path / FILE_NAME)
    assert (ledger.received, ledger.refused, ledger.duplicate) == (10, 5, 1)
    spool.close()


def test_a_commit_that_stands_twice_in_one_group_counts_once(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    commit = make_commit(1, 1, 2)
    assert spool.commit([commit, commit]) == [Committed([b"\x02"])] * 2
    assert read_ledger(tmp_path / FILE_NAME).received == 3
    spool.close()


def test_counts_alone_are_counted_once_too(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    commit = Commit([], [Count("soq", "undecodable", "not_json", 1)])
    assert spool.commit([commit]) == spool.commit([commit]) == [Committed([])]
    ledger = read_ledger(tmp_path / FILE_NAME)
    assert (ledger.received, ledger.undecodable) == (0, 1)
    spool.close()


def test_a_batch_handed_over_in_another_commit_gets_its_bitmap_again(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    part = make_part([1, 1])
    first = spool.commit([Commit([part], [])])
    assert spool.commit([Commit([part], [Count("soq", "refused", "x", 1)])]) == first
    assert read_ledger(tmp_path / FILE_NAME).received == 2
    spool.close()


def test_a_batch_id_used_for_two_batches_is_malformed(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    part = make_part([1])
    spool.commit([Commit([part], [])])
    assert spool.commit([Commit([part, make_part([2])], [])]) == [Malformed()]
    assert read_ledger(tmp_path / FILE_NAME).received == 1
    spool.close()


def test_rows_that_the_warehouse_knows_are_duplicates(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    known = pack_bitmap(unpack_bitmap(b"\x05", 3))
    (answer,) = spool.commit([Commit([make_part([1, 2, 3], known=known)], [])])
    assert answer == Committed([b"\x05"])
    # The warehouse is asked about them each time, so they take no room in the index.
    assert spool.status().ids_held == 1
    spool.close()


def test_sites_are_counted_apart_within_one_batch(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    spool.commit([make_commit(1, 5)])
    mixed = make_part([1, 2, 3, 4, 5])
    runs = [("soq", 2), ("zhar", 3)]
    part = type(mixed)(mixed.batch_id, "events", 5, mixed.blob, mixed.digests, runs)
    spool.commit([Commit([part], [])])
    ledgers = {site: read_ledger(tmp_path / FILE_NAME, site) for site in ("soq", "zhar")}
    assert ledgers["soq"] == Ledger(received=4, duplicate=1, spooled=3)
    assert ledgers["zhar"] == Ledger(received=3, duplicate=1, spooled=2)
    spool.close()


def test_counters_are_by_day_and_tell_when_they_changed(tmp_path: Path) -> None:
    clock = TestClock()
    spool = open_spool(tmp_path, clock)
    spool.commit([make_commit(1)])
    first_ms = int(START.timestamp() * 1000)
    clock.advance(days=1)
    spool.commit([make_commit(2)])
    spool.queue.mark_loaded([1], first_ms + 86_400_001)
    late = read_counters(tmp_path / FILE_NAME, first_ms + 1)
    day = first_ms // 86_400_000
    assert {(counter.day - day, counter.outcome, counter.n) for counter in late} == {
        (1, "received", 1),
        (1, "accepted", 1),
        (0, "stored", 1),
    }
    spool.close()


def test_at_its_limit_it_is_full_and_takes_nothing(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, limits=make_limits(spool_bytes_max=1_000))
    big = Commit([make_part([1], blob=bytes(600))], [])
    also = Commit([make_part([2], blob=bytes(600))], [Count("soq", "refused", "x", 1)])
    small = Commit([make_part([2], blob=bytes(300))], [])
    assert spool.commit([big, also, small]) == [Committed([b""]), Full(), Committed([b""])]
    assert spool.status().state == "full"
    assert read_ledger(tmp_path / FILE_NAME).received == 2
    spool.queue.mark_loaded([1, 2], 0)
    assert spool.commit([also]) == [Committed([b"\x01"])]
    assert spool.status().state == "ready"
    spool.close()


def test_loaded_batches_make_room_before_their_time(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, limits=make_limits(spool_bytes_max=1_000))
    for number in range(5):
        part = make_part([number], blob=bytes(400))
        assert spool.commit([Commit([part], [])]) == [Committed([b""])]
        spool.queue.mark_loaded([number + 1], number)
        assert spool.status().kept_bytes <= 1_000
    assert spool.status().kept_bytes == 800
    spool.close()


def test_a_full_disk_takes_nothing_and_loses_nothing(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    spool.commit([make_commit(1)])
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count = {pages}")
    blob = os.urandom(50_000)
    refused = Commit([make_part([1, 2], blob=blob)], [Count("soq", "refused", "x", 1)])
    assert spool.commit([refused]) == [Full()]
    assert read_ledger(tmp_path / FILE_NAME) == Ledger(received=1, spooled=1)
    spool._db.execute("PRAGMA max_page_count = 1000000")
    assert spool.commit([refused]) == [Committed([b"\x01"])]
    assert read_ledger(tmp_path / FILE_NAME).difference == 0
    spool.close()


def test_an_older_database_that_was_put_back_gets_a_new_index(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    spool.commit([make_commit(1)])
    copy = sqlite3.connect(tmp_path / "copy")
    spool._db.connection.backup(copy)
    copy.close()
    spool.commit([make_commit(2)])
    spool.close()
    (tmp_path / "copy").rename(tmp_path / FILE_NAME)
    again = open_spool(tmp_path)
    assert again.commit([make_commit(1, 2)]) == [Committed([b"\x01"])]
    again.close()
