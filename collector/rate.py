"""How much an address may send, requests or bytes: token buckets in one place for all workers.

The buckets lie in memory that the workers of a host share and no disk holds; an address is in it
as a place and a tag, both from a digest under a key that lives as long as the memory.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from collections.abc import Callable
from hashlib import blake2b
from typing import NamedTuple

LIMITS_MAX = 4
"""So many limits find room in one shared memory."""

KEY_BYTES = 16

_SETS = 16_384
_WAYS = 4
_SLOT = struct.Struct("<Ifd")
"""Tag of an address, what it has left, and since when (monotonic seconds)."""

_LIMIT_BYTES = _SETS * _WAYS * _SLOT.size

ADDRESSES_MAX = _SETS * _WAYS
"""Most addresses that are remembered; past it the one that was idle longest makes room."""

MEMORY_BYTES = KEY_BYTES + LIMITS_MAX * _LIMIT_BYTES


class _Bucket(NamedTuple):
    """One address's place in the memory."""

    at: int
    """Offset of its slot."""
    tag: int
    left: float
    since: float


def make_memory() -> int:
    """Make the memory that workers share; give its file descriptor, which they inherit."""
    if hasattr(os, "memfd_create"):
        number = os.memfd_create("sanaq-rates")
    else:
        with tempfile.TemporaryFile() as file:
            number = os.dup(file.fileno())
    os.ftruncate(number, MEMORY_BYTES)
    os.pwrite(number, os.urandom(KEY_BYTES), 0)
    return number


def open_memory(number: int | None) -> mmap.mmap:
    """Give the memory behind a descriptor, or one of this process's own where there is none."""
    if number is not None:
        return mmap.mmap(number, MEMORY_BYTES)
    memory = mmap.mmap(-1, MEMORY_BYTES)
    memory[:KEY_BYTES] = os.urandom(KEY_BYTES)
    return memory


class RateLimit:
    """Admits up to `per_second` a second from each address, bursts of two seconds.

    Workers do not wait for each other: two that count the same address in the same microsecond may
    admit one request too many.
    """

    def __init__(
        self,
        per_second: float,
        seconds: Callable[[], float],
        memory: mmap.mmap | None = None,
        number: int = 0,
    ) -> None:
        self._per_second = per_second
        self._burst = per_second * 2
        self._seconds = seconds
        self._memory = open_memory(None) if memory is None else memory
        self._key = bytes(self._memory[:KEY_BYTES])
        self._start = KEY_BYTES + number * _LIMIT_BYTES

    def admits(self, address: str, cost: float = 1) -> bool:
        """Take one request of a cost into account and tell whether it may pass."""
        now = self._seconds()
        bucket = self._find(address, now)
        left = min(self._burst, bucket.left + (now - bucket.since) * self._per_second)
        if left < cost:
            return False
        _SLOT.pack_into(self._memory, bucket.at, bucket.tag, left - cost, now)
        return True

    def give_back(self, address: str, cost: float) -> None:
        """Undo a request's cost: it was not to be limited after all."""
        at, tag, left, since = self._find(address, self._seconds())
        _SLOT.pack_into(self._memory, at, tag, min(self._burst, left + cost), since)

    def _find(self, address: str, now: float) -> _Bucket:
        """Give an address's bucket: its own, else a full one in the place longest idle."""
        digest = blake2b(address.encode("utf-8", "replace"), key=self._key, digest_size=8).digest()
        tag = int.from_bytes(digest[:4], "little") or 1
        first = self._start + int.from_bytes(digest[4:], "little") % _SETS * _WAYS * _SLOT.size
        idle: tuple[float, int] | None = None
        for at in range(first, first + _WAYS * _SLOT.size, _SLOT.size):
            held, left, since = _SLOT.unpack_from(self._memory, at)
            if held == tag:
                return _Bucket(at, tag, left, since)
            idle = min(idle or (since, at), (since, at))
        return _Bucket(idle[1] if idle else first, tag, self._burst, now)
