"""A memory-mapped bucket table of ids that survives the death of its process.

An id is the 128 bits of a keyed digest; 86 of them are kept (64 of tag, 22 of check), so that
among 80 million ids a new one is mistaken for a known one with a chance below 1e-17. Each id has
two buckets of 16 slots and lies in the emptier one. The table grows by linear hashing: with n
buckets, `n = base * 2**level + split`, the first `split` buckets of the level are already split
in two; growing by a few buckets at every call costs no pause. A slot also says in which *span*
(a day, or less under heavy traffic) its id came, so that a span can be swept out at once.

Order of writes: the process may die between any two of them, and what it wrote stays. So a
check word is written before the tag that makes its slot taken, and moved ids are copied before
`buckets` grows and cleared after: a search never misses an id that was added.
"""

from __future__ import annotations

import mmap
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SLOTS = 16
"""Slots of a bucket."""

SPANS_MAX = 1023
"""Spans that a slot can tell apart; numbers are 1 to 1023."""

FILL_MAX = 0.875
"""Share of slots in use above which the table grows."""

HEADER_BYTES = 4096
"""Room of the header, one page."""

ALLOCATE_BYTES = 4 << 20
"""Disk space is asked for in pieces of this size, before it is written to."""

_SPAN_BITS = 10
_CHECK = np.uint32((1 << 22) - 1)
_LOW = np.uint64(0xFFFFFFFF)
_HIGH_SHIFT = np.uint64(32)

Words = NDArray[np.uint64]
Marks = NDArray[np.uint32]
Rows = NDArray[np.intp]


class SeenTable:
    """Fixed-capacity set of 128-bit keys, `Words` of shape (n, 2), in one sparse file."""

    def __init__(self, path: Path, ids_max: int, ids_start: int) -> None:
        """Map the table of a file, made where it is missing.

        Shape: room for `ids_max` ids at `FILL_MAX`, beginning with room for `ids_start`.
        Errors: OSError.
        """
        halvings, wanted = 0, _buckets_for(ids_max)
        while _buckets_for(ids_start) < (wanted >> (halvings + 1)):
            halvings += 1
        self.buckets_base = -(-wanted >> halvings)
        self.buckets_max = self.buckets_base << halvings
        tag_bytes = self.buckets_max * SLOTS * 8
        size = HEADER_BYTES + tag_bytes + self.buckets_max * SLOTS * 4
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        # Sparse: bytes that were never written take no room, and read as empty slots.
        os.ftruncate(self._file, size)
        os.posix_fallocate(self._file, 0, HEADER_BYTES)
        self._map = mmap.mmap(self._file, size)
        self.header: Words = np.frombuffer(self._map, np.uint64, HEADER_BYTES // 8)
        shape = (self.buckets_max, SLOTS)
        count = self.buckets_max * SLOTS
        tags = np.frombuffer(self._map, np.uint64, count, HEADER_BYTES)
        marks = np.frombuffer(self._map, np.uint32, count, HEADER_BYTES + tag_bytes)
        self._tags: Words = tags.reshape(shape)
        self._marks: Marks = marks.reshape(shape)
        self._tags_at, self._marks_at = HEADER_BYTES, HEADER_BYTES + tag_bytes
        self._allocated = 0
        self.used = 0
        """Slots in use; known after `count_spans`."""

    @property
    def buckets(self) -> int:
        """Buckets in use now; one word of the header, so that it changes at once."""
        return int(self.header[0])

    @buckets.setter
    def buckets(self, count: int) -> None:
        self.header[0] = count

    def close(self) -> None:
        """Let go of the file. What was written is the system's to keep."""
        # The map itself ends with its last array, which a caller may hold for a moment yet.
        del self.header, self._tags, self._marks, self._map
        os.close(self._file)

    def reserve(self, buckets: int) -> None:
        """Make sure that the disk has room for this many buckets.

        Why: a write to a mapped page without room on the disk kills the process.
        Errors: OSError (ENOSPC); nothing has changed then.
        """
        piece = ALLOCATE_BYTES // (SLOTS * 12)
        upto = min(self.buckets_max, -(-buckets // piece) * piece)
        if upto <= self._allocated:
            return
        first, count = self._allocated, upto - self._allocated
        os.posix_fallocate(self._file, self._tags_at + first * SLOTS * 8, count * SLOTS * 8)
        os.posix_fallocate(self._file, self._marks_at + first * SLOTS * 4, count * SLOTS * 4)
        self._allocated = upto

    def contains(self, keys: Words) -> NDArray[np.bool_]:
        """Tell for each key whether it is held. Shape: (n, 2) -> n."""
        tags, checks = _split_keys(keys)
        first, second = self._choose(tags)
        found: NDArray[np.bool_] = (self._tags[first] == tags[:, None]).any(axis=1)
        found |= (self._tags[second] == tags[:, None]).any(axis=1)
        hits = np.flatnonzero(found)
        if len(hits):
            found[hits] = self._confirm(first[hits], tags[hits], checks[hits])
            found[hits] |= self._confirm(second[hits], tags[hits], checks[hits])
        return found

    def insert(self, keys: Words, span: int) -> None:
        """Hold keys that are not held, all different, as come in this span.

        Errors: RuntimeError where the table is too full to place one, which `reserve` and
        sweeping prevent: a broken invariant.
        """
        tags, checks = _split_keys(keys)
        marks = checks | np.uint32(span << 22)
        first, second = self._choose(tags)
        left = np.arange(len(tags))
        while len(left):
            placed = self._place_round(tags[left], marks[left], first[left], second[left])
            if not placed.any():
                break
            left = left[~placed]
        for row in left:
            self._displace(int(row), tags, marks, (int(first[row]), int(second[row])))
        self.used += len(tags)

    def grow(self, steps: int) -> bool:
        """Split up to `steps` buckets; tell whether the table is between two sizes still.

        Errors: OSError (ENOSPC), before anything changed.
        """
        count, level = self.buckets, self._level()
        start = count - level
        steps = min(steps, 2 * level - count, self.buckets_max - count)
        if steps <= 0:
            return False
        self.reserve(count + steps)
        old, new = slice(start, start + steps), slice(count, count + steps)
        tags, home = self._tags[old], np.arange(start, start + steps, dtype=np.uint64)
        moves = self._moves(tags, home[:, None], level)
        self._marks[new] = np.where(moves, self._marks[old], np.uint32(0))
        self._tags[new] = np.where(moves, tags, np.uint64(0))
        self.buckets = count + steps
        self._tags[old] = np.where(moves, np.uint64(0), tags)
        return self.is_growing()

    def is_growing(self) -> bool:
        """Tell whether some buckets of the level are split and others not."""
        return self.buckets not in (self._level(), self.buckets_max)

    def is_crowded(self, ids: int = 0) -> bool:
        """Tell whether the table should grow before so many more ids come, and can."""
        slots = self.buckets * SLOTS
        return self.used + ids > slots * FILL_MAX and self.buckets < self.buckets_max

    def sweep(self, first: int, steps: int, live: NDArray[np.bool_]) -> int:
        """Empty the slots of spans that are not live, in `steps` buckets from `first`.

        Shape: `live` has one truth value for each span number, 0 (never written) included.
        """
        part = slice(first, min(first + steps, self.buckets))
        tags = self._tags[part]
        dead = (tags != 0) & ~live[self._marks[part] >> np.uint32(22)]
        emptied = int(np.count_nonzero(dead))
        if emptied:
            tags[dead] = 0
            self.used -= emptied
        return emptied

    def count_spans(self) -> NDArray[np.int64]:
        """Count the ids of each span number by reading the whole table; sets `used`."""
        counts = np.zeros(SPANS_MAX + 1, np.int64)
        for first in range(0, self.buckets, 1 << 16):
            part = slice(first, min(first + (1 << 16), self.buckets))
            spans = self._marks[part][self._tags[part] != 0] >> np.uint32(22)
            counts += np.bincount(spans, minlength=SPANS_MAX + 1)
        self.used = int(counts.sum())
        return counts

    def _level(self) -> int:
        """Give the largest `base * 2**level` that is not above `buckets`."""
        return self.buckets_base << ((self.buckets // self.buckets_base).bit_length() - 1)

    def _choose(self, tags: Words) -> tuple[Rows, Rows]:
        """Give the two buckets of each tag."""
        return self._bucket(tags & _LOW), self._bucket(tags >> _HIGH_SHIFT)

    def _bucket(self, hashes: Words) -> Rows:
        count, level = self.buckets, self._level()
        buckets = hashes % np.uint64(level)
        if count != level:
            is_split = buckets < np.uint64(count - level)
            buckets = np.where(is_split, hashes % np.uint64(2 * level), buckets)
        return buckets.astype(np.intp)

    def _moves(self, tags: Words, home: Words, level: int) -> NDArray[np.bool_]:
        """Tell which ids of these buckets leave for the new half."""
        low, high = tags & _LOW, tags >> _HIGH_SHIFT
        narrow, wide = np.uint64(level), np.uint64(2 * level)
        # An id lies in the bucket of its low half, or else of its high half.
        hashes = np.where(low % narrow == home, low, high)
        is_here = hashes % narrow == home
        moves: NDArray[np.bool_] = (tags != 0) & is_here & (hashes % wide != home)
        return moves

    def _confirm(self, buckets: Rows, tags: Words, checks: Marks) -> NDArray[np.bool_]:
        same = (self._tags[buckets] == tags[:, None]) & (
            (self._marks[buckets] & _CHECK) == checks[:, None]
        )
        confirmed: NDArray[np.bool_] = same.any(axis=1)
        return confirmed

    def _place_round(
        self, tags: Words, marks: Marks, first: Rows, second: Rows
    ) -> NDArray[np.bool_]:
        """Place at most one id in each bucket; tell which were placed."""
        free_first, free_second = self._tags[first] == 0, self._tags[second] == 0
        use_second = free_second.sum(axis=1) > free_first.sum(axis=1)
        target = np.where(use_second, second, first)
        free = np.where(use_second[:, None], free_second, free_first)
        _, leaders = np.unique(target, return_index=True)
        leaders = leaders[free[leaders].any(axis=1)]
        slots = free[leaders].argmax(axis=1)
        self._marks[target[leaders], slots] = marks[leaders]
        self._tags[target[leaders], slots] = tags[leaders]
        placed = np.zeros(len(tags), np.bool_)
        placed[leaders] = True
        return placed

    def _displace(self, row: int, tags: Words, marks: Marks, homes: tuple[int, int]) -> None:
        """Place an id whose two buckets are full by moving a neighbour to its other bucket."""
        for home in homes:
            first, second = self._choose(self._tags[home])
            others = np.where(first == home, second, first)
            for slot, other in enumerate(others):
                free = np.flatnonzero(self._tags[other] == 0)
                if not len(free):
                    continue
                # The neighbour lies twice for a moment, never nowhere.
                self._marks[other, free[0]] = self._marks[home, slot]
                self._tags[other, free[0]] = self._tags[home, slot]
                self._tags[home, slot] = 0
                self._marks[home, slot] = marks[row]
                self._tags[home, slot] = tags[row]
                return
        raise RuntimeError("the index of seen ids cannot place an id")


def _buckets_for(ids: int) -> int:
    """Give the buckets that hold this many ids at `FILL_MAX`."""
    return max(4, int(ids / (SLOTS * FILL_MAX)) + 1)


def _split_keys(keys: Words) -> tuple[Words, Marks]:
    """Give tag and check of each key; no tag is 0, which marks an empty slot."""
    tags = np.maximum(keys[:, 0], np.uint64(1))
    checks = (keys[:, 1] & np.uint64(_CHECK)).astype(np.uint32)
    return tags, checks
