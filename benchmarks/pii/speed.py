"""What scrubbing costs by size of batch, beside reading the same bodies as JSON in the same run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec
import polars as pl

from benchmarks.figures import Spread
from benchmarks.pii.corpus import draw_corpus
from benchmarks.protocols.measuring import Workplace, time_cpu
from benchmarks.protocols.people import RECEIVED_AT, Visit, to_json, visits
from collector.frames import to_frame
from collector.protocols.native import decode_events
from collector.protocols.protocol import Request
from collector.stages import STAGES
from collector.stages.scrub import scrub

SIZES = (1, 50, 500, 5_000)
"""Events in a batch."""

EVENTS_PER_BODY = 1_000

Describe = Callable[[Visit], str]
"""Gives the text that an event's page and its property have."""


class Speed(NamedTuple):
    """What one event of a batch costs, over the rounds."""

    texts: str
    """Which texts: `plain` or `hostile`."""
    events: int
    json_us: Spread
    scrub_us: Spread
    ratio: Spread
    """Scrubbing to reading JSON, each pair from one round."""


def describe_plainly(one: Visit) -> str:
    """Give the title of a listing."""
    return one.title


def describe_hostilely(one: Visit) -> str:
    """Give a line of the corpus: most hold identifiers, many disguised, the rest look like some."""
    lines = draw_corpus()
    return lines[one.number * 7 % len(lines)].text


TEXTS: dict[str, Describe] = {"plain": describe_plainly, "hostile": describe_hostilely}


def measure_speed(place: Workplace, rounds: int, sizes: Sequence[int] = SIZES) -> list[Speed]:
    """Measure every size with plain and with hostile texts."""
    return [
        _measure(place, rounds, texts, size, describe)
        for texts, describe in TEXTS.items()
        for size in sizes
    ]


def _measure(place: Workplace, rounds: int, texts: str, size: int, describe: Describe) -> Speed:
    bodies = _make_bodies(size, describe)
    batch = _to_batch(bodies, place)
    found = []
    for number in range(rounds + 1):
        json_us = time_cpu(lambda: [msgspec.json.decode(body) for body in bodies]) / size / 1000
        scrub_us = time_cpu(lambda: scrub.run(batch, place.context)) / size / 1000
        # The first round fills caches.
        found += [(json_us, scrub_us)] if number else []
    return Speed(
        texts,
        size,
        Spread.of([json_us for json_us, _ in found]),
        Spread.of([scrub_us for _, scrub_us in found]),
        Spread.of([scrub_us / json_us for json_us, scrub_us in found]),
    )


def _make_bodies(size: int, describe: Describe) -> list[bytes]:
    """Give requests of the native API that hold so many events."""
    events = [_make_event(one, describe(one)) for one in visits(0, size)]
    parts = [events[at : at + EVENTS_PER_BODY] for at in range(0, size, EVENTS_PER_BODY)]
    return [to_json({"sent_at": RECEIVED_AT.isoformat(), "events": part}) for part in parts]


def _make_event(one: Visit, text: str) -> dict[str, object]:
    return {
        "name": "search",
        "event_id": one.event_id,
        "occurred_at": one.iso,
        "person": one.person,
        "device": one.device,
        "page": {"url": one.url, "referrer": one.referrer, "title": text},
        "properties": {"query": text, "results": one.number % 40},
    }


def _to_batch(bodies: Sequence[bytes], place: Workplace) -> pl.DataFrame:
    """Take the events of bodies through the stages that come before the scrub."""
    decoded = [
        decode_events(Request("/v1/events", body=body), place.sender, place.terms)
        for body in bodies
    ]
    batch = to_frame([event for one in decoded for event in one.events])
    for stage in STAGES[: STAGES.index(scrub)]:
        batch = stage.run(batch, place.context)
    return batch
