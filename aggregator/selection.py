"""Chooses privately which cells may be named, where the keys are not public.

Called by `plan` and `release`. A key that only one unit produced would tell that the unit was
there, whatever noise its count carries; so a key is published only if its noisy count of units
reaches a threshold, and the chance that a lonely key does is part of the stated delta.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import opendp.prelude as dp

from aggregator.accounting import tail_of

dp.enable_features("contrib")

THRESHOLD_MAX = 1 << 40
"""Search limit of the threshold, in units: beyond it a release is meaningless."""


def select_cells(
    units: Mapping[int, int], scale: Fraction, threshold: int, units_min: int = 1
) -> dict[int, int]:
    """Give the noisy count of units for each cell whose noisy count reaches the threshold.

    Shape: {cell number: units} -> the same with noise, fewer cells, sorted by cell number.
    Why `units_min`: a floor under the true count protects labels that few share. Cells below it
        leave first, and the threshold rises by `units_min - 1`; the lonely cell of the proof
        is then one with exactly `units_min` units and needs the same noise as before.
    Source: Google differential-privacy, pre_thresholding.md.
    """
    eligible = {cell: count for cell, count in units.items() if count >= units_min}
    if not eligible:
        return {}
    chosen = _measure(scale, threshold + units_min - 1)(eligible)
    return {int(cell): int(chosen[cell]) for cell in sorted(chosen)}


def threshold_of(scale: Fraction, cells_per_unit_max: int, delta: Fraction) -> int:
    """Give the smallest threshold at which one unit's own keys survive with at most `delta`.

    Why not OpenDP's own figure: its map tells P[Z > T - 1] where the code keeps P[Z >= T - 1], so
        the claim is too small (opendp issue 2922). The map of the measurement at T - 1 is never
        below the truth, and the exact sum is asked as well.
    Errors: ValueError where no threshold gives this delta.
    """
    low, high = 2, 4
    while delta_of(scale, cells_per_unit_max, high) > delta:
        low, high = high + 1, high * 2
        if high > THRESHOLD_MAX:
            raise ValueError("no threshold reaches this delta")
    while low < high:
        middle = (low + high) // 2
        if delta_of(scale, cells_per_unit_max, middle) <= delta:
            high = middle
        else:
            low = middle + 1
    return low


def delta_of(scale: Fraction, cells_per_unit_max: int, threshold: int) -> Fraction:
    """Give an upper bound on the chance that any of one unit's own keys survives."""
    # Rounded up: a longer L2 than the true one can only raise the claim.
    distance = (cells_per_unit_max, math.nextafter(math.sqrt(cells_per_unit_max), math.inf), 1.0)
    claimed: float = _measure(scale, threshold - 1).map(distance)[1]
    return max(Fraction(claimed), survival_of(scale, cells_per_unit_max, threshold))


def survival_of(scale: Fraction, cells_per_unit_max: int, threshold: int) -> Fraction:
    """Give 1 - (1 - P[Z >= T - 1])^L0 by the exact sum, rounded up."""
    one = tail_of(scale, threshold - 1)
    some = -math.expm1(cells_per_unit_max * math.log1p(-one)) if one < 1 else 1.0
    return Fraction(some) * Fraction(1_000_000_001, 1_000_000_000)


def _measure(scale: Fraction, threshold: int) -> Any:
    """Build OpenDP's thresholded Gaussian over a map of cell numbers to counts."""
    domain = dp.map_domain(dp.atom_domain(T="i64"), dp.atom_domain(T="i64"))
    metric = dp.l02inf_distance(dp.absolute_distance(T="f64"))
    return dp.m.make_gaussian_threshold(domain, metric, scale=float(scale), threshold=threshold)
