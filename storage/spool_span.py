"""Spans: the stretches of time by which seen ids are forgotten.

A span ends with its UTC day, or when it holds a sixteenth of all ids that may be held. Ids are
forgotten by whole spans, the oldest first: when a span is older than the window and no batch of
it waits for loading, or when there are too many ids. Pure: no disk, no clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DAY_MS = 86_400_000
"""A day, in milliseconds."""


@dataclass(frozen=True)
class Span:
    """One stretch of time."""

    number: int
    """Counted from 1, never used twice."""
    started_at: int
    """Its first moment, in ms since 1970; it ends where the next one starts."""


def needs_new_span(spans: Sequence[Span], ids: int, ids_max: int, now_ms: int) -> bool:
    """Tell whether ids that come now begin another span than the latest, which holds `ids`."""
    if not spans or ids >= ids_max:
        return True
    return now_ms // DAY_MS > spans[-1].started_at // DAY_MS


def find_forgotten(
    spans: Sequence[Span],
    ids: Sequence[int],
    ids_max: int,
    window_start_ms: int,
    oldest_needed: int,
) -> list[Span]:
    """Give the spans, oldest first, that are to be forgotten; the latest never is.

    Shape: `ids` has the number of ids of each span. `oldest_needed` is the lowest span of a
    batch that still waits for loading: its ids stay beyond the window as long as there is room,
    because the warehouse cannot be asked about them yet.
    """
    forgotten: list[Span] = []
    held = sum(ids)
    for index, span in enumerate(spans[:-1]):
        is_old = spans[index + 1].started_at <= window_start_ms and span.number < oldest_needed
        if not is_old and held <= ids_max:
            break
        forgotten.append(span)
        held -= ids[index]
    return forgotten
