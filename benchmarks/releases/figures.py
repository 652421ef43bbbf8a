"""How near a released table comes to the truth, by the size of its cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from statistics import median
from typing import NamedTuple

Cells = Mapping[tuple[str, ...], int]
"""Key -> devices."""

SIZES = (1, 10, 100, 1_000, 10_000, 100_000, 10**9)
"""Bounds of the classes of cells, by their true number of devices."""

FLOOR, BASE = 10, 5
"""The rule that many live by: nothing below ten, the rest rounded to five."""


class Nearness(NamedTuple):
    """One class of cells in one table."""

    low: int
    high: int
    cells: int
    """True cells of that size."""
    shown: int
    """Those that the table shows."""
    error: float | None
    """Median of |shown - true| / true."""


def round_to_floor(truth: Cells) -> dict[tuple[str, ...], int]:
    """Give the table by the rule of ten and five, which draws no noise and is not anonymous."""
    return {key: BASE * round(n / BASE) for key, n in truth.items() if n >= FLOOR}


def compare(truth: Cells, shown: Cells) -> list[Nearness]:
    """Compare a table with the truth, class by class; empty classes are left out."""
    found = []
    for low, high in pairwise(SIZES):
        keys = [key for key, devices in truth.items() if low <= devices < high]
        errors = [abs(shown[key] - truth[key]) / truth[key] for key in keys if key in shown]
        if keys:
            error = median(errors) if errors else None
            found.append(Nearness(low, high, len(keys), len(errors), error))
    return found


def write_table(columns: Mapping[str, list[Nearness]]) -> str:
    """Write tables side by side as Markdown: share of cells shown, and their median error."""
    heads = [f"{name}: shown | error" for name in columns]
    lines = ["| devices of a cell | cells | " + " | ".join(heads) + " |"]
    lines.append("| --- |" + " --- |" * (1 + 2 * len(columns)))
    for classes in zip(*columns.values(), strict=True):
        one = classes[0]
        size = (
            f"{one.low:,} to {one.high - 1:,}" if one.high < SIZES[-1] else f"{one.low:,} and more"
        )
        told = [f"{_percent(c.shown / c.cells)} | {_tell(c.error, _percent)}" for c in classes]
        lines.append(f"| {size} | {one.cells:,} | " + " | ".join(told) + " |")
    return "\n".join(lines)


def _percent(share: float) -> str:
    return f"{share:.1%}"


def _tell(value: float | None, write: Callable[[float], str]) -> str:
    return "none" if value is None else write(value)
