"""Draws discrete Gaussian noise over integers, from the operating system's randomness.

Called by `release`. The one place where OpenDP's sampler is used for counts; integers in,
integers out, so no floating-point rounding can leak (Mironov 2012). OpenDP marks these
constructors `contrib`: their proofs are published, the vetting is not finished. The tests
check their law.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import opendp.prelude as dp

dp.enable_features("contrib")


def add_noise(values: Sequence[int], scale: Fraction) -> list[int]:
    """Add independent discrete Gaussian noise of this scale to each value.

    Shape: n integers -> n integers, signed, unclipped: clipping at zero would bias every sum.
    Errors: ValueError where the scale is no exact double (see `accounting.SCALE_STEPS`).
    """
    if Fraction(float(scale)) != scale:
        raise ValueError("the scale must be exact as a double")
    if not values:
        return []
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    measurement = dp.m.make_gaussian(domain, dp.l2_distance(T="f64"), scale=float(scale))
    return [int(value) for value in measurement(list(values))]
