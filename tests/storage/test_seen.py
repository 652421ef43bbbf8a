"""The index of seen ids against a plain set."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.seen import SPAN_SHARE, Seen, as_keys, find_repeats
from storage.seen_table import SPANS_MAX
from tests.storage.spooling import digest

SPOOL_ID, BOOT_ID = bytes(16), bytes([1] * 16)


def open_seen(folder: Path, ids_max: int = 20_000, boot_id: bytes = BOOT_ID) -> Seen:
    """Open an index that begins small, all spans up to 30 live."""
    seen = Seen(folder / "seen.index", ids_max, SPOOL_ID, boot_id, ids_start=500)
    seen.set_live(range(1, 31))
    return seen


def join(numbers: list[int]) -> bytes:
    """Give the digests of events."""
    return b"".join(digest(number) for number in numbers)


@settings(max_examples=60, deadline=None)
@given(
    batches=st.lists(st.lists(st.integers(0, 300), max_size=60), max_size=30),
    reopen=st.sets(st.integers(0, 30)),
)
def test_it_agrees_with_a_set_across_batches_and_reopening(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[int]], reopen: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("seen")
    seen, model = open_seen(folder), set[int]()
    for index, batch in enumerate(batches):
        if index in reopen:
            seen.close()
            seen = open_seen(folder)
        expected = [number in model or number in batch[:row] for row, number in enumerate(batch)]
        assert seen.add_new(join(batch), 1).tolist() == expected
        model.update(batch)
        assert seen.ids_held == len(model)
    seen.close()


def test_it_agrees_with_a_set_while_it_grows_many_times(tmp_path: Path) -> None:
    seen, model, chance = open_seen(tmp_path), set[int](), random.Random(1)
    buckets = set()
    while len(model) < 20_000:
        batch = [chance.randrange(30_000) for _ in range(chance.choice([1, 7, 20]))]
        expected = [number in model or number in batch[:row] for row, number in enumerate(batch)]
        assert seen.add_new(join(batch), 1).tolist() == expected
        model.update(batch)
        buckets.add(seen._table.buckets)
    assert len(buckets) > 10
    everything = as_keys(join(sorted(model)))
    assert seen.find_duplicates(everything).all()
    assert not seen.find_duplicates(as_keys(join(list(range(40_000, 60_000))))).any()
    seen.close()


def test_ids_whose_two_buckets_are_full_push_others_aside(tmp_path: Path) -> None:
    seen = open_seen(tmp_path, ids_max=1_000)
    table, keys = seen._table, as_keys(os.urandom(16 * 100_000))
    while table.is_growing() or table.is_crowded(100_000):
        table.grow(10_000)
    first, second = table._choose(keys[:, 0])
    crowd = keys[(first < 4) & (second < 4)][: 4 * 16]
    others = keys[(first < 4) & (second >= 4)][: 4 * 16]
    for key in np.concatenate([others, crowd]):
        seen.add(key[None, :], 1)
    assert len(crowd) + len(others) > 4 * 16 - 8
    assert seen.find_duplicates(np.concatenate([others, crowd])).all()
    seen.close()


def test_forgotten_spans_are_new_again_and_their_room_is_used(tmp_path: Path) -> None:
    seen = open_seen(tmp_path, ids_max=2_000)
    for span in range(1, 200):
        seen.set_live(range(max(1, span - 3), span + 1))
        fresh = list(range(span * 500, span * 500 + 500))
        assert not seen.add_new(join(fresh), span).any()
        assert seen.ids_held == 500 * min(span, 4)
    assert seen.add_new(join(list(range(196 * 500, 197 * 500))), 199).all()
    while seen.sweep(10_000):
        pass
    assert not seen.add_new(join(list(range(500, 1_000))), 199).any()
    seen.close()


def test_more_spans_than_slots_can_tell_apart_are_refused(tmp_path: Path) -> None:
    seen = open_seen(tmp_path)
    seen.set_live(range(5_000, 5_000 + SPANS_MAX - 1))
    with pytest.raises(ValueError, match="more spans"):
        seen.set_live([1, 1 + SPANS_MAX])
    seen.close()


@pytest.mark.parametrize(
    ("spool_id", "boot_id"), [(SPOOL_ID, bytes(16)), (BOOT_ID, BOOT_ID)], ids=["boot", "spool"]
)
def test_another_boot_or_another_spool_begins_empty(
    tmp_path: Path, spool_id: bytes, boot_id: bytes
) -> None:
    seen = open_seen(tmp_path)
    seen.add_new(join([1, 2, 3]), 1)
    seen.applied_seq = 7
    seen.close()
    other = Seen(tmp_path / "seen.index", 20_000, spool_id, boot_id, 500)
    assert (other.applied_seq, other.ids_held) == (0, 0)
    other.set_live([1])
    assert not other.add_new(join([1, 2, 3]), 1).any()
    other.close()


def test_another_limit_begins_empty(tmp_path: Path) -> None:
    open_seen(tmp_path, ids_max=20_000).close()
    seen = open_seen(tmp_path, ids_max=500_000)
    assert seen.applied_seq == 0
    assert not seen.add_new(join(list(range(500_000 // SPAN_SHARE))), 1).any()
    seen.close()


def test_digests_that_share_their_first_half_are_told_apart(tmp_path: Path) -> None:
    seen = open_seen(tmp_path)
    one, two = bytes(8) + b"11111111", bytes(8) + b"22222222"
    assert seen.add_new(one + two + one, 1).tolist() == [False, False, True]
    assert seen.add_new(two + bytes(8) + b"33333333", 1).tolist() == [True, False]
    seen.close()


@given(st.lists(st.integers(0, 20), max_size=40))
def test_repeats_are_all_but_the_first(numbers: list[int]) -> None:
    expected = [number in numbers[:row] for row, number in enumerate(numbers)]
    assert find_repeats(as_keys(join(numbers))).tolist() == expected


def test_a_number_that_is_used_again_begins_at_nothing(tmp_path: Path) -> None:
    seen = open_seen(tmp_path)
    seen.add_new(join([1, 2, 3]), 1)
    seen.set_live([2])
    seen.set_live([1 + SPANS_MAX])
    assert (seen.ids_held, seen.count_of(1 + SPANS_MAX)) == (0, 0)
    seen.close()
