"""Mended counts can be true together, are the nearest that can, and read nothing private."""

from __future__ import annotations

from fractions import Fraction

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from aggregator.consistency import mend_counts, mend_pair, suppress_small

counts = st.integers(-500, 500)
weights = st.fractions(min_value=Fraction(1, 100), max_value=3, max_denominator=100)


@given(counts, counts, st.integers(1, 6), weights)
def test_mended_pairs_can_be_true(units: int, rows: int, bound: int, weight: Fraction) -> None:
    mended_units, mended_rows = mend_pair(units, rows, bound, weight)
    assert 0 <= mended_units <= mended_rows <= mended_units * bound
    assert mend_pair(mended_units, mended_rows, bound, weight) == (mended_units, mended_rows)


@given(st.integers(-30, 30), st.integers(-30, 30), st.integers(1, 4), weights)
def test_no_possible_pair_is_much_nearer(
    units: int, rows: int, bound: int, weight: Fraction
) -> None:
    def distance(pair: tuple[int, int]) -> Fraction:
        return (pair[0] - units) ** 2 + weight * (pair[1] - rows) ** 2

    mended = distance(mend_pair(units, rows, bound, weight))
    pairs = [(u, r) for u in range(60) for r in range(u, u * bound + 1)]
    best = min(distance(pair) for pair in pairs)
    # Rounding to whole numbers moves each count by at most one half along its ray.
    slack = 2 * float(mended) ** 0.5 * (1 + bound) + (1 + bound) ** 2
    assert mended <= best + Fraction(slack)


def test_a_pair_inside_stays() -> None:
    assert mend_pair(10, 25, 3, Fraction(1, 20)) == (10, 25)
    assert mend_pair(10, 80, 3, Fraction(1, 20)) == (15, 45)
    assert mend_pair(50, 10, 3, Fraction(1, 4)) == (42, 42)
    assert mend_pair(-5, -9, 1, Fraction(1, 4)) == (0, 0)


def test_the_measured_columns_stay_and_small_cells_are_blank() -> None:
    noisy = pl.DataFrame(
        {
            "city": ["almaty", "aktau", "oral"],
            "devices_measured": [100, 29, -7],
            "views_measured": [150, 400, 60],
        }
    )
    table = mend_counts(
        noisy, units="devices", rows="views", rows_per_unit_max=3, weight=Fraction(1, 20)
    )
    table = suppress_small(table, units="devices", rows="views", suppress_below=30)
    assert table.columns == ["city", "devices", "views", "devices_measured", "views_measured"]
    assert table.rows() == [
        ("almaty", 100, 150, 100, 150),
        ("aktau", None, None, 29, 400),
        ("oral", None, None, -7, 60),
    ]
    assert all(table.schema[name] == pl.Int64 for name in table.columns[1:])
