"""The part of a release that touches private rows: bound, count, add noise. Nothing exact leaves.

Called by `release` with the window's rows and by the audit with synthetic ones: what is tested is
what runs. Rows come in parts, each unit whole in one of them. A part is counted and let go before
the next one comes, so that what is held is one part and the cells that were seen.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import polars as pl

from aggregator.aggregate import (
    UNITS,
    add_counts,
    aggregate_observed,
    complete_cells,
    count_pairs,
    fold_others,
    list_cells,
)
from aggregator.bound import ROWS, bound_contributions
from aggregator.consistency import MEASURED
from aggregator.errors import ReleaseRefused
from aggregator.noise import add_noise
from aggregator.plan import Plan
from aggregator.selection import select_cells
from config.releases import Release

CELLS_MAX = 5_000_000
"""Cells that are held at once, some 100 bytes each; only private keys can have so many."""


@dataclass(frozen=True)
class Counted:
    """What was counted of a window: exact, private, to be given to the noise alone."""

    cells: pl.DataFrame
    """[*dimensions, units, rows] of bounded contributions, sorted by key."""
    pairs: int
    """(unit, cell) pairs before bounding, each unit counted up to its limit."""


@dataclass(frozen=True)
class Measured:
    """What was drawn, once."""

    cells: pl.DataFrame
    """[*dimensions, <units>_measured, <rows>_measured], signed integers, sorted by key."""
    pairs: int
    """Noisy number of (unit, cell) pairs before bounding, each unit counted up to its limit."""


def measure_window(parts: Iterable[pl.LazyFrame], plan: Plan) -> Measured:
    """Bound, count and add noise: each call draws anew and so costs the plan's rho.

    Shape: parts of [unit, *dimensions, rows], each unit whole in one -> `Measured`.
    Errors: ReleaseRefused where more cells were seen than are held.
    """
    counted = count_window(parts, plan.release, secrets.randbits(63))
    draw = _draw_public if plan.release.is_public else _draw_selected
    return Measured(draw(counted.cells, plan), add_noise([counted.pairs], plan.loss_scale)[0])


def count_window(parts: Iterable[pl.LazyFrame], release: Release, seed: int) -> Counted:
    """Count bounded contributions, part by part; the same however the units are parted.

    Shape: parts of [unit, *dimensions, rows], each unit whole in one -> `Counted`.
    Errors: ReleaseRefused where more cells were seen than are held.
    """
    names, bounds = release.dimension_names, release.bounds
    keys: dict[str, type[pl.DataType]] = dict.fromkeys(names, pl.String)
    cells, pairs = pl.DataFrame(schema=keys | {UNITS: pl.Int64, ROWS: pl.Int64}), 0
    for part in parts:
        folded = _fold(part, release)
        bounded = bound_contributions(
            folded,
            names,
            cells_per_unit_max=bounds.cells_per_unit_max,
            rows_per_cell_max=bounds.rows_per_cell_max,
            seed=seed,
        )
        cells = add_counts([cells, aggregate_observed(bounded, names)])
        if cells.height > CELLS_MAX:
            raise ReleaseRefused("more keys than are held at once; declare fewer, or public ones")
        pairs += count_pairs(folded, names, bounds.loss_cells_max)
    if release.is_public:
        cells = complete_cells(cells, list_cells({name: release.keysets[name] for name in names}))
    return Counted(cells, pairs)


def _fold(contributions: pl.LazyFrame, release: Release) -> pl.LazyFrame:
    """Bring every value to the release's public keys; see `fold_others`."""
    others = {d.name: d.others for d in release.dimensions if d.others is not None}
    return fold_others(contributions, release.keysets, others)


def _draw_public(exact: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Add noise to every public cell, the empty ones too: which are empty is private."""
    units = add_noise(exact[UNITS].to_list(), plan.units_scale)
    rows = add_noise(exact[ROWS].to_list(), plan.rows_scale)
    return _name_measures(exact.select(plan.release.dimension_names), units, rows, plan.release)


def _draw_selected(exact: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Choose the cells that may be named, then add noise to their rows alone."""
    assert plan.threshold is not None, "private keys need a threshold"
    chosen = select_cells(
        dict(enumerate(exact[UNITS].to_list())),
        plan.units_scale,
        plan.threshold,
        plan.release.units_min,
    )
    kept = exact[list(chosen)]
    rows = add_noise(kept[ROWS].to_list(), plan.rows_scale)
    names = plan.release.dimension_names
    return _name_measures(kept.select(names), list(chosen.values()), rows, plan.release)


def _name_measures(
    keys: pl.DataFrame, units: Sequence[int], rows: Sequence[int], release: Release
) -> pl.DataFrame:
    measures = release.measures
    return keys.with_columns(
        pl.Series(measures.units + MEASURED, units, pl.Int64),
        pl.Series(measures.rows + MEASURED, rows, pl.Int64),
    )
