"""How much an address may send, requests or bytes: token buckets in memory, bounded, per worker."""

from __future__ import annotations

from collections.abc import Callable

ADDRESSES_MAX = 50_000
"""Most addresses that are remembered; past it all begin anew, which errs on the sender's side."""


class RateLimit:
    """Admits up to `per_second` a second from each address, bursts of two seconds."""

    def __init__(self, per_second: float, seconds: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = per_second * 2
        self._seconds = seconds
        self._buckets: dict[str, tuple[float, float]] = {}

    def admits(self, address: str, cost: float = 1) -> bool:
        """Take one request of a cost into account and tell whether it may pass."""
        now = self._seconds()
        left, at = self._buckets.get(address, (self._burst, now))
        left = min(self._burst, left + (now - at) * self._per_second)
        if left < cost:
            return False
        if len(self._buckets) >= ADDRESSES_MAX:
            self._buckets.clear()
        self._buckets[address] = (left - cost, now)
        return True

    def give_back(self, address: str, cost: float) -> None:
        """Undo a request's cost: it was not to be limited after all."""
        if address in self._buckets:
            left, at = self._buckets[address]
            self._buckets[address] = (min(self._burst, left + cost), at)
