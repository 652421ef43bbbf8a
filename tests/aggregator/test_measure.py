"""What comes out of a measurement: public keys whole, private keys by threshold, integers alone."""

from __future__ import annotations

from fractions import Fraction

import polars as pl

from aggregator.measure import count_window, measure_window
from aggregator.plan import plan_release
from tests.aggregator.makers import make_release, make_rows

ROWS = [
    (1, "cars", "almaty", 2),
    (2, "cars", "almaty", 9),
    (2, "trucks", "almaty", 1),
    (3, "flats", "oral", 1),
    (4, "", "", 1),
]


def test_values_fold_to_public_keys_and_rows_are_clipped() -> None:
    release = make_release()
    counted = count_window([make_rows(ROWS)], release, seed=1).cells
    seen = counted.filter(pl.col("units") > 0).rows()
    assert seen == [
        ("cars", "almaty", 2, 5),
        ("flats", "other", 1, 1),
        ("other", "almaty", 1, 1),
        ("other", "other", 1, 1),
    ]
    assert counted.height == 9


def test_without_a_key_for_others_they_leave() -> None:
    release = make_release(keysets={"category": ("cars",), "city": ("almaty", "oral")})
    counted = count_window([make_rows(ROWS)], release, seed=1).cells
    assert counted.rows() == [("cars", "almaty", 2, 5), ("cars", "oral", 0, 0)]


def test_public_keys_are_all_there_whatever_the_data() -> None:
    plan = plan_release(make_release())
    for rows in (ROWS, []):
        measured = measure_window([make_rows(rows)], plan)
        assert measured.cells.select("category", "city").rows() == [
            (category, city)
            for category in ("cars", "flats", "other")
            for city in ("almaty", "astana", "other")
        ]
        assert measured.cells.schema["devices_measured"] == pl.Int64
        assert measured.cells.schema["views_measured"] == pl.Int64


def test_measured_values_lie_around_the_bounded_truth() -> None:
    many = [(unit, "cars", "almaty", 5) for unit in range(20_000)]
    plan = plan_release(make_release())
    cells = measure_window([make_rows(many)], plan).cells
    devices, views = cells.filter(category="cars", city="almaty").row(0)[2:]
    assert abs(devices - 20_000) < 6 * float(plan.units_scale)
    assert abs(views - 60_000) < 6 * float(plan.rows_scale)


def test_private_keys_come_out_only_where_many_share_them() -> None:
    release = make_release(keysets={}, selection_delta="1/100000000", suppress_below=0)
    many = [(unit, "cars", "almaty", 1) for unit in range(500)]
    lonely = [(10_000 + n, f"secret {n}", "oral", 1) for n in range(2_000)]
    cells = measure_window([make_rows([*many, *lonely])], plan_release(release)).cells
    assert cells.select("category", "city").rows() == [("cars", "almaty")]
    assert measure_window([make_rows([])], plan_release(release)).cells.height == 0


def test_the_plan_says_how_likely_a_cell_is_seen() -> None:
    plan = plan_release(make_release(suppress_below=30))
    assert plan.shown_of(30) > 0.5 > plan.shown_of(29)
    hidden = make_release(keysets={}, selection_delta="1/100000000", suppress_below=0, units_min=10)
    private = plan_release(hidden)
    assert private.threshold is not None
    assert private.shown_of(9) == 0.0
    assert private.shown_of(10) < 1e-8
    assert private.shown_of(private.threshold + 9) > 0.5


def test_the_loss_of_bounding_is_measured_with_its_own_limit() -> None:
    whale = [(1, f"c{n}", "almaty", 1) for n in range(500)]
    crowd = [(unit, "cars", "almaty", 1) for unit in range(2, 3_000)]
    release = make_release(keysets={}, selection_delta="1/100000", costs={"loss_rho": "10"})
    pairs = measure_window([make_rows([*whale, *crowd])], plan_release(release)).pairs
    assert abs(pairs - (8 + 2_998)) < 20


def test_costs_of_several_pseudonyms_grow_as_they_must() -> None:
    plan = plan_release(make_release())
    assert plan.rho == Fraction(101, 1000)
    assert plan.rho_of(3, 2) == plan.rho * 18
    assert plan.epsilon_of(1) < plan.epsilon_of(2) < plan.epsilon_of(3)
    assert plan.advantage_of(1) < plan.advantage_of(1, 52) < 1
