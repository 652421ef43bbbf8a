"""The audit chain: every way of changing the past is found, and where."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy.exc import IntegrityError

from storage.registry import Registry, audit, sites
from storage.registry.audit import Entry
from tests.helpers import ROOT
from tests.storage.registry_worlds import ACTOR, Place, open_registry_at

ENTRIES = 6


@pytest.fixture
def registry(place: Place) -> Iterator[Registry]:
    """A registry whose chain has six entries."""
    opened = open_registry_at(place)
    for number in range(ENTRIES):
        audit.append(opened, ACTOR, "sql.run", "warehouse", {"rows": number})
    yield opened
    opened.close()


def test_a_sound_chain_verifies(registry: Registry) -> None:
    entries = audit.read_entries(registry)
    assert [entry.seq for entry in entries] == list(range(1, ENTRIES + 1))
    verdict = audit.verify(registry)
    assert (verdict.entries, verdict.broken_at) == (ENTRIES, None)
    assert verdict.head_sha256 == entries[-1].sha256
    assert audit.verify(registry, expect=(3, entries[2].sha256)).broken_at is None
    assert [entry.seq for entry in audit.read_entries(registry, last=2)] == [5, 6]


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "details_json"])
def test_a_changed_column_is_found(registry: Registry, place: Place, column: str) -> None:
    place.change(f"UPDATE audit SET {column} = '!' || substr({column}, 2) WHERE seq = 3")
    verdict = audit.verify(registry)
    assert (verdict.broken_at, verdict.what) == (3, "the entry was changed")


@pytest.mark.parametrize(
    ("statement", "broken_at", "what"),
    [
        ("DELETE FROM audit WHERE seq = 4", 4, "an entry is missing"),
        ("DELETE FROM audit WHERE seq = 1", 1, "an entry is missing"),
        ("DELETE FROM audit WHERE seq = 6", 6, "the end is missing"),
        ("DELETE FROM audit", 1, "the end is missing"),
        ("UPDATE audit SET previous_sha256 = sha256 WHERE seq = 2", 2, "the entry does not follow"),
        ("UPDATE audit SET sha256 = previous_sha256 WHERE seq = 5", 5, "the entry was changed"),
        ("UPDATE audit SET seq = 99 WHERE seq = 2", 2, "an entry is missing"),
    ],
)
def test_tampering_is_found_where_it_is(
    registry: Registry, place: Place, statement: str, broken_at: int, what: str
) -> None:
    place.change(statement)
    verdict = audit.verify(registry)
    assert verdict.broken_at == broken_at
    assert verdict.what.startswith(what)
    assert verdict.entries == broken_at - 1


def test_an_entry_made_sound_again_breaks_the_next(registry: Registry, place: Place) -> None:
    """Whoever computes the changed entry's digest anew is found one entry later."""
    old = audit.read_entries(registry)[2]
    forged = replace(old, details_json="{}")
    place.change(
        f"UPDATE audit SET details_json = '{{}}', sha256 = '{forged.digest()}' WHERE seq = 3"
    )
    verdict = audit.verify(registry)
    assert (verdict.broken_at, verdict.what[:25]) == (4, "the entry does not follow")


def test_a_chain_rewritten_whole_differs_from_a_noted_head(
    registry: Registry, place: Place
) -> None:
    """The limit of a chain by itself, and what lifts it."""
    noted = audit.read_entries(registry)[-1]
    previous = audit.FIRST_PREVIOUS
    for entry in audit.read_entries(registry):
        draft = replace(entry, details_json='{"rows":9}', previous_sha256=previous)
        forged = replace(draft, sha256=draft.digest())
        _overwrite(place, forged)
        previous = forged.sha256
    assert audit.verify(registry).broken_at is None
    verdict = audit.verify(registry, expect=(noted.seq, noted.sha256))
    assert (verdict.broken_at, verdict.what) == (6, "the entry is not the one that was noted")
    assert audit.verify(registry, expect=(7, noted.sha256)).what == "the end is missing"


def _overwrite(place: Place, entry: Entry) -> None:
    place.change(
        f"UPDATE audit SET details_json = '{entry.details_json}', sha256 = '{entry.sha256}',"
        f" previous_sha256 = '{entry.previous_sha256}' WHERE seq = {entry.seq}",
    )


def test_change_and_entry_stand_together(registry: Registry, place: Place) -> None:
    """Where the entry cannot be written, the change is not made."""
    place.refuse_entries()
    with pytest.raises(IntegrityError):
        sites.add_site(registry, "soq", ACTOR)
    assert sites.load_sites(registry) == {}
    assert audit.verify(registry).broken_at is None


def test_processes_that_append_together_make_one_chain(place: Place, registry: Registry) -> None:
    code = """
import sys
from storage.registry import audit, open_dsn
registry = open_dsn(sys.argv[1])
for number in range(25):
    audit.append(registry, sys.argv[2], "sql.run", "warehouse", {"rows": number})
"""
    command = [sys.executable, "-c", code, place.dsn]
    writers = [subprocess.Popen([*command, f"cli:{n}"], cwd=ROOT) for n in range(4)]
    try:
        assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    verdict = audit.verify(registry)
    assert (verdict.entries, verdict.broken_at) == (ENTRIES + 100, None)
