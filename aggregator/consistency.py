"""Mends noisy counts so that they can be true together, and blanks those that tell nothing.

Called by `release` after the noise. Everything here reads noisy values and public bounds alone,
so it costs no privacy; the measured values stay beside the mended ones, since only those are
unbiased and may be added up.
"""

from __future__ import annotations

from fractions import Fraction

import polars as pl

MEASURED = "_measured"
"""Suffix of the columns as drawn; the columns without it are for reading."""


def mend_counts(
    noisy: pl.DataFrame, *, units: str, rows: str, rows_per_unit_max: int, weight: Fraction
) -> pl.DataFrame:
    """Add the nearest pair of counts that can be true: 0 <= units <= rows <= units x bound.

    Shape: [..., units_measured, rows_measured] -> the same with `units` and `rows` before them.
    Units: `weight` is the variance of a units count over that of a rows count.
    Why: after bounding each unit of a cell has 1 to `rows_per_unit_max` rows in it.
    """
    pairs = zip(noisy[units + MEASURED], noisy[rows + MEASURED], strict=True)
    mended = [mend_pair(u, r, rows_per_unit_max, weight) for u, r in pairs]
    return noisy.select(
        pl.exclude(units + MEASURED, rows + MEASURED),
        pl.Series(units, [pair[0] for pair in mended], pl.Int64),
        pl.Series(rows, [pair[1] for pair in mended], pl.Int64),
        units + MEASURED,
        rows + MEASURED,
    )


def mend_pair(units: int, rows: int, bound: int, weight: Fraction) -> tuple[int, int]:
    """Give the closest possible (units, rows), by weighted least squares, in whole numbers.

    Why exact: a projection on the cone between the rays (1, 1) and (1, bound), in fractions, so
        that two machines never round differently.
    """
    if 0 <= units <= rows <= units * bound:
        return units, rows
    # Outside the cone the nearest point lies on the nearer ray, or is the tip.
    slope = 1 if rows < units else bound
    along = (units + weight * slope * rows) / (1 + weight * slope * slope)
    nearest = max(0, round(along))
    return nearest, min(max(round(along * slope), nearest), nearest * bound)


def suppress_small(
    table: pl.DataFrame, *, units: str, rows: str, suppress_below: int
) -> pl.DataFrame:
    """Blank the counts for reading where the measured count of units is below the limit.

    Shape: same columns; nulls in `units` and `rows`.
    Why after the noise: the decision reads only what is published anyway. It is for tidiness;
        safety comes from the noise.
    """
    small = pl.col(units + MEASURED) < suppress_below
    blank = pl.when(~small).then(pl.col(units, rows)).name.keep()
    return table.with_columns(blank)
