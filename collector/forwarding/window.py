"""The next events for a recipient, read from the spool: where they begin, where they end, and what
on the way is given up.

Every attempt reads anew: so what has grown too old, and what was refused since, is seen each time,
and nothing that waits is held in memory.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import polars as pl

from collector.context import DigestMany
from collector.forwarding.forms import FORMS
from collector.forwarding.pseudonyms import Outgoing, make_outgoing
from collector.forwarding.selection import TABLE, Refusals, select_events
from config.policy import Policy
from config.recipients import Recipient
from storage.registry.forwardings import Place
from storage.spool import read_batches
from storage.spool_follow import Spooled, list_after
from storage.spool_rows import decode_rows

BATCHES_MAX = 200
"""Most batches that one reading looks at."""

ROWS_AT_ONCE = 200
"""Rows of a batch that are looked at together, at least."""

HOUR_MS = 3_600_000

TOO_OLD, TOO_LARGE, KEY_DESTROYED = "too_old", "too_large", "key_destroyed"
UNNOTED, BACKLOG, LOST, UNREADABLE = "unnoted", "backlog", "lost", "unreadable"
"""Why events are given up; `lost` counts batches, and `unreadable` too."""


class Waiting(NamedTuple):
    """One event that is to be sent."""

    place: Place
    outgoing: Outgoing
    text: bytes
    """What is written of it."""
    subjects: frozenset[bytes]
    """Our pseudonyms of those whom it is about. They stay here."""


@dataclass
class Window:
    """What one reading found."""

    head: Place
    """Everything up to here is settled without sending."""
    until: Place
    """Everything up to here is, once `waiting` was sent."""
    waiting: list[Waiting] = field(default_factory=list)
    given_up: Counter[str] = field(default_factory=Counter)
    """What was given up up to `head`."""
    given_up_after: Counter[str] = field(default_factory=Counter)
    """What was given up behind it."""
    is_full: bool = False
    """No further event would join it."""
    size: int = 0

    def pass_by(self, place: Place, why: str = "", count: int = 0) -> None:
        """Move on to a place, without anything to send on the way."""
        if count:
            (self.given_up_after if self.waiting else self.given_up)[why] += count
        self.until = place
        if not self.waiting:
            self.head = place


class Now(NamedTuple):
    """What of a moment decides about a reading."""

    ms: int
    refusals: Callable[[], Refusals]
    """Asked for once, when there is something to select from."""
    noted_since_ms: int
    """What was received before is given up: refusals of that time were not noted."""
    done: Container[str]
    """Ids of events whose sending has ended already, however old they are."""
    excess_bytes: int = 0
    """Bytes of the oldest batches that are given up, since too many wait."""


class Follower:
    """Reads a spool for one recipient; for one thread."""

    def __init__(
        self, file: Path, recipient: Recipient, policy: Policy, digest_many: DigestMany
    ) -> None:
        self._file = file
        self._recipient = recipient
        self._policy = policy
        self._digest_many = digest_many
        self._frame: tuple[int, pl.DataFrame] | None = None

    def read(self, at: Place, now: Now) -> Window:
        """Give the next events behind a place. Errors: Unavailable."""
        window = Window(at, at)
        refusals: Refusals | None = None
        excess = now.excess_bytes
        for batch in list_after(self._file, at.seq - 1, BATCHES_MAX):
            if batch.seq > window.until.seq:
                missing = batch.seq - window.until.seq
                window.pass_by(Place(batch.seq, -1), LOST, missing)
            if self._is_meant(batch):
                refusals = now.refusals() if refusals is None else refusals
                self._take(window, batch.seq, now, refusals, is_excess=excess > 0)
            if window.is_full:
                break
            excess -= batch.bytes
            window.pass_by(Place(batch.seq + 1, -1))
        return window

    def _is_meant(self, batch: Spooled) -> bool:
        of_a_site = not batch.sites.isdisjoint(self._recipient.sites)
        return batch.table == TABLE and batch.bytes > 0 and of_a_site

    def _take(
        self, window: Window, seq: int, now: Now, refusals: Refusals, *, is_excess: bool
    ) -> None:
        """Take the events of one batch into a window until it is full."""
        frame = self._rows(seq)
        if frame is None:
            window.pass_by(window.until, UNREADABLE, 1)
            return
        for place, one, subjects in self._outgoing(seq, frame, window.until, refusals):
            why = self._why_not(one, now, is_excess=is_excess)
            if why:
                window.pass_by(place, why, 1)
                continue
            assert isinstance(one, Outgoing)
            text = FORMS[self._recipient.kind].encode(one, self._recipient)
            limits = self._recipient.limits
            if len(text) > limits.body_bytes_max:
                window.pass_by(place, TOO_LARGE, 1)
                continue
            if window.size + len(text) > limits.body_bytes_max:
                window.is_full = True
                return
            window.waiting.append(Waiting(place, one, text, subjects))
            window.until, window.size = place, window.size + len(text)
            if len(window.waiting) == limits.events_per_request_max:
                window.is_full = True
                return

    def _why_not(self, one: Outgoing | int, now: Now, *, is_excess: bool) -> str:
        """Give why an event is given up, or ''; a number stands for one without a key."""
        if isinstance(one, Outgoing) and one.id in now.done:
            return ""
        received_at_ms = one if isinstance(one, int) else one.received_at_ms
        age_ms_max = self._recipient.limits.forward_age_hours_max * HOUR_MS
        if now.ms - received_at_ms > age_ms_max:
            return TOO_OLD
        if received_at_ms < now.noted_since_ms:
            return UNNOTED
        if is_excess:
            return BACKLOG
        return KEY_DESTROYED if isinstance(one, int) else ""

    def _outgoing(
        self, seq: int, frame: pl.DataFrame, after: Place, refusals: Refusals
    ) -> Iterator[tuple[Place, Outgoing | int, frozenset[bytes]]]:
        """Yield the events of a batch behind a place; when they were received, without a key.

        Piece by piece, since a large batch goes in many requests, and each reads anew.
        """
        size = max(ROWS_AT_ONCE, self._recipient.limits.events_per_request_max)
        start = after.row + 1 if after.seq == seq else 0
        for first in range(start, frame.height, size):
            piece = frame.slice(first, size)
            selected = select_events(piece, self._recipient, self._policy, refusals, first)
            made = make_outgoing(self._recipient.name, selected, self._digest_many)
            for one, outgoing in zip(selected, made, strict=True):
                yield Place(seq, one.row), outgoing or one.received_at_ms, one.subjects

    def _rows(self, seq: int) -> pl.DataFrame | None:
        """Give a batch's rows, none where they cannot be read; the last batch is remembered."""
        if self._frame is None or self._frame[0] != seq:
            self._frame = None
            try:
                found = read_batches(self._file, [seq])
                rows = [decode_rows(one.table, one.blob, one.duplicates) for one in found]
            except (ValueError, pl.exceptions.PolarsError):
                return None
            if not rows:
                return None
            self._frame = (seq, rows[0])
        return self._frame[1]
