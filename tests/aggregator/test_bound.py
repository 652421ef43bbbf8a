"""One unit taken away moves exact counts no further than declared: the oracle of the whole room."""

from __future__ import annotations

import math

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.bound import bound_contributions
from aggregator.measure import count_window
from tests.aggregator.makers import make_release, make_rows

Row = tuple[int, str, str, int]
values = st.sampled_from(["cars", "flats", "trucks", "", "almaty", "Алматы"])
# Unit 0 may be a whale: many cells, many rows, and the same delivery again and again.
some_rows = st.lists(
    st.tuples(st.integers(0, 5), values, values, st.integers(0, 40)), min_size=0, max_size=60
)
whales = st.lists(
    st.tuples(st.just(0), values, values, st.integers(1, 10_000)), min_size=0, max_size=60
)
DIMENSIONS = ("category", "city")


@pytest.mark.parametrize("is_public", [True, False])
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    rows=some_rows,
    whale=whales,
    cells=st.integers(1, 4),
    most=st.integers(1, 5),
    seed=st.integers(0, 2**63 - 1),
)
def test_sensitivity(
    is_public: bool, rows: list[Row], whale: list[Row], cells: int, most: int, seed: int
) -> None:
    keysets: dict[str, tuple[str, ...]] | None = None if is_public else {}
    release = make_release(keysets=keysets, cells=cells, rows=most, selection_delta="1/1000")
    everyone = make_rows([*rows, *whale])
    with_unit = count_window([everyone], release, seed)
    parts = [everyone.filter(pl.col("unit") % 3 == n, pl.col("unit") != 0) for n in range(3)]
    without = count_window(parts, release, seed)
    both = with_unit.cells.join(without.cells, on=DIMENSIONS, how="full", coalesce=True)
    both = both.fill_null(0)
    units = (both["units"] - both["units_right"]).to_list()
    events = (both["rows"] - both["rows_right"]).to_list()
    assert sum(move != 0 for move in units) <= cells
    assert all(move in (0, 1) for move in units)
    assert all(0 <= move <= most for move in events)
    assert math.sqrt(sum(move**2 for move in events)) <= most * math.sqrt(cells) + 1e-9
    assert 0 <= with_unit.pairs - without.pairs <= 8


def test_the_pick_of_one_unit_is_not_moved_by_others() -> None:
    mine = [(0, f"c{n}", "almaty", 1) for n in range(20)]
    alone = _bound(make_rows(mine)).filter(pl.col("unit") == 0)
    crowd = [(unit, f"c{n}", "almaty", 5) for unit in range(1, 30) for n in range(20)]
    among = _bound(make_rows([*crowd, *mine[::-1]])).filter(pl.col("unit") == 0)
    assert alone.sort("category").equals(among.sort("category"))


def test_the_pick_follows_the_seed() -> None:
    rows = make_rows([(0, f"c{n}", "almaty", 1) for n in range(50)])
    picks = {tuple(_bound(rows, seed)["category"].sort()) for seed in range(20)}
    assert len(picks) > 10


def test_every_cell_is_picked_equally_often() -> None:
    rows = make_rows([(unit, f"c{n}", "almaty", 1) for unit in range(4_000) for n in range(4)])
    counts = _bound(rows)["category"].value_counts()["count"].to_list()
    # 8,000 picks over four cells; four standard deviations are 4 sqrt(2000 * 3/4) = 155.
    assert len(counts) == 4
    assert all(abs(count - 2_000) < 155 for count in counts)


def test_repeats_are_joined_before_they_are_clipped() -> None:
    bounded = _bound(make_rows([(1, "cars", "almaty", 2)] * 5))
    assert bounded.rows() == [(1, "cars", "almaty", 3)]


def test_nothing_stays_nothing() -> None:
    assert _bound(make_rows([])).height == 0
    assert _bound(make_rows([(1, "cars", "almaty", 0)])).height == 0


def _bound(rows: pl.LazyFrame, seed: int = 7) -> pl.DataFrame:
    bounded = bound_contributions(
        rows, DIMENSIONS, cells_per_unit_max=2, rows_per_cell_max=3, seed=seed
    )
    return bounded.collect()
