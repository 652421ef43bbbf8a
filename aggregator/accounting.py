"""What a noise scale costs: exact rationals for the ledger, roundings that never flatter.

Called by `plan`, `selection` and `manifest`. The noise is the discrete Gaussian over the
integers, accounted in zero-concentrated differential privacy (zCDP): an answer of L2 sensitivity
D with scale sigma costs exactly rho = D^2 / (2 sigma^2), and costs add.
Source: Canonne, Kamath and Steinke 2020 (arXiv:2004.00010), theorem 14 and proposition 12.
"""

from __future__ import annotations

import math
from fractions import Fraction
from statistics import NormalDist

SCALE_STEPS = 1024
"""Scales are multiples of 1/1024: exact as rational and as double, so no rounding is unseen."""


def scale_of(sensitivity_squared: int, rho: Fraction) -> Fraction:
    """Give the smallest scale, in steps of 1/1024, that costs no more than `rho`.

    Units: `sensitivity_squared` is the square of the L2 sensitivity, an integer.
    Errors: ValueError where either is not positive.
    """
    if sensitivity_squared <= 0 or rho <= 0:
        raise ValueError("sensitivity and rho must be positive")
    steps_squared = Fraction(sensitivity_squared * SCALE_STEPS**2) / (2 * rho)
    steps = math.isqrt(math.floor(steps_squared))
    while steps * steps < steps_squared:
        steps += 1
    return Fraction(steps, SCALE_STEPS)


def rho_of(sensitivity_squared: int, scale: Fraction) -> Fraction:
    """Give the exact cost of one answer with this noise scale."""
    return Fraction(sensitivity_squared) / (2 * scale * scale)


def epsilon_of(rho: Fraction | float, delta: float) -> float:
    """Give the smallest epsilon that `rho`-zCDP proves at `delta`, rounded up in the last digit.

    Source: the optimised conversion, inf over a > 1 of
        rho a + ln(1/(a delta))/(a - 1) + ln(1 - 1/a). Any `a` is a valid bound, so a
        search that stops early is safe.
    """
    cost = float(rho)
    if cost == 0:
        return 0.0

    def bound(log_order: float) -> float:
        order = 1 + math.exp(log_order)
        slack = math.log1p(-1 / order) - math.log(order * delta) / (order - 1)
        return cost * order + slack

    low, high = math.log(1e-4), math.log(1e9)
    for _ in range(200):
        third = (high - low) / 3
        if bound(low + third) < bound(high - third):
            high -= third
        else:
            low += third
    return max(0.0, bound(low)) * (1 + 1e-12)


def advantage_of(rho: Fraction | float, delta: float = 0.0) -> float:
    """Give the most by which any test can beat guessing whether one unit took part.

    Units: true positive rate minus false positive rate, 0 to 1.
    """
    return min(1.0, 2 * NormalDist().cdf(math.sqrt(2 * float(rho)) / 2) - 1 + delta)


def tail_of(scale: Fraction, at_least: int) -> float:
    """Give P[Z >= at_least] of the discrete Gaussian with this scale."""
    if at_least <= 0:
        return 1.0 - tail_of(scale, 1 - at_least)
    spread = 2 * float(scale) ** 2
    reach = at_least + math.ceil(40 * float(scale)) + 2
    upper = math.fsum(math.exp(-k * k / spread) for k in range(at_least, reach))
    half = math.fsum(math.exp(-k * k / spread) for k in range(1, math.ceil(40 * float(scale)) + 2))
    return upper / (1 + 2 * half)


def half_width_of(scale: Fraction, outside: float = 0.05) -> int:
    """Give the smallest w such that the noise lies within +-w with probability 1 - `outside`."""
    low, high = 0, math.ceil(10 * float(scale)) + 1
    while low < high:
        middle = (low + high) // 2
        if 2 * tail_of(scale, middle + 1) <= outside:
            high = middle
        else:
            low = middle + 1
    return low


def decimal_up(value: float, digits: int = 4) -> str:
    """Write a cost as a decimal text, rounded away from zero, so that it never flatters."""
    grown = math.ceil(value * 10**digits - 1e-9) / 10**digits
    return f"{grown:.{digits}f}"
