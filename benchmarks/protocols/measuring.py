"""CPU time of each protocol's events: decoding alone, and the whole way to the spool.

In this process, with the real pipeline and real digests. The batch that goes through the stages
holds as many events whatever the protocol, so that what differs is the protocol's doing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks.figures import Spread
from benchmarks.protocols.people import AGENT, RECEIVED_AT, SITE
from benchmarks.protocols.samples import NATIVE, Sample
from collector.consent.bits import to_bits
from collector.consent.signal import Statement
from collector.context import Context
from collector.frames import to_frame
from collector.key_book import KeyBook
from collector.parts import cut_parts
from collector.protocols import PROTOCOLS
from collector.protocols.protocol import Adapter, Request
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.router import Router, choose
from collector.stages import PROTECT
from collector.worker import make_context
from config.settings import load_settings
from config.vocabulary import Vocabulary, load_vocabulary
from storage.clock import unix_ms
from storage.registry.engine import open_registry

ROUTER = Router(PROTOCOLS)

CPU_NS_MIN = 4_000_000
"""Decoding is repeated until so much CPU time is spent, or its clock would be too coarse."""


class NotKept(Exception):
    """An event was turned away: the figures would be of something else."""


class Workplace(NamedTuple):
    """What decoding and the stages need to know."""

    context: Context
    terms: Terms
    sender: Sender

    @classmethod
    def of(cls, home: Path) -> Workplace:
        """Set the shipped rules, a registry and fresh keys up in an empty folder."""
        settings = load_settings({"SANAQ_HOME": str(home), "SANAQ_MASTER_KEY": "5a" * 32})
        vocabulary, clock = load_vocabulary(settings.config_dir), lambda: RECEIVED_AT
        key_book = KeyBook(open_registry(settings, clock), clock)
        context = make_context(settings, vocabulary, key_book, clock)
        terms = Terms(vocabulary.policy, settings.limits)
        return cls(context, terms, _make_sender(vocabulary))


class Cost(NamedTuple):
    """What one event of a sample costs, over the rounds."""

    sample: Sample
    bytes_per_event: float
    """Of query and body, inflated."""
    decode_us: Spread
    whole_us: Spread
    """Decoding and all stages, up to the bytes that the spooler is handed."""
    decode_ratio: Spread
    """To the native API in requests of as many events, each pair from one round."""
    whole_ratio: Spread


class Spent(NamedTuple):
    """CPU time of one event in one round, in microseconds."""

    decode_us: float
    whole_us: float


def measure(samples: Sequence[Sample], place: Workplace, events: int, rounds: int) -> list[Cost]:
    """Measure every sample in turn, in several rounds; before each the native API likewise.

    Errors: NotKept.
    """
    pairs = []
    for sample in samples:
        beside = NATIVE._replace(events=sample.events)
        pairs.append((prepare(sample, events), prepare(beside, events)))
    seen: list[list[tuple[Spent, Spent]]] = [[] for _ in samples]
    for number in range(rounds + 1):
        for found, (requests, native) in zip(seen, pairs, strict=True):
            one, base = spend(requests, place), spend(native, place)
            # The first round fills caches.
            found += [(one, base)] if number else []
    return [
        _to_cost(sample, requests, found)
        for sample, (requests, _), found in zip(samples, pairs, seen, strict=True)
    ]


def prepare(sample: Sample, events: int) -> list[tuple[Adapter, Request]]:
    """Give the requests that hold so many events, each with the adapter that the router finds."""
    starts = range(0, max(events, sample.events), sample.events)
    return [_route(sample.make(first, sample.events), sample.protocol) for first in starts]


def _route(sent: Request, protocol: str) -> tuple[Adapter, Request]:
    found = ROUTER.find(f"/{protocol}{sent.path}")
    assert found is not None, protocol
    mounts = [mount for mount in found.mounts if sent.method in mount.endpoint.methods]
    mount = choose(mounts, sent)
    return mount.endpoint.decode, msgspec.structs.replace(sent, params=mount.params)


def spend(requests: Sequence[tuple[Adapter, Request]], place: Workplace) -> Spent:
    """Give what one event costs: decoded, and taken the whole way in one batch.

    Errors: NotKept.
    """
    decode = partial(decode_all, requests, place)
    events = sum(one.received for one in decode())
    decode_ns = time_cpu(decode)
    decoded = decode()
    if protect(decoded, place) != events:
        raise NotKept
    stages_ns = time_cpu(partial(protect, decoded, place), least_ns=0)
    return Spent(decode_ns / events / 1000, (decode_ns + stages_ns) / events / 1000)


def decode_all(requests: Sequence[tuple[Adapter, Request]], place: Workplace) -> list[Decoded]:
    """Decode requests."""
    return [decode(request, place.sender, place.terms) for decode, request in requests]


def protect(decoded: Sequence[Decoded], place: Workplace) -> int:
    """Take events through all stages, to the bytes that the spooler is handed; count those."""
    frame = to_frame([event for one in decoded for event in one.events])
    return sum(cut.part.rows for cut in cut_parts(PROTECT.run(frame, place.context).frame))


def time_cpu(work: Callable[[], object], least_ns: int = CPU_NS_MIN) -> float:
    """Give the CPU time of some work, in nanoseconds: the mean over enough repetitions."""
    started, times = time.process_time_ns(), 0
    while True:
        work()
        times += 1
        spent = time.process_time_ns() - started
        if spent >= least_ns:
            return spent / times


def _make_sender(vocabulary: Vocabulary) -> Sender:
    """Give who sends: everything is granted, so that every protocol's events are kept alike."""
    granted = to_bits(vocabulary.policy, vocabulary.policy.purposes)
    return Sender(
        site=SITE,
        trusted=True,
        address="198.51.100.7",
        user_agent=AGENT,
        client_hints="",
        received_at_ms=unix_ms(RECEIVED_AT),
        statements=(Statement("native", granted, 0),),
    )


def _to_cost(
    sample: Sample,
    requests: Sequence[tuple[Adapter, Request]],
    found: Sequence[tuple[Spent, Spent]],
) -> Cost:
    size = sum(len(sent.body) + len(sent.query) for _, sent in requests)
    return Cost(
        sample,
        size / (len(requests) * sample.events),
        Spread.of([one.decode_us for one, _ in found]),
        Spread.of([one.whole_us for one, _ in found]),
        Spread.of([one.decode_us / base.decode_us for one, base in found]),
        Spread.of([one.whole_us / base.whole_us for one, base in found]),
    )
