"""Releases and disclosures: recorded once, found by all, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest

from storage.registry import Registry, RegistryRefused, audit, budget, disclosures, releases
from storage.registry.budget import Ask, Cap
from storage.registry.releases import Release
from tests.storage.registry_worlds import ACTOR, Place, open_registry_at

START = datetime(2026, 11, 16, tzinfo=UTC)
END = START + timedelta(days=7)
FIRST = Release("weekly_reach-2026-W47", "weekly_reach", START, END, "ab" * 32, "weekly-1")


@pytest.fixture
def registry(place: Place) -> Iterator[Registry]:
    """A registry in which three releases have reserved budget."""
    opened = open_registry_at(place)
    for name in (FIRST.release_id, "second", "third"):
        ask = Ask(name, "events", "2026-W47", START, END, Fraction(1, 100), Fraction(0))
        budget.reserve(opened, ask, Cap(Fraction(1), Fraction(1)), ACTOR)
    yield opened
    opened.close()


def test_publishing_settles_the_budget_and_is_found(registry: Registry) -> None:
    releases.publish(registry, FIRST, ACTOR)
    spend = budget.find_spend(registry, FIRST.release_id)
    assert spend is not None and spend.state == "published"
    assert releases.find_release(registry, FIRST.release_id) == FIRST
    assert releases.find_window(registry, "weekly_reach", START, END) == FIRST
    assert releases.find_window(registry, "weekly_reach", END, END + timedelta(days=7)) is None
    assert releases.list_releases(registry, "other") == []


def test_publishing_again_changes_nothing(registry: Registry) -> None:
    releases.publish(registry, FIRST, ACTOR)
    entries = audit.read_entries(registry)
    assert releases.publish(registry, FIRST, ACTOR) == FIRST
    assert audit.read_entries(registry) == entries
    with pytest.raises(RegistryRefused, match="never changes"):
        releases.publish(registry, replace(FIRST, sha256="cd" * 32), ACTOR)


def test_a_window_has_one_release_and_corrections_that_say_so(registry: Registry) -> None:
    releases.publish(registry, FIRST, ACTOR)
    second = replace(FIRST, release_id="second", path="weekly-2")
    with pytest.raises(RegistryRefused, match="there already"):
        releases.publish(registry, second, ACTOR)
    spend = budget.find_spend(registry, "second")
    assert spend is not None and spend.state == "reserved"
    correction = replace(second, supersedes=FIRST.release_id)
    releases.publish(registry, correction, ACTOR)
    assert releases.list_releases(registry, "weekly_reach") == [FIRST, correction]
    assert releases.find_window(registry, "weekly_reach", START, END) == correction


def test_nothing_is_published_without_budget(registry: Registry) -> None:
    with pytest.raises(RegistryRefused, match="no budget"):
        releases.publish(registry, replace(FIRST, release_id="fourth"), ACTOR)
    budget.void(registry, "third", ACTOR)
    with pytest.raises(RegistryRefused, match="settled otherwise"):
        releases.publish(registry, replace(FIRST, release_id="third"), ACTOR)
    assert releases.list_releases(registry) == []


def test_disclosures_are_a_register(registry: Registry) -> None:
    releases.publish(registry, FIRST, ACTOR)
    what = "weekly reach of listings"
    one = disclosures.record_disclosure(
        registry, "acme", what, "anonymised", ACTOR, FIRST.release_id
    )
    two = disclosures.record_disclosure(registry, "regulator", "audit log", "law", ACTOR)
    assert {d.id for d in disclosures.list_disclosures(registry)} == {one.id, two.id}
    assert disclosures.list_disclosures(registry, FIRST.release_id) == [one]
    assert audit.read_entries(registry)[-1].action == "disclosure.record"
