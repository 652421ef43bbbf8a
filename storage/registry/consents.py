"""What people have decided, by the digest of the identifier they are known by.

Called by the collector, which records decisions and follows the changes, and by requests that
restrict a person's data. The digest is one under the site's consent key, which appears in no
event. The order of arrival does not matter: of each purpose the later decision holds, and of two
at one moment the refusal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from storage.registry import audit
from storage.registry.engine import Registry
from storage.registry.exclusions import SHARING, exclude_within
from storage.registry.fresh_refusals import note_within
from storage.registry.tables import consent_states, format_moment, meta

DIGESTS_PER_QUERY_MAX = 500
"""So many digests are asked for at once; a longer list is more than some databases take."""

ROWS_AT_ONCE = 10_000
"""How many states a reader holds in memory at a time."""

GRANTED, WITHDRAWN = "granted", "withdrawn"
"""The two things one may have decided."""

Decisions = Mapping[str, Sequence[str]]
"""Purpose -> moment as text, and what was decided: `["2026-11-22T05:11:12.000Z", "granted"]`."""


@dataclass(frozen=True)
class Decided:
    """What one record says of one identifier."""

    site: str
    digest: bytes
    """16 bytes, under the site's consent key."""
    decided_at: datetime
    granted: frozenset[str] = frozenset()
    """Purposes granted, of those that the record may grant."""
    withdrawn: frozenset[str] = frozenset()
    """Purposes refused or withdrawn."""
    pseudonyms: tuple[bytes, ...] = ()
    """Digests by which events of these days carry the identifier, where a refusal must find them
    on their way to a recipient. They are kept apart from `digest`, and for three days."""
    rows: tuple[bytes, ...] = ()
    """Digests by which stored events carry it, under every key that lives, where releases must
    leave them out or may count them again. They are kept apart from `digest`."""


class State(NamedTuple):
    """What holds of one identifier now."""

    digest: bytes
    """16 bytes, under its site's consent key."""
    withdrawn: str
    """Purposes, joined by blanks."""
    granted: str
    """Likewise."""
    restricted: bool
    """The data is blocked while its lawfulness is disputed."""
    objected: bool
    """The subject objects to publication."""
    seq: int
    """When it last changed, in changes of all states."""


def record_decisions(registry: Registry, decided: Sequence[Decided]) -> None:
    """Take decisions into the states they concern; one that is there already changes nothing.

    Errors: Unavailable; then none was taken.
    """
    with registry.write() as connection:
        states = _Changes(connection)
        for one in decided:
            states.merge(one)
        states.write()
        for one in decided:
            if one.rows:
                refuses = states.refuses(one.site, one.digest, SHARING)
                exclude_within(connection, one.site, one.rows, {SHARING: refuses})
        refused = [
            (d.site, one, d.withdrawn) for d in decided if d.withdrawn for one in d.pseudonyms
        ]
        if refused:
            note_within(connection, registry.now(), refused)


def mark(
    registry: Registry,
    site: str,
    digest: bytes,
    actor: str,
    *,
    restricted: bool | None = None,
    objected: bool | None = None,
    rows: Sequence[bytes] = (),
) -> None:
    """Restrict an identifier's data or note an objection, or lift either; on the audit log.

    `None` leaves a mark as it is. `rows` are the digests that stored events carry of it, under
    every key that lives: no release counts them while a mark stands. Errors: Unavailable; then
    nothing was marked.
    """
    said = {"restricted": restricted, "objected": objected}
    marks = {name: value for name, value in said.items() if value is not None}
    with registry.write() as connection:
        states = _Changes(connection)
        states.mark(site, digest, marks)
        states.write()
        exclude_within(connection, site, rows, marks)
        audit.append_within(registry, connection, actor, "consent.mark", site, marks)


def read_seq(registry: Registry) -> int:
    """Give the number that grows with every change of any state.

    Why: collectors poll this one number and read states only when it moved.
    """
    with registry.read() as connection:
        return _read_seq(connection)


def read_states(registry: Registry, after_seq: int = -1) -> Iterator[State]:
    """Yield the states that changed after a change, all of one moment, in the order of changes."""
    table = consent_states.c
    query = sa.select(*_STATE).where(table.seq > after_seq).order_by(table.seq)
    with (
        registry.read() as connection,
        connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)) as rows,
    ):
        yield from map(_read, rows)


def find_states(registry: Registry, digests: Sequence[bytes]) -> list[State]:
    """Give the states of those of the digests that have one, in any order."""
    found: list[State] = []
    left = iter([digest.hex() for digest in digests])
    with registry.read() as connection:
        while some := list(islice(left, DIGESTS_PER_QUERY_MAX)):
            query = sa.select(*_STATE).where(consent_states.c.digest.in_(some))
            found += map(_read, connection.execute(query))
    return found


class _Changes:
    """The states that one transaction changes, from reading them to writing them back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._rows: dict[tuple[str, str], dict[str, Any]] = {}
        self._changed: set[tuple[str, str]] = set()

    def merge(self, decided: Decided) -> None:
        """Take one record's decisions."""
        row = self._row(decided.site, decided.digest)
        decisions: dict[str, Sequence[str]] = dict(row["decisions"])
        moment = format_moment(decided.decided_at)
        for what, purposes in ((GRANTED, decided.granted), (WITHDRAWN, decided.withdrawn)):
            for purpose in purposes:
                # Of one moment `withdrawn` is the greater text, and so the one that holds.
                held = decisions.get(purpose)
                if held is None or tuple(held) < (moment, what):
                    decisions[purpose] = [moment, what]
        self._change(decided.site, decided.digest, {"decisions": decisions})

    def mark(self, site: str, digest: bytes, marks: Mapping[str, bool]) -> None:
        """Set or lift the marks that are named."""
        self._change(site, digest, marks)

    def refuses(self, site: str, digest: bytes, purpose: str) -> bool:
        """Tell whether the last decision about a purpose is a refusal."""
        _, what = self._row(site, digest)["decisions"].get(purpose, ("", ""))
        return bool(what == WITHDRAWN)

    def write(self) -> None:
        """Write back what changed, under the next number; nothing where nothing did."""
        if not self._changed:
            return
        counter = meta.c.name == "consent_seq"
        seq = _read_seq(self._connection) + 1
        self._connection.execute(meta.update().where(counter).values(value=seq))
        rows = [self._rows[name] | {"seq": seq} for name in sorted(self._changed)]
        new = [row for row in rows if self._rows[row["site"], row["digest"]]["seq"] is None]
        if new:
            self._connection.execute(consent_states.insert(), new)
        for row in rows:
            if row not in new:
                names = (consent_states.c.site, consent_states.c.digest)
                same = sa.tuple_(*names) == (row["site"], row["digest"])
                self._connection.execute(consent_states.update().where(same).values(row))

    def _row(self, site: str, digest: bytes) -> dict[str, Any]:
        """Give a state as it stands, or an empty one; read once in a transaction."""
        name = (site, digest.hex())
        if name not in self._rows:
            table = consent_states.c
            query = sa.select(consent_states).where(table.site == site, table.digest == name[1])
            found = self._connection.execute(query).mappings().first()
            empty: dict[str, Any] = {"site": site, "digest": name[1], "decisions": {}, "seq": None}
            unmarked = {"withdrawn": "", "granted": "", "restricted": False, "objected": False}
            self._rows[name] = dict(found) if found else empty | unmarked
        return self._rows[name]

    def _change(self, site: str, digest: bytes, changes: Mapping[str, Any]) -> None:
        row = self._row(site, digest)
        if any(row[name] != value for name, value in changes.items()):
            row.update(changes)
            row["withdrawn"] = _join(row["decisions"], WITHDRAWN)
            row["granted"] = _join(row["decisions"], GRANTED)
            self._changed.add((site, digest.hex()))


_STATE = [consent_states.c[name] for name in State._fields]


def _read(row: Any) -> State:
    state = State(*row)
    return state._replace(digest=bytes.fromhex(row.digest))


def _read_seq(connection: Connection) -> int:
    query = sa.select(meta.c.value).where(meta.c.name == "consent_seq")
    return int(connection.execute(query).scalar_one())


def _join(decisions: Decisions, what: str) -> str:
    return " ".join(sorted(name for name, (_, decided) in decisions.items() if decided == what))
