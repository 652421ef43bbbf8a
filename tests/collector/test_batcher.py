"""Requests share batches and are answered only once these are durable."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import numpy as np
import polars as pl
import pytest

from collector.batcher import Batcher
from collector.outcomes import BadRequest
from collector.pipeline import Result
from collector.raw_event import Decoded
from collector.stages import PROTECT
from collector.verdicts import Verdict
from storage.bitmap import pack_bitmap
from storage.errors import Unavailable
from storage.logs import Log
from storage.spool_client import SpoolClient
from storage.spool_protocol import Commit, Committed, SpoolFull
from tests.collector.worlds import LIMITS, context, event

UUID = "0b2a6f2e-5f65-4b8e-9c5f-0a3f2d4b7c11"


class Spool(SpoolClient):
    """A spooler that keeps commits in a list, and fails or waits on demand."""

    def __init__(self) -> None:
        self.commits: list[Commit] = []
        self.fault: Exception | None = None
        self.gate = asyncio.Event()
        self.gate.set()
        self.duplicate_rows = 0

    async def commit(self, commit: Commit) -> Committed:
        """Take a commit, or fail as told."""
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        self.commits.append(commit)
        flags = [np.arange(part.rows) < self.duplicate_rows for part in commit.parts]
        return Committed([pack_bitmap(one) for one in flags])


class Worlds:
    """A running batcher with its spooler."""

    def __init__(self, **limits: Any) -> None:
        self.spool = Spool()
        self.asked: list[tuple[str, str, list[str]]] = []
        self.known: set[str] = set()
        self.warehouse = threading.Event()
        self.warehouse.set()
        self.keys_fault: Exception | None = None
        self.log = io.StringIO()
        self.batcher = Batcher(
            self._protect,
            self.spool,
            self._known_ids,
            LIMITS.model_copy(update=limits),
            Log("collector", stream=self.log),
        )

    def _protect(self, batch: pl.DataFrame) -> Result:
        if self.keys_fault is not None:
            raise self.keys_fault
        return PROTECT.run(batch, context())

    def _known_ids(self, table: str, site: str, event_ids: list[str]) -> set[str]:
        self.asked.append((table, site, event_ids))
        assert self.warehouse.wait(20)
        return self.known

    async def submit(self, n: int = 1, **fields: Any) -> Verdict:
        events = [event(**fields) for _ in range(n)]
        decoded = Decoded(events, list(range(n)), [])
        return await self.batcher.submit("soq", decoded)


def play(scene: Callable[[Worlds], Awaitable[None]], **limits: Any) -> Worlds:
    """Run a scene beside a batcher, and stop it; all in bounded time."""

    async def whole() -> Worlds:
        worlds = Worlds(**limits)
        async with asyncio.timeout(20):
            running = asyncio.create_task(worlds.batcher.run())
            await scene(worlds)
            worlds.batcher.stop()
            await running
        return worlds

    return asyncio.run(whole())


def test_an_answer_waits_for_the_commit_and_tells_duplicates() -> None:
    async def scene(worlds: Worlds) -> None:
        worlds.spool.gate.clear()
        worlds.spool.duplicate_rows = 1
        waiting = asyncio.create_task(worlds.submit(3))
        await asyncio.sleep(0.3)
        assert not waiting.done()
        worlds.spool.gate.set()
        verdict = await waiting
        assert (verdict.received, verdict.duplicate, verdict.reasons) == (3, 1, {})

    worlds = play(scene)
    assert [part.rows for commit in worlds.spool.commits for part in commit.parts] == [3]


def test_requests_that_come_meanwhile_share_the_next_batch() -> None:
    async def scene(worlds: Worlds) -> None:
        verdicts = await asyncio.gather(*(worlds.submit() for _ in range(40)))
        assert [verdict.received for verdict in verdicts] == [1] * 40

    worlds = play(scene)
    rows = [commit.parts[0].rows for commit in worlds.spool.commits]
    assert sum(rows) == 40 and len(rows) <= 4


def test_a_batch_holds_so_many_events_and_a_larger_request_goes_alone() -> None:
    async def scene(worlds: Worlds) -> None:
        await asyncio.gather(*(worlds.submit(n) for n in (4, 4, 4, 25, 2)))

    worlds = play(scene, events_per_batch_max=10)
    assert [commit.parts[0].rows for commit in worlds.spool.commits] == [8, 4, 25, 2]


@pytest.mark.parametrize("fault", [SpoolFull(), Unavailable("spooler"), OSError("u-1842")])
def test_a_failed_commit_is_told_to_each_and_the_next_batch_goes_on(fault: Exception) -> None:
    async def scene(worlds: Worlds) -> None:
        worlds.spool.fault = fault
        told = await asyncio.gather(*(worlds.submit() for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in told] == [type(fault)] * 3
        worlds.spool.fault = None
        assert (await worlds.submit()).received == 1

    worlds = play(scene)
    assert len(worlds.spool.commits) == 1
    assert "1842" not in worlds.log.getvalue() and type(fault).__name__ in worlds.log.getvalue()


def test_without_keys_nothing_is_rejected_and_all_are_to_come_again() -> None:
    async def scene(worlds: Worlds) -> None:
        worlds.keys_fault = Unavailable("keyring")
        told = await asyncio.gather(*(worlds.submit() for _ in range(3)), return_exceptions=True)
        assert [type(one) for one in told] == [Unavailable] * 3
        worlds.keys_fault = None
        assert (await worlds.submit()).reasons == {}

    worlds = play(scene)
    assert [commit.counts for commit in worlds.spool.commits] == [[]]


def test_too_many_that_wait_are_turned_away() -> None:
    async def scene(worlds: Worlds) -> None:
        worlds.spool.gate.clear()
        waiting = [asyncio.create_task(worlds.submit()) for _ in range(60)]
        await asyncio.sleep(0.5)
        turned_away = [one for one in waiting if one.done()]
        assert turned_away
        for one in turned_away:
            fault = one.exception()
            assert isinstance(fault, BadRequest) and fault.reason == "busy"
        worlds.spool.gate.set()
        await asyncio.gather(*waiting, return_exceptions=True)

    worlds = play(scene, requests_waiting_max=10, events_per_batch_max=1)
    assert sum(part.rows for commit in worlds.spool.commits for part in commit.parts) < 60


def test_a_stopping_batcher_finishes_what_waits_and_takes_no_more() -> None:
    async def scene(worlds: Worlds) -> None:
        waiting = [asyncio.create_task(worlds.submit()) for _ in range(5)]
        await asyncio.sleep(0)
        worlds.batcher.stop()
        with pytest.raises(BadRequest):
            await worlds.submit()
        assert [verdict.received for verdict in await asyncio.gather(*waiting)] == [1] * 5

    play(scene)


def test_a_sender_that_left_does_not_disturb_the_others() -> None:
    async def scene(worlds: Worlds) -> None:
        worlds.spool.gate.clear()
        gone, stays = (asyncio.create_task(worlds.submit()) for _ in range(2))
        await asyncio.sleep(0.2)
        gone.cancel()
        worlds.spool.gate.set()
        assert (await stays).received == 1

    assert play(scene).spool.commits[0].parts[0].rows == 2


def test_undecodable_requests_are_counted_without_waiting_for_events() -> None:
    async def scene(worlds: Worlds) -> None:
        for _ in range(3):
            worlds.batcher.count_undecodable("soq", "body_invalid")
        while not worlds.spool.commits:
            await asyncio.sleep(0.01)

    worlds = play(scene)
    (counts,) = [commit.counts for commit in worlds.spool.commits]
    assert [(c.site, c.outcome, c.reason, c.n) for c in counts] == [
        ("soq", "undecodable", "body_invalid", 3)
    ]


def test_undecodable_requests_are_counted_by_the_next_batch_where_their_commit_fails() -> None:
    async def scene(worlds: Worlds) -> None:
        worlds.spool.fault = Unavailable("spooler")
        worlds.batcher.count_undecodable("soq", "body_invalid")
        with pytest.raises(Unavailable):
            await worlds.submit()
        worlds.spool.fault = None
        await worlds.submit()

    worlds = play(scene)
    counts = [count for commit in worlds.spool.commits for count in commit.counts]
    assert [(c.outcome, c.reason, c.n) for c in counts] == [("undecodable", "body_invalid", 1)]


def test_an_import_is_compared_with_the_warehouse_and_nothing_else_is() -> None:
    async def scene(worlds: Worlds) -> None:
        worlds.known = {UUID}
        await worlds.submit(_event_id=UUID, is_import=True)
        await worlds.submit(_event_id=UUID)

    worlds = play(scene)
    assert worlds.asked == [("events", "soq", [UUID])]
    assert [commit.parts[0].known for commit in worlds.spool.commits] == [b"\x01", b""]


def test_imports_that_wait_for_the_warehouse_hold_nobody_else_up() -> None:
    async def scene(worlds: Worlds) -> None:
        worlds.warehouse.clear()
        imports = [asyncio.create_task(worlds.submit(is_import=True)) for _ in range(8)]
        await asyncio.sleep(0.1)
        live = await asyncio.gather(*(worlds.submit() for _ in range(8)))
        assert [verdict.received for verdict in live] == [1] * 8
        assert not any(one.done() for one in imports)
        worlds.warehouse.set()
        assert [verdict.received for verdict in await asyncio.gather(*imports)] == [1] * 8

    play(scene)


def test_a_busy_batcher_lingers_for_company() -> None:
    async def scene(worlds: Worlds) -> None:
        worlds.batcher._live._busy_share = 0.9
        first = asyncio.create_task(worlds.submit())
        await asyncio.sleep(0.05)
        second = asyncio.create_task(worlds.submit())
        await asyncio.gather(first, second)

    worlds = play(scene, batch_linger_ms_max=400)
    assert [commit.parts[0].rows for commit in worlds.spool.commits] == [2]
