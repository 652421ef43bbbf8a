"""The tamper-evident log: every look at and every change to people's data, in a chain.

Called by everyone who looks or changes. Each entry's digest covers the entry and the digest of the
one before, and the number of entries is counted apart, so an entry that was changed, moved, put in
or taken out, at the end too, breaks the chain at a place that `verify` names. Whoever can rewrite
the whole file can rewrite the whole chain: keep `sanaq audit verify`'s head somewhere else and hand
it to `--expect` (docs/registry.md).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from storage.registry.engine import Registry
from storage.registry.tables import audit, format_moment, meta

FIRST_PREVIOUS = "0" * 64
"""What the first entry names as the digest before it."""

ENTRIES_SHOWN_MAX = 10_000
"""Most entries that `read_entries` gives at once."""

ROWS_AT_ONCE = 1_000
"""How many entries `verify` holds in memory at a time."""


@dataclass(frozen=True)
class Entry:
    """One entry of the chain, as it was written."""

    seq: int
    """Position, from 1, without gaps."""
    at: str
    """When, as UTC text with milliseconds."""
    actor: str
    """Who: `user:<id>`, `cli:<uid>` or a program's name; never an e-mail."""
    action: str
    """What was done, as `noun.verb`."""
    subject: str
    """To what: a site, a user id, a release id; never a person's identifier."""
    details_json: str
    """The rest, as canonical JSON."""
    previous_sha256: str
    """Digest of the entry before."""
    sha256: str
    """Digest of this entry."""

    def digest(self) -> str:
        """Compute what `sha256` must be, as lower-case hex."""
        fields = [self.seq, self.at, self.actor, self.action, self.subject]
        text = json.dumps([*fields, self.details_json, self.previous_sha256], separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Verdict:
    """What a walk along the whole chain found."""

    entries: int
    """How many entries were read."""
    head_sha256: str
    """Digest of the last sound entry; 64 zeros when there is none."""
    broken_at: int | None
    """Position of the first entry that is not what it was, None when all are sound."""
    what: str
    """What is wrong there, as a constant; '' when all are sound."""


def cli_actor() -> str:
    """Name the person at the command line by their numeric user id."""
    return f"cli:{os.getuid()}"


def append(
    registry: Registry,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
) -> Entry:
    """Write one entry in a transaction of its own and return it.

    Errors: Unavailable when the registry does not answer; then do not look or change either.
    """
    with registry.write() as connection:
        return append_within(registry, connection, actor, action, subject, details)


def append_within(
    registry: Registry,
    connection: Connection,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any] | None = None,
) -> Entry:
    """Write one entry in the transaction that makes the change, so that both stand or neither.

    Needs: a connection of `Registry.write`, under which the chain's end cannot move.
    """
    last = sa.select(audit.c.seq, audit.c.sha256).order_by(audit.c.seq.desc()).limit(1)
    end = connection.execute(last).first()
    seq, previous = (end.seq, end.sha256) if end else (0, FIRST_PREVIOUS)
    text = json.dumps(dict(details or {}), sort_keys=True, separators=(",", ":"))
    moment = format_moment(registry.now())
    draft = Entry(seq + 1, moment, actor, action, subject, text, previous, "")
    entry = Entry(seq + 1, moment, actor, action, subject, text, previous, draft.digest())
    connection.execute(audit.insert().values(vars(entry)))
    counter = meta.update().where(meta.c.name == "audit_seq")
    connection.execute(counter.values(value=meta.c.value + 1))
    return entry


def read_entries(registry: Registry, last: int = 100) -> list[Entry]:
    """Give the newest entries, oldest of them first; at most `ENTRIES_SHOWN_MAX`."""
    limit = min(last, ENTRIES_SHOWN_MAX)
    query = sa.select(audit).order_by(audit.c.seq.desc()).limit(limit)
    with registry.read() as connection:
        rows = [Entry(**row) for row in connection.execute(query).mappings()]
    return rows[::-1]


def verify(registry: Registry, expect: tuple[int, str] | None = None) -> Verdict:
    """Walk the whole chain and say where it breaks, if anywhere.

    `expect` is a head (position, digest) that was noted earlier: the chain must still hold it.
    """
    with registry.read() as connection:
        counted = sa.select(meta.c.value).where(meta.c.name == "audit_seq")
        entries_expected = int(connection.execute(counted).scalar_one())
        chain = sa.select(audit).order_by(audit.c.seq).execution_options(yield_per=ROWS_AT_ONCE)
        with connection.execute(chain) as stream:
            entries = (Entry(**row) for row in stream.mappings())
            return _walk(entries, entries_expected, expect)


def _walk(
    entries: Iterator[Entry], entries_expected: int, expect: tuple[int, str] | None
) -> Verdict:
    head, count = FIRST_PREVIOUS, 0
    for entry in entries:
        complaint = _complain(entry, count + 1, head, expect)
        if complaint:
            return Verdict(count, head, count + 1, complaint)
        head, count = entry.sha256, count + 1
    if count != entries_expected or (expect and expect[0] > count):
        return Verdict(count, head, count + 1, "the end is missing")
    return Verdict(count, head, None, "")


def _complain(entry: Entry, seq: int, previous: str, expect: tuple[int, str] | None) -> str:
    if entry.seq != seq:
        return "an entry is missing"
    if entry.previous_sha256 != previous:
        return "the entry does not follow the one before"
    if entry.sha256 != entry.digest():
        return "the entry was changed"
    if expect and expect[0] == seq and expect[1] != entry.sha256:
        return "the entry is not the one that was noted"
    return ""
