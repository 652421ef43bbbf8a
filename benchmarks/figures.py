"""The arithmetic: from what one run saw to figures, ratios, and their spread over rounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.load import Load


@dataclass(frozen=True)
class Run:
    """One server under one load for some seconds."""

    load: Load
    events_per_request: int
    cpu_seconds: Mapping[str, float]
    """CPU time of the server's processes by what they are, until its last event was stored."""
    machine_share: float
    """CPU time of the whole machine during the run, in cores."""

    @property
    def events(self) -> int:
        """Events that were answered for."""
        return self.load.answered * self.events_per_request

    @property
    def requests_per_second(self) -> float:
        """Requests answered a second."""
        return self.load.answered / self.load.seconds

    @property
    def events_per_second(self) -> float:
        """Events answered for a second."""
        return self.events / self.load.seconds

    @property
    def cpu_us_per_request(self) -> float:
        """CPU time of the server for one request, in microseconds."""
        return sum(self.cpu_seconds.values()) / self.load.answered * 1e6

    @property
    def cpu_us_per_event(self) -> float:
        """CPU time of the server for one event, in microseconds."""
        return sum(self.cpu_seconds.values()) / self.events * 1e6


@dataclass(frozen=True)
class Spread:
    """A figure over the rounds."""

    low: float
    middle: float
    """The median."""
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Give smallest, median and largest."""
        return cls(min(values), median(values), max(values))


Figure = Callable[[Run], float]
"""What is read off a run."""


def spread_of(runs: Sequence[Run], figure: Figure) -> Spread:
    """Give a figure's spread over the runs of several rounds."""
    return Spread.of([figure(run) for run in runs])


def ratio_of(
    above: Sequence[Run], below: Sequence[Run], figure: Figure, figure_below: Figure | None = None
) -> Spread:
    """Give the spread of the ratios of two servers' runs, each pair from one round."""
    return Spread.of(
        [
            figure(one) / (figure_below or figure)(other)
            for one, other in zip(above, below, strict=True)
        ]
    )


def cpu_us_by_name(runs: Sequence[Run]) -> dict[str, float]:
    """Give the CPU time for one event by kind of process, over all rounds, in microseconds."""
    names = sorted({name for run in runs for name in run.cpu_seconds})
    events = sum(run.events for run in runs)
    return {
        name: sum(run.cpu_seconds.get(name, 0.0) for run in runs) / events * 1e6 for name in names
    }
