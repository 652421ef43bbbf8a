"""What a site may collect beyond all others stands on the audit log before it counts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from config.policy import Policy
from config.policy_rules import SiteRule
from storage.registry import audit
from storage.registry.allowances import note_allowances
from storage.registry.engine import Registry
from tests.collector.worlds import POLICY
from tests.storage.registry_worlds import Place, open_registry_at


def allowing(**sites: dict[str, str]) -> Policy:
    """The shipped policy with sites that may collect categories."""
    rules = {site: SiteRule(allowed_categories=allowed) for site, allowed in sites.items()}
    return POLICY.model_copy(update={"sites": rules})


def noted(registry: Registry) -> list[tuple[str, str, dict[str, str]]]:
    """Action, subject and details of every entry about a category."""
    entries = audit.read_entries(registry)
    return [
        (one.action, one.subject, json.loads(one.details_json))
        for one in entries
        if one.action.startswith("category.")
    ]


@pytest.fixture
def registry(place: Place) -> Iterator[Registry]:
    """An open registry."""
    opened = open_registry_at(place)
    yield opened
    opened.close()


def test_nothing_allowed_is_nothing_noted(registry: Registry) -> None:
    assert note_allowances(registry, POLICY, "collector") == 0
    assert noted(registry) == []


def test_each_change_is_noted_once(registry: Registry) -> None:
    health = allowing(clinic={"health": "explicit consent"})
    assert note_allowances(registry, health, "collector") == 1
    assert note_allowances(registry, health, "collector") == 0
    assert note_allowances(registry, allowing(clinic={"health": "contract"}), "collector") == 1
    assert note_allowances(registry, allowing(), "collector") == 1
    assert note_allowances(registry, health, "collector") == 1
    about = {"category": "health"}
    assert noted(registry) == [
        ("category.allow", "clinic", about | {"basis": "explicit consent"}),
        ("category.allow", "clinic", about | {"basis": "contract"}),
        ("category.forbid", "clinic", about),
        ("category.allow", "clinic", about | {"basis": "explicit consent"}),
    ]
    assert audit.verify(registry).broken_at is None


def test_workers_that_start_together_note_it_once(registry: Registry) -> None:
    two = allowing(clinic={"health": "a"}, church={"belief": "b"})
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda _: note_allowances(registry, two, "collector"), range(4)))
    assert sum(made) == 2 and len(noted(registry)) == 2
