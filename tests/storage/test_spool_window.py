"""How long ids are remembered, and what brings them back after a crash or a reboot."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.bitmap import unpack_bitmap
from storage.spool_file import FILE_NAME
from storage.spool_index import INDEX_NAME
from storage.spool_protocol import Committed
from storage.spool_span import DAY_MS, Span, find_forgotten, needs_new_span
from storage.spool_writer import Spool
from tests.storage.spooling import START, TestClock, make_commit, make_limits, open_spool

START_MS = int(START.timestamp() * 1000)
NEVER = 1 << 62


def duplicates(spool: Spool, *numbers: int) -> list[bool]:
    """Commit events and tell which were duplicates."""
    (answer,) = spool.commit([make_commit(*numbers)])
    assert isinstance(answer, Committed)
    return [bool(flag) for flag in unpack_bitmap(answer.duplicates[0], len(numbers))]


def load_all(spool: Spool) -> None:
    """Let the loader end everything that waits."""
    spool.queue.mark_loaded([batch.seq for batch in spool.queue.claim(1 << 40, ())], 0)


def test_ids_are_remembered_for_the_window_and_forgotten_after(tmp_path: Path) -> None:
    clock = TestClock()
    spool = open_spool(tmp_path, clock)
    duplicates(spool, 1)
    # Seven days, one more for events whose time is ahead of their receipt, and the day's rest.
    for _ in range(8):
        clock.advance(days=1)
        load_all(spool)
        spool.tidy()
        assert duplicates(spool, 1) == [True]
    clock.advance(days=1)
    duplicates(spool, 2)
    load_all(spool)
    while spool.tidy():
        pass
    assert duplicates(spool, 1) == [False]
    spool.close()


def test_ids_of_batches_that_wait_for_loading_are_not_forgotten(tmp_path: Path) -> None:
    clock = TestClock()
    spool = open_spool(tmp_path, clock)
    duplicates(spool, 1)
    clock.advance(days=30)
    duplicates(spool, 2)
    while spool.tidy():
        pass
    assert duplicates(spool, 1) == [True]
    spool.close()


def test_too_many_ids_shorten_the_window_and_it_says_so(tmp_path: Path) -> None:
    clock = TestClock()
    limits = make_limits(dedup_ids_max=1_600, spool_bytes_max=10_000_000)
    spool = open_spool(tmp_path, clock, limits)
    assert spool.status().dedup_window_start_ms == START_MS - 8 * DAY_MS
    moments = {}
    for number in range(0, 5_000, 50):
        clock.advance(minutes=1)
        moments[number] = int(clock.now.timestamp() * 1000)
        assert not any(duplicates(spool, *range(number, number + 50)))
        assert spool.status().ids_held <= 1_600
        start = spool.status().dedup_window_start_ms
        oldest = next((n for n, at in moments.items() if at >= start), number)
        assert number - oldest >= min(number, 1_400)
    assert duplicates(spool, 0) == [False]
    for number, at in list(moments.items())[1:]:
        was_duplicate = duplicates(spool, number) == [True]
        assert was_duplicate or at < spool.status().dedup_window_start_ms
    spool.close()
    again = open_spool(tmp_path, clock, limits)
    assert again.status().dedup_window_start_ms >= start
    again.close()


def test_digests_leave_the_database_with_their_span(tmp_path: Path) -> None:
    clock = TestClock()
    spool = open_spool(tmp_path, clock)
    for _ in range(12):
        duplicates(spool, clock.now.day, 1000 + clock.now.day)
        load_all(spool)
        clock.advance(days=1)
    while spool.tidy():
        pass
    ids = spool._db.execute("SELECT sum(length(digests)) / 16 FROM digests").fetchone()[0]
    assert ids == spool.status().ids_held == 2 * 8
    spool.close()


@pytest.mark.parametrize("how", ["crash", "reboot", "no index"])
def test_the_index_is_made_whole_before_commits_are_taken(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.spool_index.REPLAY_ROWS", 10)
    spool = open_spool(tmp_path, limits=make_limits(spool_bytes_max=10_000_000))
    for number in range(95):
        assert duplicates(spool, number, number + 1_000) == [False, False]
    if how == "crash":
        spool._index._seen.applied_seq = 40
    spool.close()
    if how == "no index":
        (tmp_path / INDEX_NAME).unlink()
    boot_id = bytes([7 if how == "reboot" else 0] * 16)
    again = Spool(tmp_path, make_limits(), TestClock(), boot_id)
    steps = 0
    assert again.status().state == "rebuilding"
    while not again.replay():
        steps += 1
        assert again.status().state == "rebuilding"
    assert steps == (5 if how == "crash" else 9)
    assert (again.status().state, again.status().ids_held) == ("ready", 190)
    everything = [n for number in range(95) for n in (number, number + 1_000)]
    assert all(duplicates(again, *everything))
    again.close()


def test_a_rebuild_leaves_out_what_was_forgotten(tmp_path: Path) -> None:
    clock = TestClock()
    spool = open_spool(tmp_path, clock)
    duplicates(spool, 1)
    load_all(spool)
    clock.advance(days=1)
    duplicates(spool, 2)
    load_all(spool)
    clock.advance(days=8)
    spool._index.forget(int(clock.now.timestamp() * 1000), None)
    spool.close()
    again = open_spool(tmp_path, clock, boot_id=bytes([7] * 16))
    assert duplicates(again, 1, 2) == [False, True]
    assert (tmp_path / FILE_NAME).exists()
    again.close()


def test_a_span_ends_with_its_day_or_when_it_is_full() -> None:
    spans = [Span(1, START_MS)]
    assert needs_new_span([], 0, 10, START_MS)
    assert not needs_new_span(spans, 9, 10, START_MS + 1)
    assert needs_new_span(spans, 10, 10, START_MS + 1)
    assert needs_new_span(spans, 0, 10, (START_MS // DAY_MS + 1) * DAY_MS)
    assert not needs_new_span(spans, 0, 10, START_MS - 3 * DAY_MS)


@given(
    ids=st.lists(st.integers(0, 100), min_size=1, max_size=12),
    ids_max=st.integers(0, 300),
    window_start=st.integers(0, 13),
    oldest_needed=st.integers(1, 14),
)
def test_no_span_is_forgotten_that_is_young_or_needed_while_there_is_room(
    ids: list[int], ids_max: int, window_start: int, oldest_needed: int
) -> None:
    spans = [Span(number + 1, number) for number in range(len(ids))]
    gone = find_forgotten(spans, ids, ids_max, window_start, oldest_needed)
    assert gone == spans[: len(gone)]
    assert len(gone) < len(spans)
    kept = ids[len(gone) :]
    assert sum(kept) <= ids_max or len(kept) == 1
    for index, span in enumerate(gone):
        # It ends where the next one starts, one unit later.
        is_old = span.started_at + 1 <= window_start and span.number < oldest_needed
        assert is_old or sum(ids[index:]) > ids_max
