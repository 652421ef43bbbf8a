"""Exact confidence bounds of a share: what k of n proves at least, and at most.

Called by the audit and by tests. Source: Clopper and Pearson 1934.
"""

from __future__ import annotations

import math

HALVINGS = 50
"""Steps of the search; the bound is exact to 2^-50."""


def lower_bound(hits: int, trials: int, mistake: float) -> float:
    """Give the largest share for which seeing `hits` or more has chance at most `mistake`."""
    if hits == 0:
        return 0.0
    low, high = 0.0, hits / trials
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if _at_least(hits, trials, middle) <= mistake:
            low = middle
        else:
            high = middle
    return low


def upper_bound(hits: int, trials: int, mistake: float) -> float:
    """Give the smallest share for which seeing `hits` or fewer has chance at most `mistake`."""
    return 1 - lower_bound(trials - hits, trials, mistake)


def _at_least(hits: int, trials: int, share: float) -> float:
    """Give P[X >= hits] of a binomial, for a share not above hits / trials."""
    if share <= 0:
        return 0.0
    ways = math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
    missed = (trials - hits) * math.log1p(-share) if trials > hits else 0.0
    term = math.exp(ways + hits * math.log(share) + missed)
    total, odds = term, share / (1 - share) if share < 1 else 0.0
    for k in range(hits, trials):
        term *= (trials - k) / (k + 1) * odds
        total += term
        # Right of the mean the terms fall; what is left is below the last one's precision.
        if term < total * 1e-17:
            break
    return min(1.0, total)
