"""The part of a release that touches private rows: bound, count, add noise. Nothing exact leaves.

Called by `release` with the window's rows and by the audit with synthetic ones: what is tested is
what runs.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from aggregator.aggregate import (
    UNITS,
    aggregate_observed,
    aggregate_public,
    count_pairs,
    fold_others,
    list_cells,
)
from aggregator.bound import ROWS, bound_contributions
from aggregator.consistency import MEASURED
from aggregator.noise import add_noise
from aggregator.plan import Plan
from aggregator.selection import select_cells
from config.releases import Release


@dataclass(frozen=True)
class Measured:
    """What was drawn, once."""

    cells: pl.DataFrame
    """[*dimensions, <units>_measured, <rows>_measured], signed integers, sorted by key."""
    pairs: int
    """Noisy number of (unit, cell) pairs before bounding, each unit counted up to its limit."""


def measure_window(contributions: pl.LazyFrame, plan: Plan) -> Measured:
    """Bound, count and add noise: each call draws anew and so costs the plan's rho.

    Shape: [unit, *dimensions, rows] -> `Measured`.
    """
    release = plan.release
    folded = fold_release(contributions, release)
    exact = count_bounded(folded, release, seed=secrets.randbits(63))
    noisy = _draw_public(exact, plan) if release.is_public else _draw_selected(exact, plan)
    pairs = count_pairs(folded, release.dimension_names, release.bounds.loss_cells_max)
    return Measured(noisy, add_noise([pairs], plan.loss_scale)[0])


def fold_release(contributions: pl.LazyFrame, release: Release) -> pl.LazyFrame:
    """Bring every value to the release's public keys; see `fold_others`."""
    others = {d.name: d.others for d in release.dimensions if d.others is not None}
    return fold_others(contributions, release.keysets, others)


def count_bounded(folded: pl.LazyFrame, release: Release, seed: int) -> pl.DataFrame:
    """Count bounded contributions: exact, private, to be given to the noise alone.

    Shape: [unit, *dimensions, rows] -> [*dimensions, units, rows].
    """
    bounded = bound_contributions(
        folded,
        release.dimension_names,
        cells_per_unit_max=release.bounds.cells_per_unit_max,
        rows_per_cell_max=release.bounds.rows_per_cell_max,
        seed=seed,
    )
    if not release.is_public:
        return aggregate_observed(bounded, release.dimension_names)
    cells = list_cells({name: release.keysets[name] for name in release.dimension_names})
    return aggregate_public(bounded, cells)


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
