"""Consent states in memory: 20 bytes each, looked up by digest without a disk in the way.

Sorted arrays hold the bulk, a small dict what came since. One thread puts, others look up: each
sees a state as it was before or after a change, never half of one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

RECENT_MAX = 8_192
"""So many changes are kept beside the arrays before they are merged into them."""

DIGEST = np.dtype("S16")
"""Sixteen bytes, compared as such. Zeros at the end are kept and compared, only not shown."""

Digests = NDArray[np.bytes_]
Values = NDArray[np.uint32]


class StateTable:
    """Digest -> a number of 32 bits; absent digests have 0."""

    def __init__(self) -> None:
        self._sorted: tuple[Digests, Values] = (np.empty(0, DIGEST), np.empty(0, np.uint32))
        self._recent: dict[bytes, int] = {}

    def __len__(self) -> int:
        """Give how many digests are held; those that changed since the last merge count twice."""
        return len(self._sorted[0]) + len(self._recent)

    def put(self, digest: bytes, value: int) -> None:
        """Hold a digest's new value."""
        self._recent[digest] = value
        if len(self._recent) > max(RECENT_MAX, len(self._sorted[0]) // 4):
            self.merge()

    def get_many(self, digests: Sequence[bytes]) -> list[int]:
        """Give the value of each digest, 0 where it is absent."""
        # The recent ones first: a merge puts them into the arrays before it empties them.
        recent = self._recent
        held, values = self._sorted
        if not digests or not (recent or len(held)):
            return [0] * len(digests)
        wanted = np.array(digests, DIGEST)
        found = _find(held, values, wanted)
        return [recent.get(one, value) for one, value in zip(digests, found, strict=True)]

    def merge(self) -> None:
        """Bring the recent changes into the arrays."""
        digests, values = self._sorted
        recent = self._recent
        joined = np.concatenate([digests, np.array(list(recent), DIGEST)])
        numbers = np.concatenate([values, np.fromiter(recent.values(), np.uint32, len(recent))])
        order = np.argsort(joined, kind="stable")
        joined, numbers = joined[order], numbers[order]
        # Of two equal digests the later one holds, which a stable sort leaves behind the other.
        last = np.ones(len(joined), np.bool_)
        last[:-1] = joined[1:] != joined[:-1]
        self._sorted = (joined[last], numbers[last])
        self._recent = {}


def _find(held: Digests, values: Values, wanted: Digests) -> list[int]:
    """Give the value of each wanted digest, 0 where it is not among those held."""
    if not len(held):
        return [0] * len(wanted)
    places = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
    found = np.where(held[places] == wanted, values[places], 0)
    return [int(value) for value in found]
