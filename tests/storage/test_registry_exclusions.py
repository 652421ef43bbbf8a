"""Pseudonyms that no release counts: they come and go with what their person has decided."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

from storage.registry import consents
from storage.registry.consents import Decided
from storage.registry.exclusions import SHARING, list_excluded
from tests.storage.keyring_worlds import NOW
from tests.storage.registry_worlds import ACTOR, Place, open_registry_at

ONE = bytes(range(16))
OLD, NEW = b"o" * 16, b"n" * 16
"""By what rows of two epochs carry the identifier."""


def decided(purpose: str, is_granted: bool, minutes: int, digest: bytes = ONE) -> Decided:
    said = frozenset({purpose})
    granted, refused = (said, frozenset[str]()) if is_granted else (frozenset[str](), said)
    at = NOW + timedelta(minutes=minutes)
    return Decided("soq", digest, at, granted, refused, rows=(OLD, NEW))


def test_the_later_decision_holds_in_whatever_order_they_come(place: Place) -> None:
    registry = open_registry_at(place)
    for number, order in enumerate(permutations(range(3))):
        digest = number.to_bytes(16, "big")
        for minutes in order:
            # Agreed, withdrawn, and agreed again.
            said = decided(SHARING, minutes != 1, minutes, digest)
            consents.record_decisions(registry, [said])
        assert list_excluded(registry) == [], order
    consents.record_decisions(registry, [decided(SHARING, False, 1)])
    assert list_excluded(registry, ["soq"]) == [NEW, OLD]
    consents.record_decisions(registry, [decided(SHARING, True, 0)])
    assert list_excluded(registry) == [NEW, OLD], "an older yes lifts no later no"
    consents.record_decisions(registry, [decided(SHARING, True, 2)])
    assert list_excluded(registry) == []
    registry.close()


def test_refusing_something_else_leaves_nobody_out(place: Place) -> None:
    registry = open_registry_at(place)
    consents.record_decisions(registry, [decided("advertising", False, 0)])
    assert list_excluded(registry) == []
    consents.record_decisions(registry, [decided(SHARING, False, 1)])
    consents.record_decisions(registry, [decided("advertising", True, 2)])
    assert list_excluded(registry, ["other"]) == []
    assert list_excluded(registry, ["soq", "other"]) == [NEW, OLD]
    registry.close()


def test_each_cause_is_lifted_by_itself(place: Place) -> None:
    registry = open_registry_at(place)
    rows = (OLD, NEW)
    consents.record_decisions(registry, [decided(SHARING, False, 0)])
    consents.mark(registry, "soq", ONE, ACTOR, restricted=True, rows=rows)
    consents.mark(registry, "soq", ONE, ACTOR, objected=True, rows=rows)
    consents.record_decisions(registry, [decided(SHARING, True, 1)])
    assert list_excluded(registry) == [NEW, OLD]
    consents.mark(registry, "soq", ONE, ACTOR, restricted=False, rows=rows)
    assert list_excluded(registry) == [NEW, OLD]
    consents.mark(registry, "soq", ONE, ACTOR, objected=False, rows=rows)
    assert list_excluded(registry) == []
    registry.close()
