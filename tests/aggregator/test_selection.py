"""A key of one unit is named no more often than the stated delta, by count and by experiment."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import opendp.prelude as dp
import pytest

from aggregator.intervals import lower_bound
from aggregator.selection import delta_of, select_cells, survival_of, threshold_of

LONELY = 100_000


@pytest.mark.parametrize(("scale", "threshold", "units_min"), [(8, 20, 1), (2, 5, 1), (8, 20, 4)])
def test_lonely_keys_survive_no_more_often_than_claimed(
    scale: int, threshold: int, units_min: int
) -> None:
    lonely = dict.fromkeys(range(LONELY), units_min)
    survivors = len(select_cells(lonely, Fraction(scale), threshold, units_min))
    claimed = float(delta_of(Fraction(scale), 1, threshold))
    assert survivors > 0
    assert lower_bound(survivors, LONELY, 0.001) <= claimed


@pytest.mark.parametrize(("scale", "threshold"), [(8, 20), (2, 5)])
def test_the_librarys_own_claim_is_too_small_here(scale: int, threshold: int) -> None:
    # opendp issue 2922; when this fails, the library was mended and `delta_of` may be simpler.
    domain = dp.map_domain(dp.atom_domain(T="i64"), dp.atom_domain(T="i64"))
    metric = dp.l02inf_distance(dp.absolute_distance(T="f64"))
    theirs: Any = dp.m.make_gaussian_threshold(
        domain, metric, scale=float(scale), threshold=threshold
    )
    claimed = theirs.map((1, 1.0, 1.0))[1]
    assert claimed < float(survival_of(Fraction(scale), 1, threshold))
    survivors = len(select_cells(dict.fromkeys(range(LONELY), 1), Fraction(scale), threshold))
    assert lower_bound(survivors, LONELY, 0.001) > claimed


@pytest.mark.parametrize("cells", [1, 8])
@pytest.mark.parametrize("scale", [Fraction(1), Fraction(143, 16), Fraction(30)])
@pytest.mark.parametrize("delta", [Fraction(1, 10**5), Fraction(1, 10**8)])
def test_the_threshold_is_the_smallest_that_keeps_the_delta(
    cells: int, scale: Fraction, delta: Fraction
) -> None:
    threshold = threshold_of(scale, cells, delta)
    assert survival_of(scale, cells, threshold) <= delta_of(scale, cells, threshold) <= delta
    assert delta_of(scale, cells, threshold - 1) > delta


def test_a_known_threshold() -> None:
    # Eight cells at rho 0.05 and delta 1e-8: the worked example of the research.
    assert threshold_of(Fraction(143, 16), 8, Fraction(1, 10**8)) == 56


def test_no_threshold_for_no_delta() -> None:
    with pytest.raises(ValueError, match="no threshold"):
        threshold_of(Fraction(3), 1, Fraction(0))


def test_only_keys_that_were_seen_are_named_in_order() -> None:
    counts = {5: 1_000, 2: 900, 9: 0, 7: 800}
    chosen = select_cells(counts, Fraction(3), 20)
    assert list(chosen) == [2, 5, 7]
    assert all(abs(chosen[cell] - counts[cell]) < 60 for cell in chosen)
    assert select_cells({}, Fraction(3), 20) == {}


def test_keys_below_the_floor_never_come_out() -> None:
    counts = dict.fromkeys(range(2_000), 9) | {5_000: 400}
    assert set(select_cells(counts, Fraction(1, 2), 2, units_min=10)) == {5_000}
