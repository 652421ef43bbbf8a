"""Where the time of one batch goes: every stage, over recorded batches, in this process.

The real pipeline with the installation's own keys and rules, and the real spooler over its
socket, so that the wait for the disk is a real one. Times are wall time of one thread; `cpu` is
the CPU time of the whole batch but for the wait.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import median

from benchmarks.requests import fill_ids
from collector.context import Context
from collector.frames import to_frame
from collector.key_book import KeyBook
from collector.parts import Cut, count_outcomes, cut_parts
from collector.protocols.native import decode_events
from collector.protocols.protocol import Request
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.stages import PROTECT
from collector.verdicts import Verdict
from collector.worker import make_context
from config.settings import Settings
from config.vocabulary import load_vocabulary
from storage.clock import unix_ms, utc_now
from storage.registry.engine import open_registry
from storage.spool_client import SpoolClient
from storage.spool_protocol import Commit
from storage.spooler import spooler_socket

SIZES = (1, 40, 400, 1_000)
"""Events in a batch; each came in a request of its own."""

EVENTS_PER_SIZE = 8_000
"""About so many events are worked on for each size of batch."""

REPEATS_MIN, REPEATS_MAX = 7, 60


@dataclass
class Shares:
    """Where the time of batches of one size goes: medians over repeated batches."""

    events: int
    cpu_us: float = 0.0
    """CPU time of one batch, the spooler's and the disk's left out."""
    stage_us: dict[str, float] = field(default_factory=dict)
    """Wall time of each step, in order."""


class StageBench:
    """The pipeline of an installation, taken apart."""

    def __init__(self, settings: Settings, site: str) -> None:
        vocabulary = load_vocabulary(settings.config_dir)
        key_book = KeyBook(open_registry(settings), utc_now)
        self._context: Context = make_context(settings, vocabulary, key_book, utc_now)
        self._terms = Terms(vocabulary.policy, settings.limits)
        self._socket = spooler_socket(settings)
        self._site = site

    def measure(self, bodies: Sequence[str], sizes: Sequence[int] = SIZES) -> list[Shares]:
        """Give the shares for batches of each size; `bodies` hold one event each."""
        return asyncio.run(self._measure(bodies, sizes))

    async def _measure(self, bodies: Sequence[str], sizes: Sequence[int]) -> list[Shares]:
        spool = SpoolClient(self._socket)
        try:
            return [await self._measure_size(bodies, size, spool) for size in sizes]
        finally:
            await spool.close()

    async def _measure_size(self, bodies: Sequence[str], size: int, spool: SpoolClient) -> Shares:
        repeats = max(REPEATS_MIN, min(REPEATS_MAX, EVENTS_PER_SIZE // size))
        watches = []
        for number in range(repeats + 2):
            first = number * size % max(1, len(bodies) - size)
            watch = Watch()
            await self._work(
                [fill_ids(body) for body in bodies[first : first + size]], watch, spool
            )
            watches.append(watch)
        # The first two fill caches.
        return summarise(size, watches[2:])

    async def _work(self, requests: Sequence[bytes], watch: Watch, spool: SpoolClient) -> None:
        """Take one batch from its requests' bodies to its answers."""
        sender = self._sender()
        with watch.step("decode"):
            posted = [Request("/v1/events", body=body) for body in requests]
            decoded = [decode_events(one, sender, self._terms) for one in posted]
        with watch.step("frame"):
            frame = to_frame([event for one in decoded for event in one.events])
        with watch.step("checks"):
            result = PROTECT.run(frame, self._context)
        watch.move("checks", result.stage_ns)
        with watch.step("encode"):
            cuts = cut_parts(result.frame)
        with watch.step("spool wait", waits=True):
            await self._commit(spool, cuts, sender, list(result.rejected.values()))
        with watch.step("answer"):
            _answer(decoded)

    async def _commit(
        self, spool: SpoolClient, cuts: Sequence[Cut], sender: Sender, reasons: Sequence[str]
    ) -> None:
        """Hand a batch over; it is on disk when this returns."""
        counts = count_outcomes((sender.site, "events", reason) for reason in reasons)
        await spool.commit(Commit([cut.part for cut in cuts], counts))

    def _sender(self) -> Sender:
        return Sender(
            site=self._site,
            trusted=True,
            address="127.0.0.1",
            user_agent="classifieds-server/1.0",
            client_hints="",
            received_at_ms=unix_ms(utc_now()),
        )


class Watch:
    """Times the steps of one batch."""

    def __init__(self) -> None:
        self.step_ns: dict[str, int] = {}
        """Wall time of each step, in nanoseconds."""
        self.cpu_ns = 0
        """CPU time of the process in all steps but those that wait for another."""

    @contextmanager
    def step(self, name: str, waits: bool = False) -> Iterator[None]:
        """Time what happens inside."""
        cpu_ns, started = time.process_time_ns(), time.perf_counter_ns()
        yield
        self.step_ns[name] = time.perf_counter_ns() - started
        self.cpu_ns += 0 if waits else time.process_time_ns() - cpu_ns

    def move(self, name: str, parts_ns: dict[str, int]) -> None:
        """Take a step's parts out of it and put them before it."""
        rest = self.step_ns.pop(name) - sum(parts_ns.values())
        self.step_ns |= parts_ns | {name: rest}


def summarise(events: int, watches: Sequence[Watch]) -> Shares:
    """Give the medians over batches of one size."""
    names = list(watches[0].step_ns)
    return Shares(
        events=events,
        cpu_us=median(watch.cpu_ns for watch in watches) / 1000,
        stage_us={name: median(w.step_ns[name] for w in watches) / 1000 for name in names},
    )


def _answer(decoded: Sequence[Decoded]) -> None:
    """Make every request's answer."""
    for one in decoded:
        Verdict(one.received, {}).answer(trusted=True)
