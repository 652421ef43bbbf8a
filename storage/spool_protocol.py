"""What workers and loader say to the spooler over its Unix socket, and what it answers.

Plain data: no socket, no disk. How messages become bytes: `storage.spool_frames`.
"""

from __future__ import annotations

import os
import re
from typing import Literal

import msgspec

from storage.errors import Unavailable
from storage.schemas import TABLES

ROWS_PER_COMMIT_MAX = 65_536
"""Most rows of all parts of one commit."""

DIGEST_BYTES = 16
"""Length of a keyed digest of (site, event_id), in bytes."""

CountedOutcome = Literal[
    "rejected", "refused", "undecodable", "property_refused", "signal_unreadable"
]
"""Outcomes that a worker counts; `received`, `accepted`, `duplicate` and `stored` are ours.

`undecodable` counts requests, `property_refused` properties, `signal_unreadable` what events said
of consent and could not be read, the others events.
"""

BESIDE = frozenset({"undecodable", "property_refused", "signal_unreadable"})
"""Outcomes that count no events, and are no part of what was received."""

_SITE = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_REASON = re.compile(r"[a-z0-9_]{1,64}")


class SpoolFull(Unavailable):
    """The spool is at its limit or its disk is full; nothing of the commit was taken.

    Who handles it: the collector answers 503 with `Retry-After`.
    """

    def __init__(self) -> None:
        super().__init__("spool")


class _Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base of all messages: an array that begins with the name of its class."""


class Part(msgspec.Struct, frozen=True, array_like=True):
    """A finished batch of one table, its rows sorted by site."""

    batch_id: bytes
    """16 random bytes, the `batch_id` of its rows."""
    table: str
    """Key of `storage.schemas.TABLES`."""
    rows: int
    """Rows in `blob`, at least one."""
    blob: bytes
    """The rows, as `storage.spool_rows.encode_rows` gives them."""
    digests: bytes
    """Keyed digest of (site, event_id) of each row, 16 bytes each, in row order."""
    site_runs: list[tuple[str, int]]
    """Sites and their number of rows, in row order."""
    known: bytes = b""
    """Bitmap of rows that the warehouse already has; empty for none."""


class Count(msgspec.Struct, frozen=True, array_like=True):
    """Events (or requests) of one site that left the pipeline before the spool."""

    site: str
    """Name of the site; empty where a request's site is unknown."""
    outcome: CountedOutcome
    reason: str
    """A word from the closed list of reasons."""
    n: int
    table: str = "events"
    """Where they were meant to go."""


class Commit(_Message, frozen=True):
    """Take these batches and counts, all or nothing, and answer when they are on disk."""

    parts: list[Part]
    counts: list[Count]
    commit_id: bytes = msgspec.field(default_factory=lambda: os.urandom(16))
    """Says that two commits are the same one, sent again because its answer was lost."""


class Claim(_Message, frozen=True):
    """Give the oldest batches that wait for loading, and mark them as loading."""

    rows_max: int
    """Most rows in all; one batch is given whatever its size."""


class Loaded(_Message, frozen=True):
    """These batches are in the warehouse, durably."""

    seqs: list[int]


class Failed(_Message, frozen=True):
    """The warehouse refused these batches; they wait for another attempt."""

    seqs: list[int]


class Parked(_Message, frozen=True):
    """Set these batches aside: a person is needed."""

    seqs: list[int]


class Reopened(_Message, frozen=True):
    """Load these batches once more: they were parked, or loaded and found missing."""

    seqs: list[int]


class Needed(_Message, frozen=True):
    """Keep loaded batches from this one on: a recipient has not got its events yet."""

    from_seq: int


class AskStatus(_Message, frozen=True):
    """Tell how the spool is."""


class Committed(_Message, frozen=True):
    """The commit is on disk and counted."""

    duplicates: list[bytes]
    """Bitmap of duplicate rows for each part, in order; empty bytes where there are none."""


class Full(_Message, frozen=True):
    """The spool or its disk is full; nothing was taken."""


class Rebuilding(_Message, frozen=True):
    """The index of seen ids is being rebuilt; nothing was taken."""


class Malformed(_Message, frozen=True):
    """The message breaks the protocol; nothing was taken. A mistake of ours."""


class Claimed(_Message, frozen=True):
    """Batches to load, oldest first; empty when none waits."""

    batches: list[ClaimedBatch]


class ClaimedBatch(msgspec.Struct, frozen=True, array_like=True):
    """One batch that is now marked as loading."""

    seq: int
    """Its place in the spool, by which the loader speaks of it."""
    batch_id: bytes
    table: str
    rows: int
    """Rows to load, duplicates left out."""


class Busy(_Message, frozen=True):
    """Another loader holds the lease."""


class Done(_Message, frozen=True):
    """The change is on disk."""


class Status(_Message, frozen=True):
    """How the spool is, now."""

    state: Literal["ready", "rebuilding", "full"]
    """`rebuilding`: the index of seen ids is not complete, commits are put off."""
    spooled_batches: int
    """Batches that wait for loading or are being loaded."""
    spooled_rows: int
    """Their rows, duplicates left out."""
    spooled_bytes: int
    """Their bytes."""
    kept_bytes: int
    """Bytes of loaded batches that are kept for verification."""
    bytes_max: int
    """Limit on spooled and kept bytes together."""
    oldest_age_seconds: float
    """Age of the oldest batch that waits; 0 when none does."""
    parked_batches: int
    """Batches that need a person."""
    parked_rows: int
    """Their rows, duplicates left out."""
    ids_held: int
    """Event identities that are remembered."""
    ids_max: int
    """Most that may be."""
    dedup_window_start_ms: int
    """Every identity that was taken at or after this moment is held (ms since 1970)."""
    commits: int
    """Commits taken since the spooler started."""
    transactions: int
    """Transactions, each with one fsync, that took them."""


RequestBody = Commit | Claim | Loaded | Failed | Parked | Reopened | Needed | AskStatus
"""What may be asked."""

AnswerBody = Committed | Full | Rebuilding | Malformed | Claimed | Busy | Done | Status
"""What may be answered."""


class Request(msgspec.Struct, frozen=True, array_like=True):
    """A question with the number that its answer will bear."""

    id: int
    body: RequestBody


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """An answer with the number of its question."""

    id: int
    body: AnswerBody


def is_well_formed(commit: Commit) -> bool:
    """Tell whether a commit keeps the rules that its types cannot express."""
    return (
        len(commit.commit_id) == 16
        and sum(part.rows for part in commit.parts) <= ROWS_PER_COMMIT_MAX
        and all(_is_part(part) for part in commit.parts)
        and all(_is_count(count) for count in commit.counts)
        and len({part.batch_id for part in commit.parts}) == len(commit.parts)
    )


def _is_part(part: Part) -> bool:
    bitmap_bytes = (part.rows + 7) // 8
    return (
        len(part.batch_id) == 16
        and part.table in TABLES
        and part.rows >= 1
        and len(part.digests) == DIGEST_BYTES * part.rows
        and len(part.known) in (0, bitmap_bytes)
        and len(part.blob) > 0
        and sum(n for _, n in part.site_runs) == part.rows
        and all(n >= 1 and _SITE.fullmatch(site) for site, n in part.site_runs)
    )


def _is_count(count: Count) -> bool:
    return (
        count.n >= 1
        and count.table in TABLES
        and (not count.site or _SITE.fullmatch(count.site) is not None)
        and _REASON.fullmatch(count.reason) is not None
    )
