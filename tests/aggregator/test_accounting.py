"""What a scale costs, against OpenDP's own accounting and against arithmetic by hand."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import opendp.prelude as dp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.accounting import (
    advantage_of,
    decimal_up,
    epsilon_of,
    half_width_of,
    rho_of,
    scale_of,
    tail_of,
)

costs = st.fractions(min_value=Fraction(1, 10_000), max_value=2, max_denominator=100_000)


@given(st.integers(1, 5_000), costs)
def test_a_scale_costs_no_more_than_its_rho_and_wastes_little(squared: int, rho: Fraction) -> None:
    scale = scale_of(squared, rho)
    assert rho_of(squared, scale) <= rho
    step = Fraction(1, 1024)
    assert scale == step or rho_of(squared, scale - step) > rho
    assert Fraction(float(scale)) == scale


@pytest.mark.parametrize(
    ("squared", "rho"),
    [(0, Fraction(1)), (1, Fraction(0)), (-1, Fraction(1))],
)
def test_no_scale_for_no_sensitivity_or_no_budget(squared: int, rho: Fraction) -> None:
    with pytest.raises(ValueError, match="positive"):
        scale_of(squared, rho)


@pytest.mark.parametrize("rho", [0.001, 0.009, 0.05, 0.1, 0.5, 2.6])
@pytest.mark.parametrize("delta", [1e-6, 1e-9])
def test_epsilon_equals_the_librarys(rho: float, delta: float) -> None:
    space = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="f64")
    gaussian: Any = dp.m.make_gaussian(*space, scale=1 / math.sqrt(2 * rho))
    approximate: Any = dp.c.make_zCDP_to_approxDP(gaussian)
    theirs = approximate.map(1.0).epsilon(delta)
    assert epsilon_of(rho, delta) == pytest.approx(theirs, rel=1e-6)
    assert epsilon_of(rho, delta) <= rho + 2 * math.sqrt(rho * math.log(1 / delta))


def test_figures_that_are_known() -> None:
    # The planning table of the research and the 2020 census of the United States.
    assert epsilon_of(0.05, 1e-6) == pytest.approx(1.47, abs=0.005)
    assert epsilon_of((542 / 339) ** 2, 1e-10) == pytest.approx(17.14, abs=0.01)
    assert epsilon_of(0, 1e-6) == 0.0
    assert advantage_of(0.05) == pytest.approx(0.126, abs=0.001)
    assert advantage_of(2.6) == pytest.approx(0.75, abs=0.005)
    assert half_width_of(Fraction(894, 100)) == 18


def test_the_tail_is_a_distribution() -> None:
    scale = Fraction(3)
    assert tail_of(scale, 0) + tail_of(scale, 1) == pytest.approx(1)
    assert tail_of(scale, -4) == pytest.approx(1 - tail_of(scale, 5))
    total = math.fsum(math.exp(-k * k / 18) for k in range(-200, 201))
    by_hand = math.fsum(math.exp(-k * k / 18) for k in range(7, 201)) / total
    assert tail_of(scale, 7) == pytest.approx(by_hand, rel=1e-12)


def test_half_of_the_noise_lies_within_its_interval() -> None:
    scale = Fraction(12)
    width = half_width_of(scale)
    assert 2 * tail_of(scale, width + 1) <= 0.05 < 2 * tail_of(scale, width)


@pytest.mark.parametrize(
    ("value", "text"), [(5.22153444, "5.2216"), (0.5, "0.5000"), (0.0, "0.0000"), (1e-7, "0.0001")]
)
def test_costs_are_written_rounded_up(value: float, text: str) -> None:
    assert decimal_up(value) == text
