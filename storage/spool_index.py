"""The index of seen ids together with the spans by which its ids are forgotten.

Spans and digests lie in the spool's database; the index is a cache of them that is caught up by
replay. See `storage.seen` and `storage.spool_span`.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable
from itertools import groupby
from pathlib import Path

from storage.bitmap import Flags
from storage.seen import IDS_START, SPAN_SHARE, Seen
from storage.seen_table import Words
from storage.spool_db import SpoolDb
from storage.spool_protocol import SpoolFull
from storage.spool_span import DAY_MS, Span, find_forgotten, needs_new_span

INDEX_NAME = "seen.index"
"""Name of the index in the spool's folder."""

REPLAY_ROWS = 500
"""Batches whose digests are read in one step of a replay."""

SPAN_NEVER = 1 << 62
"""Stands for the span of the oldest waiting batch where none waits."""

_FORGOTTEN_UNTIL = "forgotten_until"
_MS = struct.Struct("<q")


class SpoolIndex:
    """Finds duplicates among the ids of the window."""

    def __init__(
        self,
        db: SpoolDb,
        folder: Path,
        boot_id: bytes,
        dedup_days_max: int,
        dedup_ids_max: int,
        ids_start: int = IDS_START,
    ) -> None:
        """Open the index; it may lack ids until `replay` says that it is complete.

        Errors: OSError, sqlite3.Error.
        """
        self._db = db
        self._days_max = dedup_days_max
        self.ids_max = dedup_ids_max
        self._spans = db.read_spans()
        value = db.read_meta(_FORGOTTEN_UNTIL)
        self._forgotten_until = 0 if value is None else int(_MS.unpack(value)[0])
        self._seen = _open_seen(db, folder / INDEX_NAME, boot_id, dedup_ids_max, ids_start)
        self._seen.set_live([span.number for span in self._spans])
        self.is_complete = False
        """Whether every id of the window is held, so that commits may be taken."""

    def close(self) -> None:
        """Let go of the file."""
        self._seen.close()

    @property
    def ids_held(self) -> int:
        """Ids that are remembered."""
        return self._seen.ids_held

    @property
    def first_span(self) -> int:
        """The oldest span that is remembered; 0 where there is none."""
        return self._spans[0].number if self._spans else 0

    def window_start(self, now_ms: int) -> int:
        """Give the moment since which every id is remembered, in ms since 1970."""
        return max(self._days_start(now_ms), self._forgotten_until)

    def replay(self) -> bool:
        """Bring a few more batches into the index; tell whether it is complete.

        Errors: SpoolFull where the disk has no room for the index; try again later.
        """
        sql = "SELECT seq, span, digests FROM digests WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = self._db.execute(sql, (self._seen.applied_seq, REPLAY_ROWS)).fetchall()
        live = {span.number for span in self._spans}
        try:
            for span, group in groupby(rows, key=lambda row: int(row[1])):
                joined = list(group)
                if span in live:
                    self._seen.add_new(b"".join(row[2] for row in joined), span)
                self._seen.applied_seq = joined[-1][0]
        except OSError as error:
            raise _as_full(error) from None
        self.is_complete = len(rows) < REPLAY_ROWS
        return self.is_complete

    def prepare(self, ids: int, now_ms: int, find_oldest_span: Callable[[], int | None]) -> None:
        """Make room before a transaction, so that `add` after it cannot fail.

        Errors: SpoolFull; nothing has changed that matters.
        """
        if self._wants_span(now_ms):
            self.forget(now_ms, find_oldest_span(), self.ids_max - self.ids_max // SPAN_SHARE)
        try:
            self._seen.prepare(ids)
        except OSError as error:
            raise _as_full(error) from None

    def find_duplicates(self, keys: Words) -> Flags:
        """Tell which keys are remembered or stand earlier among these. Shape: (n, 2) -> n."""
        return self._seen.find_duplicates(keys)

    def choose_span(self, now_ms: int) -> Span:
        """Give the span of ids that come now. Inside a transaction: it may be a new one."""
        return self._db.insert_span(now_ms) if self._wants_span(now_ms) else self._spans[-1]

    def add(self, keys: Words, span: Span, last_seq: int) -> None:
        """Remember new ids. After the transaction that keeps them, up to batch `last_seq`."""
        if span not in self._spans:
            self._spans.append(span)
            self._seen.set_live([span.number for span in self._spans])
        self._seen.add(keys, span.number)
        self._seen.applied_seq = max(last_seq, self._seen.applied_seq)

    def forget(self, now_ms: int, oldest_span: int | None, ids_max: int | None = None) -> None:
        """Forget spans that are too old, or too many ids. In a transaction of its own.

        Shape: `oldest_span` is that of the oldest batch that waits for loading, if one does.
        Errors: SpoolFull.
        """
        most = self.ids_max if ids_max is None else ids_max
        ids = [self._seen.count_of(span.number) for span in self._spans]
        needed = SPAN_NEVER if oldest_span is None else oldest_span
        gone = find_forgotten(self._spans, ids, most, self._days_start(now_ms), needed)
        if not gone:
            return
        kept = self._spans[len(gone) :]
        with self._db.transaction():
            self._db.execute("DELETE FROM spans WHERE span <= ?", (gone[-1].number,))
            self._db.write_meta(_FORGOTTEN_UNTIL, _MS.pack(kept[0].started_at))
        self._spans, self._forgotten_until = kept, kept[0].started_at
        self._seen.set_live([span.number for span in kept])

    def sweep(self, steps: int) -> bool:
        """Clear some slots of forgotten ids; tell whether there are more to look at."""
        return self._seen.sweep(steps)

    def _wants_span(self, now_ms: int) -> bool:
        ids = self._seen.count_of(self._spans[-1].number) if self._spans else 0
        return needs_new_span(self._spans, ids, self.ids_max // SPAN_SHARE, now_ms)

    def _days_start(self, now_ms: int) -> int:
        # A day more than promised: an event's time may be ahead of its receipt.
        return now_ms - (self._days_max + 1) * DAY_MS


def _open_seen(db: SpoolDb, path: Path, boot_id: bytes, ids_max: int, ids_start: int) -> Seen:
    seen = Seen(path, ids_max, db.spool_id(), boot_id, ids_start)
    if seen.applied_seq > db.last_seq():
        # The database is an older one that was put back: its index begins anew.
        seen.close()
        path.unlink()
        seen = Seen(path, ids_max, db.spool_id(), boot_id, ids_start)
    return seen


def _as_full(error: OSError) -> Exception:
    """Give what to raise where the index found no room: SpoolFull for a full disk."""
    return SpoolFull() if error.errno in (errno.ENOSPC, errno.EDQUOT) else error
