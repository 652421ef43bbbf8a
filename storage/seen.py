"""The index of seen event ids: finds duplicates, grows, forgets whole spans, outlives a crash.

It is a cache of the digests in the spool's database and never the only place of anything. Its
header says of which database and of which boot of the machine it is, and up to which batch it is
complete. After the death of the spooler the batches after that are replayed; after a reboot (when
pages may not have reached the disk) or for another database it begins empty and all are.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from storage.bitmap import Flags
from storage.seen_table import SPANS_MAX, SeenTable, Words

IDS_START = 1 << 20
"""Ids that a new index has room for."""

SPAN_SHARE = 16
"""A span holds at most this fraction of all ids, so that forgetting one forgets little."""

STEPS_PER_ID = 4
"""Buckets that are split or swept for each id that comes, so that neither ever pauses."""

STEPS_MIN = 64
"""Buckets that are split or swept at least, however few ids come."""

IDS_AT_ONCE_MAX = 1 << 16
"""Most ids that are added in one call."""

_FORMAT = 1
_WORD_FORMAT, _WORD_APPLIED, _WORD_IDENTITY = 1, 2, 3
"""Words of the header; word 0 belongs to the table, the identity takes five."""


class Seen:
    """Set of 16-byte digests, each remembered with the span in which it came."""

    def __init__(
        self, path: Path, ids_max: int, spool_id: bytes, boot_id: bytes, ids_start: int = IDS_START
    ) -> None:
        """Open the index of a database, beginning empty where the file is not for it.

        Shape: `spool_id` and `boot_id` have 16 bytes.
        Errors: OSError.
        """
        self.ids_max = ids_max
        # More room than the limit: the oldest span is swept out while new ids come.
        self._room = ids_max + ids_max // SPAN_SHARE + IDS_AT_ONCE_MAX
        self._table = SeenTable(path, self._room, ids_start)
        base, most = self._table.buckets_base, self._table.buckets_max
        shape = np.array([base << 32 | most], np.uint64)
        identity = np.frombuffer(spool_id + boot_id, np.uint64)
        wanted = np.concatenate([shape, identity])
        header = self._table.header
        if header[_WORD_FORMAT] != _FORMAT or (self._identity() != wanted).any():
            self._table = self._begin_empty(path, ids_start)
            self._identity()[:] = wanted
            self._table.header[_WORD_FORMAT] = _FORMAT
        self._table.reserve(self._table.buckets)
        self._counts = self._table.count_spans()
        self._live = np.zeros(SPANS_MAX + 1, np.bool_)
        self._sweep_at = 0
        self._sweeping = True

    def _begin_empty(self, path: Path, ids_start: int) -> SeenTable:
        """Replace the file by an empty one."""
        self._table.close()
        path.unlink()
        table = SeenTable(path, self._room, ids_start)
        table.reserve(table.buckets_base)
        table.buckets = table.buckets_base
        return table

    def _identity(self) -> Words:
        return self._table.header[_WORD_IDENTITY : _WORD_IDENTITY + 5]

    def close(self) -> None:
        """Let go of the file."""
        self._table.close()

    @property
    def applied_seq(self) -> int:
        """The batch up to which all ids are held; what comes after must be replayed."""
        return int(self._table.header[_WORD_APPLIED])

    @applied_seq.setter
    def applied_seq(self, seq: int) -> None:
        self._table.header[_WORD_APPLIED] = seq

    @property
    def ids_held(self) -> int:
        """Ids of the spans that are remembered."""
        return int(self._counts[self._live].sum())

    def count_of(self, span: int) -> int:
        """Give the ids of one span."""
        return int(self._counts[_slot_number(span)])

    def set_live(self, spans: Collection[int]) -> None:
        """Say which spans are remembered; the ids of all others are swept out little by little.

        Errors: ValueError where there are more spans than a slot can tell apart.
        """
        numbers = [_slot_number(span) for span in spans]
        if len(set(numbers)) != len(spans) or len(spans) >= SPANS_MAX:
            raise ValueError("more spans than the index can tell apart")
        live = np.zeros(SPANS_MAX + 1, np.bool_)
        live[numbers] = True
        if (self._live & ~live).any():
            self._sweep_at, self._sweeping = 0, True
        self._counts[~live] = 0
        self._live = live

    def prepare(self, ids: int) -> None:
        """Make room for ids that are about to be added, so that `add` cannot fail.

        Errors: OSError (ENOSPC); the index is as it was.
        """
        steps = STEPS_PER_ID * ids + STEPS_MIN
        if self._table.is_growing():
            self._table.grow(steps)
        while self._table.is_crowded(ids):
            self._table.grow(steps)
        if self._sweeping:
            self.sweep(steps)

    def sweep(self, steps: int) -> bool:
        """Empty the slots of forgotten spans in some buckets; tell whether some are left."""
        if self._sweeping:
            self._table.sweep(self._sweep_at, steps, self._live)
            self._sweep_at += steps
            self._sweeping = self._sweep_at < self._table.buckets
        return self._sweeping

    def find_duplicates(self, keys: Words) -> Flags:
        """Tell which keys are held already or stand earlier among these same keys.

        Shape: (n, 2), as `as_keys` gives them -> n.
        """
        return self._table.contains(keys) | find_repeats(keys)

    def add(self, keys: Words, span: int) -> None:
        """Hold keys that `find_duplicates` found new, as come in a live span."""
        if len(keys):
            self._table.insert(keys, _slot_number(span))
            self._counts[_slot_number(span)] += len(keys)

    def add_new(self, digests: bytes, span: int) -> Flags:
        """Hold those digests that are new; tell which are duplicates. For replays, and tests."""
        found = [np.zeros(0, np.bool_)]
        step = IDS_AT_ONCE_MAX * 16
        for start in range(0, len(digests), step):
            keys = as_keys(digests[start : start + step])
            self.prepare(len(keys))
            duplicates = self.find_duplicates(keys)
            self.add(keys[~duplicates], span)
            found.append(duplicates)
        return np.concatenate(found)


def as_keys(digests: bytes) -> Words:
    """Give digests of 16 bytes as pairs of words. Shape: 16 * n bytes -> (n, 2)."""
    return np.frombuffer(digests, np.dtype("<u8")).reshape(-1, 2)


def find_repeats(keys: Words) -> Flags:
    """Tell which keys stand earlier in the same array. Shape: (n, 2) -> n."""
    repeats = np.zeros(len(keys), np.bool_)
    if len(keys) < 2:
        return repeats
    order: NDArray[np.intp] = np.argsort(keys[:, 0], kind="stable")
    ordered = keys[order, 0]
    ties = ordered[1:] == ordered[:-1]
    if not ties.any():
        return repeats
    tied = np.zeros(len(keys), np.bool_)
    tied[order[1:][ties]] = tied[order[:-1][ties]] = True
    met: set[bytes] = set()
    for row in np.flatnonzero(tied):
        key = keys[row].tobytes()
        repeats[row] = key in met
        met.add(key)
    return repeats


def _slot_number(span: int) -> int:
    """Give the number by which slots know a span; spans are counted from 1."""
    return (span - 1) % SPANS_MAX + 1
