"""The part of a release that reads rows, in a process of its own, with its time and memory."""

from __future__ import annotations

import multiprocessing
import resource
import time
from contextlib import closing
from datetime import timedelta
from typing import NamedTuple

from aggregator.consistency import MEASURED
from aggregator.measure import measure_window
from aggregator.plan import plan_release
from aggregator.read import read_window
from aggregator.windows import Window
from benchmarks.releases.figures import Cells
from config.releases import Release
from config.settings import Settings
from storage.warehouse import connect

MEBIBYTE = 1 << 20


class Drawn(NamedTuple):
    """What one job did in a process of its own."""

    shown: Cells
    pairs: int
    released_pairs: int
    parts: int
    seconds: float
    peak_mebibytes: float
    base_mebibytes: float
    """What the process held before it read a row."""


def draw(settings: Settings, release: Release, window: Window) -> Drawn:
    """Run the job in a process of its own, so that its memory is its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_draw, (settings, release, window))


def _draw(settings: Settings, release: Release, window: Window) -> Drawn:
    base, started, told = _peak_mebibytes(), time.monotonic(), [0]
    cut_off = window.end + timedelta(days=2)
    with closing(connect(settings, "sanaq_reader")) as client:
        parts = read_window(
            client, release, window, cut_off, watch=lambda done, whole: told.append(whole)
        )
        plan = plan_release(release)
        cells = measure_window(parts, plan)
    seconds = time.monotonic() - started
    units = cells.cells[release.measures.units + MEASURED].to_list()
    keys = cells.cells.select(release.dimension_names).rows()
    shown = {key: n for key, n in zip(keys, units, strict=True) if n >= release.suppress_below}
    return Drawn(shown, cells.pairs, sum(units), told[-1], seconds, _peak_mebibytes(), base)


def _peak_mebibytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEBIBYTE
