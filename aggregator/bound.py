"""Bounds what one unit can contribute, before anything is counted.

Called by `release` and by the audit. This is where privacy is decided: whatever one unit sent,
after this it holds at most so many cells and so many rows in each.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

UNIT = "unit"
"""Column of the pseudonym (or, in an audit, of the synthetic one); never leaves this room."""

ROWS = "rows"
"""Column of the number of rows a unit has in a cell."""


def bound_contributions(
    contributions: pl.LazyFrame,
    dimensions: Sequence[str],
    *,
    cells_per_unit_max: int,
    rows_per_cell_max: int,
    seed: int,
) -> pl.LazyFrame:
    """Keep at most `cells_per_unit_max` cells of each unit, picked at random, and clip the rest.

    Shape: [unit, *dimensions, rows] -> same columns, one row for each unit and cell.
    Units: `rows` counts events, 1 to `rows_per_cell_max` after this.
    Errors: none; an empty frame gives an empty frame.
    Why: the pick depends on the unit's own rows and the seed alone, so taking one unit away
        changes no other unit's rows. Then one unit changes at most `cells_per_unit_max` cells, the
        units of a cell by 1 and its rows by `rows_per_cell_max`: L2 sensitivities sqrt(L0) and
        Linf sqrt(L0). Duplicates are joined first: two deliveries are no second contribution.
    Source: Dwork and Roth 2014, chapter 3; OpenDP `truncate_num_groups`.
    """
    key = [UNIT, *dimensions]
    pick = pl.struct(key).hash(seed).rank("ordinal").over(UNIT)
    return (
        contributions.filter(pl.col(ROWS) > 0)
        .group_by(key)
        .agg(pl.col(ROWS).sum())
        .filter(pick <= cells_per_unit_max)
        .with_columns(pl.col(ROWS).clip(upper_bound=rows_per_cell_max))
    )
