"""How often, and how many at once, may try to sign in.

An account locks itself after some failures; an e-mail that has none cannot, and looking at its
password costs as much time and memory, so that nobody learns from the clock who has an account.
What bounds those attempts is where they come from, and how many are looked at together. It does not
depend on the e-mail, and tells nothing about it.
"""

from __future__ import annotations

from asyncio import Semaphore
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address, ip_network

ATTEMPTS_BURST = 20
"""Attempts that an address has at first."""

SECONDS_PER_ATTEMPT = 6.0
"""How long it takes until it has one more."""

ADDRESSES_MAX = 50_000
"""Most addresses that are remembered; past it all begin anew."""

CHECKS_AT_ONCE = 2
"""Passwords that are looked at together: each takes some memory for a tenth of a second."""

WAITING_MAX = 50
"""Attempts that may wait for that."""

V6_HOUSEHOLD_BITS = 64
"""Prefix of the addresses that one customer of a provider has."""


class TooManyAttempts(Exception):
    """Too many try to sign in, from here or at once. Handled by the sign-in page: 429."""


class Attempts:
    """Counts attempts by address, and lets a few through at a time."""

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._left: dict[str, tuple[float, float]] = {}
        self._waiting = 0
        self._checks = Semaphore(CHECKS_AT_ONCE)

    @asynccontextmanager
    async def admit(self, address: str) -> AsyncIterator[None]:
        """Count one attempt of an address, and wait until its password may be looked at.

        Errors: TooManyAttempts.
        """
        if self._waiting >= WAITING_MAX or not self._takes(_household(address)):
            raise TooManyAttempts
        self._waiting += 1
        try:
            async with self._checks:
                yield
        finally:
            self._waiting -= 1

    def _takes(self, name: str) -> bool:
        """Take one attempt off what an address has left, where it has one."""
        now = self._seconds()
        left, at = self._left.get(name, (float(ATTEMPTS_BURST), now))
        left = min(ATTEMPTS_BURST, left + (now - at) / SECONDS_PER_ATTEMPT)
        if left < 1:
            return False
        if len(self._left) >= ADDRESSES_MAX:
            self._left.clear()
        self._left[name] = (left - 1, now)
        return True


def _household(address: str) -> str:
    """Give the name under which an address is counted: of IPv6 its /64."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ip_network((parsed, V6_HOUSEHOLD_BITS), strict=False).network_address)
