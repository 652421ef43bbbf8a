"""Counts bounded contributions in each cell: over the public keys, or over what was seen.

Called by `release` and by the audit. What comes out is exact and private: it goes to the noise
and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce

import polars as pl

from aggregator.bound import ROWS, UNIT

UNITS = "units"
"""Column of the number of units in a cell."""


def fold_others(
    contributions: pl.LazyFrame,
    keysets: Mapping[str, Sequence[str]],
    others: Mapping[str, str],
) -> pl.LazyFrame:
    """Bring every value to a public key: to the key for others, or out where there is none.

    Shape: [unit, *dimensions, rows] -> same columns, no more rows; dimensions without a keyset
        keep their values, but for the empty one, which says "absent" and leaves.
    """
    names = [name for name in contributions.collect_schema().names() if name not in (UNIT, ROWS)]
    for name in names:
        if name in others:
            known = pl.col(name).is_in(list(keysets[name]))
            value = pl.when(known).then(pl.col(name)).otherwise(pl.lit(others[name])).alias(name)
            contributions = contributions.with_columns(value)
        elif name in keysets:
            contributions = contributions.filter(pl.col(name).is_in(list(keysets[name])))
        else:
            contributions = contributions.filter(pl.col(name) != "")
    return contributions


def list_cells(keysets: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """List every public cell, sorted: the product of the keysets. Reads no data.

    Shape: -> [*dimensions], text columns.
    """
    columns = [pl.DataFrame({name: sorted(set(keys))}) for name, keys in keysets.items()]
    cells = reduce(lambda left, right: left.join(right, how="cross"), columns)
    return cells.sort(cells.columns)


def complete_cells(counted: pl.DataFrame, cells: pl.DataFrame) -> pl.DataFrame:
    """Give the counts of every public cell, zeros included, in the order of `cells`.

    Shape: [*dimensions, units, rows], [*dimensions] -> [*dimensions, units, rows].
    """
    joined = cells.join(counted, on=cells.columns, how="left", maintain_order="left")
    return joined.with_columns(pl.col(UNITS, ROWS).fill_null(0))


def aggregate_observed(bounded: pl.LazyFrame, dimensions: Sequence[str]) -> pl.DataFrame:
    """Count units and rows in each cell that was seen, sorted. Which cells exist is private.

    Shape: [unit, *dimensions, rows] -> [*dimensions, units, rows].
    """
    counts = bounded.group_by(dimensions).agg(
        pl.len().cast(pl.Int64).alias(UNITS), pl.col(ROWS).sum().cast(pl.Int64)
    )
    return counts.sort(dimensions).collect()


def add_counts(parts: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Add up the counts of parts that share no unit, sorted by cell.

    Shape: [*dimensions, units, rows] of each -> the same of all.
    """
    both = pl.concat(parts)
    dimensions = [name for name in both.columns if name not in (UNITS, ROWS)]
    return both.group_by(dimensions).agg(pl.col(UNITS, ROWS).sum()).sort(dimensions)


def count_pairs(contributions: pl.LazyFrame, dimensions: Sequence[str], cells_max: int) -> int:
    """Count (unit, cell) pairs with at most `cells_max` of each unit.

    Why: against the bounded table it tells what bounding cost; one unit changes it by at most
        `cells_max`, whatever it sent.
    """
    cells = contributions.filter(pl.col(ROWS) > 0).select(UNIT, *dimensions).unique()
    held = cells.group_by(UNIT).agg(pl.len().clip(upper_bound=cells_max).alias("held"))
    return int(held.select(pl.col("held").cast(pl.Int64).sum()).collect().item())
