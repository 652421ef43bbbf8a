"""Sets of purposes as bits, so that a batch of signals is one column of small integers."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from config.policy import Policy


def to_bits(policy: Policy, names: Iterable[str]) -> int:
    """Give the set of the named purposes; names the policy does not know are passed over.

    Bit i stands for the i-th purpose of `policy.purposes`.
    """
    known = purpose_bits(tuple(policy.purposes))
    return sum({known[name] for name in names if name in known})


@lru_cache(maxsize=64)
def purpose_bits(purposes: tuple[str, ...]) -> dict[str, int]:
    """Give each purpose its bit."""
    return {name: 1 << place for place, name in enumerate(purposes)}
