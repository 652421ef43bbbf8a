"""Many requests share one micro-batch and one fsync; each is answered when its batch is on disk.

A batch closes as soon as the one before it has gone through the stages, so batches are as small as
the load allows and as large as it needs; a short linger is added only while the stages are busy
most of the time. Imports have a lane of their own, since they ask the warehouse: while that is away
or slow they wait, and nothing else does.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from time import perf_counter

from collector.micro_batch import Protect, Submission, Worked, mark_known, work_batch
from collector.outcomes import BadRequest
from collector.parts import Cut
from collector.raw_event import Decoded
from collector.verdicts import Verdict
from config.limits import Limits
from storage.errors import Unavailable
from storage.logs import Log, name_error, name_place
from storage.spool_client import SpoolClient
from storage.spool_protocol import Commit, Count, Part
from storage.spool_rows import Compression

KnownIds = Callable[[str, str, list[str]], set[str]]
"""(table, site, event ids) -> those that the warehouse has. May block; runs in a thread."""

COMMITS_UNDER_WAY_MAX = 4
"""Batches that wait for the spooler while the next one goes through the stages."""

IMPORTS_UNDER_WAY_MAX = 1
"""Batches of imports likewise: one, since they share a connection to the warehouse."""

BUSY_SHARE = 0.5
"""Above this share of wall time spent in stages, a batch lingers for company."""

FULL_ENOUGH = 1_000
"""Events from which columnar work is efficient: no linger beyond."""


class Batcher:
    """Collects submissions, runs batches, hands them to the spooler; imports beside the rest."""

    def __init__(
        self,
        protect: Protect,
        spool: SpoolClient,
        known_ids: KnownIds,
        limits: Limits,
        log: Log,
        compression: Compression = "lz4",
    ) -> None:
        self._stages = ThreadPoolExecutor(1, thread_name_prefix="stages")
        work = partial(work_batch, protect=protect, log=log, compression=compression)
        make_lane = partial(_Lane, work, spool, known_ids, limits, log, self._stages)
        self._live = make_lane(COMMITS_UNDER_WAY_MAX)
        self._imports = make_lane(IMPORTS_UNDER_WAY_MAX)

    async def submit(self, site: str, decoded: Decoded) -> Verdict:
        """Take a request's events and give their outcomes once they are durable.

        Errors: BadRequest `busy` when too many requests wait; Unavailable, SpoolFull.
        """
        is_import = any(event.is_import for event in decoded.events)
        return await (self._imports if is_import else self._live).submit(site, decoded)

    def count_undecodable(self, site: str, reason: str) -> None:
        """Count a request that held nothing readable; it goes to disk with the next batch."""
        self._live.count_undecodable(site, reason)

    async def run(self) -> None:
        """Run batches until `stop`; answers every submission, with an outcome or an error."""
        await asyncio.gather(self._live.run(), self._imports.run())
        self._stages.shutdown()

    def stop(self) -> None:
        """Take no more; finish what waits, then let `run` end."""
        self._live.stop()
        self._imports.stop()


class _Lane:
    """Batches that follow each other, with their own queue and their own commits under way."""

    def __init__(
        self,
        work: Callable[[list[Submission]], list[Worked]],
        spool: SpoolClient,
        known_ids: KnownIds,
        limits: Limits,
        log: Log,
        stages: ThreadPoolExecutor,
        under_way_max: int,
    ) -> None:
        self._work_batch = work
        self._spool = spool
        self._known_ids = known_ids
        self._limits = limits
        self._log = log
        self._waiting: deque[Submission] = deque()
        self._waiting_events = 0
        self._arrived = asyncio.Event()
        self._undecodable: Counter[tuple[str, str]] = Counter()
        self._slots = asyncio.Semaphore(under_way_max)
        self._under_way: set[asyncio.Task[None]] = set()
        self._stages = stages
        self._busy_share = 0.0
        self._turned_at = perf_counter()
        self._stopping = False

    async def submit(self, site: str, decoded: Decoded) -> Verdict:
        """As `Batcher.submit`."""
        if self._stopping or len(self._waiting) >= self._limits.requests_waiting_max:
            raise BadRequest("busy")
        verdict: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()
        self._waiting.append(Submission(site, decoded, verdict))
        self._waiting_events += decoded.received
        self._arrived.set()
        return await verdict

    def count_undecodable(self, site: str, reason: str) -> None:
        """As `Batcher.count_undecodable`."""
        self._undecodable[site, reason] += 1
        self._arrived.set()

    async def run(self) -> None:
        """As `Batcher.run`."""
        while not (self._stopping and not self._waiting):
            await self._arrived.wait()
            if self._busy_share > BUSY_SHARE and self._waiting_events < FULL_ENOUGH:
                await asyncio.sleep(self._limits.batch_linger_ms_max / 1000)
            await self._slots.acquire()
            batch = self._close_batch()
            try:
                worked = await self._work(batch)
            except Unavailable as fault:
                self._turn_away(batch, fault)
                self._slots.release()
                continue
            task = asyncio.create_task(self._commit_all(worked))
            self._under_way.add(task)
            task.add_done_callback(self._free_slot)
        await asyncio.gather(*self._under_way)

    def stop(self) -> None:
        """As `Batcher.stop`."""
        self._stopping = True
        self._arrived.set()

    def _free_slot(self, task: asyncio.Task[None]) -> None:
        """Let the next batch follow a finished commit."""
        self._under_way.discard(task)
        self._slots.release()

    def _close_batch(self) -> list[Submission]:
        """Take submissions, oldest first, up to the bound of a batch."""
        batch: list[Submission] = []
        events = 0
        while self._waiting:
            received = self._waiting[0].decoded.received
            if batch and events + received > self._limits.events_per_batch_max:
                break
            events += received
            batch.append(self._waiting.popleft())
        self._waiting_events -= events
        if not self._waiting and not self._stopping:
            self._arrived.clear()
        return batch

    async def _work(self, batch: list[Submission]) -> list[Worked]:
        """Take a batch through the stages in their thread, and note how busy that is."""
        started = perf_counter()
        worked = await asyncio.get_running_loop().run_in_executor(
            self._stages, self._work_batch, batch
        )
        ended = perf_counter()
        share = (ended - started) / max(ended - self._turned_at, 1e-6)
        self._turned_at = ended
        self._busy_share += 0.2 * (share - self._busy_share)
        worked[-1].counts += [
            Count(site=site, outcome="undecodable", reason=reason, n=n)
            for (site, reason), n in self._undecodable.items()
        ]
        self._undecodable.clear()
        return worked

    async def _commit_all(self, batches: list[Worked]) -> None:
        """Hand batches to the spooler; answer their requests when they are on disk."""
        for worked in batches:
            try:
                await self._commit(worked)
            except Exception as fault:  # noqa: BLE001
                self._turn_away(worked.submissions, fault)
                self._keep_undecodable(worked)

    def _keep_undecodable(self, worked: Worked) -> None:
        """Let the next batch carry counts that did not get to disk: nobody sends these again."""
        for count in worked.counts:
            if count.outcome == "undecodable":
                self._undecodable[count.site, count.reason] += count.n

    def _turn_away(self, batch: list[Submission], fault: Exception) -> None:
        """Tell each request that waits that nothing of its batch is known to be durable."""
        self._log.warn("a batch was not spooled", error=name_error(fault), place=name_place(fault))
        for one in batch:
            if not one.verdict.done():
                one.verdict.set_exception(fault)

    async def _commit(self, worked: Worked) -> None:
        """Commit one batch and settle the verdicts of its requests."""
        if not worked.cuts and not worked.counts:
            committed: list[bytes] = []
        else:
            parts = [await self._with_known(cut) for cut in worked.cuts]
            committed = (await self._spool.commit(Commit(parts, worked.counts))).duplicates
        worked.mark_duplicates(committed)
        for one, verdict in zip(worked.submissions, worked.verdicts, strict=True):
            if not one.verdict.done():
                one.verdict.set_result(verdict)

    async def _with_known(self, cut: Cut) -> Part:
        """Give a cut's part; rows of an import that the warehouse has are marked."""
        known: set[tuple[str, str]] = set()
        for site, event_ids in cut.imported.items():
            there = await asyncio.to_thread(self._known_ids, cut.part.table, site, event_ids)
            known |= {(site, event_id) for event_id in there}
        return mark_known(cut, known)
