"""The spool for those who follow it: nothing missed, batches held as long as limits allow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from storage.errors import Unavailable
from storage.spool_file import FILE_NAME
from storage.spool_follow import glance, list_after
from storage.spool_loader import LoaderClient
from storage.spool_writer import Spool
from tests.storage.spooling import (
    TestClock,
    make_commit,
    make_limits,
    open_spool,
    running_spooler,
)

HELD = replace(make_limits(), held_seconds=24 * 3_600)


def load_all(spool: Spool, clock: TestClock) -> None:
    """Let the loader end everything that waits."""
    seqs = [batch.seq for batch in spool.queue.claim(1 << 40, ())]
    spool.queue.mark_loaded(seqs, round(clock().timestamp() * 1_000))


def seqs_of(folder: Path) -> list[int]:
    """Give the numbers of all batches that are there."""
    return [one.seq for one in list_after(folder / FILE_NAME, 0, 1_000)]


def test_a_follower_sees_every_batch_in_order_with_its_sites(tmp_path: Path) -> None:
    spool = open_spool(tmp_path)
    spool.commit([make_commit(1, 2), make_commit(3, site="other")])
    spool.commit([make_commit(1)])
    batches = list_after(tmp_path / FILE_NAME, 0, 10)
    assert [sorted(one.sites) for one in batches] == [["soq"], ["other"], []]
    assert [one.seq for one in batches] == [1, 2, 3]
    assert [one.bytes for one in batches] == [8, 4, 0]
    assert [one.seq for one in list_after(tmp_path / FILE_NAME, 1, 1)] == [2]
    seen = glance(tmp_path / FILE_NAME, 1)
    assert (seen.last_seq, seen.bytes_after, len(seen.spool_id)) == (3, 4, 16)
    assert glance(tmp_path / FILE_NAME, 3).oldest_ms is None
    spool.close()


def test_without_a_spool_there_is_nothing_to_follow(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        glance(tmp_path / FILE_NAME, 0)


def test_batches_are_held_from_the_first_that_is_needed(tmp_path: Path) -> None:
    clock = TestClock()
    spool = open_spool(tmp_path, clock, HELD)
    for number in range(4):
        spool.commit([make_commit(number)])
    load_all(spool, clock)
    spool.need(3)
    clock.advance(hours=20)
    spool.tidy()
    assert seqs_of(tmp_path) == [3, 4]
    spool.close()
    spool = open_spool(tmp_path, clock, HELD)
    spool.tidy()
    assert seqs_of(tmp_path) == [3, 4], "what is needed outlives a restart"
    clock.advance(hours=5)
    spool.tidy()
    assert seqs_of(tmp_path) == [], "nothing is held longer than anybody may wait"
    spool.close()


def test_where_nobody_is_forwarded_to_nothing_is_held(tmp_path: Path) -> None:
    clock = TestClock()
    spool = open_spool(tmp_path, clock, HELD)
    spool.commit([make_commit(1)])
    load_all(spool, clock)
    spool.need(1)
    spool.close()
    spool = open_spool(tmp_path, clock, make_limits())
    clock.advance(hours=2)
    spool.tidy()
    assert seqs_of(tmp_path) == []
    spool.close()


def test_what_is_held_gives_way_to_new_events(tmp_path: Path) -> None:
    clock = TestClock()
    limits = replace(HELD, spool_bytes_max=40)
    spool = open_spool(tmp_path, clock, limits)
    spool.commit([make_commit(*range(8))])
    load_all(spool, clock)
    spool.need(1)
    spool.commit([make_commit(*range(10, 18))])
    assert seqs_of(tmp_path) == [2]
    spool.close()


def test_after_a_reboot_only_what_was_loaded_lately_is_verified(tmp_path: Path) -> None:
    clock = TestClock()
    spool = open_spool(tmp_path, clock, HELD)
    spool.commit([make_commit(1)])
    load_all(spool, clock)
    spool.need(1)
    clock.advance(hours=3)
    spool.commit([make_commit(2)])
    load_all(spool, clock)
    clock.advance(hours=3)
    spool.close()
    spool = open_spool(tmp_path, clock, HELD, boot_id=bytes(15) + b"2")
    assert [batch.seq for batch in spool.queue.claim(1_000, ())] == [2]
    spool.close()


def test_a_spooler_is_told_over_its_socket(home: Path) -> None:
    with running_spooler(home) as spooler:
        client = LoaderClient(spooler.socket)
        client.needed(7)
        client.needed(7)
        assert client.status().state == "ready"
        client.close()
