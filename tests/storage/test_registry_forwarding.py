"""The register of forwardings and fresh refusals, in both homes of a registry."""

from __future__ import annotations

from datetime import timedelta

from storage.registry import Registry, audit, consents, disclosures
from storage.registry.consents import Decided
from storage.registry.forwardings import (
    Begun,
    Place,
    Terms,
    begin,
    find_progress,
    list_hours,
    note_fault,
    put_place,
    settle,
)
from storage.registry.fresh_refusals import (
    FreshRefusal,
    list_fresh,
    note_since,
    noted_since_ms,
)
from tests.storage.keyring_worlds import NOW, HandClock
from tests.storage.registry_worlds import IN_ONE_HOME, open_registry_at
from tests.storage.registry_worlds import Place as Home

SPOOL = "ab" * 16
TERMS = Terms("acme", "advertising", "consent", {"events": ["deal"], "fields": ["country"]})
ID, OTHER = b"i" * 16, b"o" * 16


def started(home: Home, clock: HandClock | None = None) -> Registry:
    """A registry with a recipient that has its place."""
    registry = open_registry_at(home, clock or HandClock())
    put_place(registry, "acme", SPOOL, Place(5, -1))
    return registry


def test_a_request_is_registered_before_and_settled_after(place: Home) -> None:
    registry = started(place)
    begin(registry, SPOOL, TERMS, Place(6, 3), [Begun("soq", 2, b"x"), Begun("other", 1, b"y")])
    (one,) = find_progress(registry, "acme")
    assert (one.settled, one.begun) == (Place(5, -1), Place(6, 3))
    assert [(line.site, line.begun, line.delivered) for line in list_hours(registry)] == [
        ("other", 1, 0),
        ("soq", 2, 0),
    ]
    settle(registry, SPOOL, TERMS, Place(7, -1), {"soq": 2}, {"delivered": 2, "rejected": 1})
    settle(registry, SPOOL, TERMS, Place(8, -1), {}, {"too_old": 4, "rejected": 1})
    (one,) = find_progress(registry)
    assert one.settled == Place(8, -1)
    assert one.counts == {"delivered": 2, "rejected": 2, "too_old": 4}
    assert sum(line.delivered for line in list_hours(registry, "acme")) == 2
    registry.close()


def test_each_hour_and_each_terms_have_a_line_of_their_own(place: Home) -> None:
    clock = HandClock()
    registry = started(place, clock)
    for hours, terms in ((0, TERMS), (0, TERMS), (1, TERMS), (1, TERMS._replace(basis="other"))):
        clock.now = NOW + timedelta(hours=hours)
        begin(registry, SPOOL, terms, Place(6, 0), [Begun("soq", 1, b"x")])
    assert sorted((line.hour.hour, line.begun) for line in list_hours(registry)) == [
        (NOW.hour, 2),
        (NOW.hour + 1, 1),
        (NOW.hour + 1, 1),
    ]
    kept = disclosures.list_disclosures(registry)
    assert [one.basis for one in kept] == ["consent", "other"]
    actions = [one.action for one in audit.read_entries(registry)]
    assert actions.count("forward.begin") == 2 and audit.verify(registry).broken_at is None
    registry.close()


@IN_ONE_HOME
def test_a_fault_stands_until_something_is_delivered(place: Home) -> None:
    registry = started(place)
    note_fault(registry, "acme", SPOOL, "busy")
    assert find_progress(registry)[0].fault == "busy"
    settle(registry, SPOOL, TERMS, Place(6, 0), {}, {"rejected": 1})
    assert find_progress(registry)[0].fault == "busy"
    settle(registry, SPOOL, TERMS, Place(6, 1), {"soq": 1}, {"delivered": 1})
    assert find_progress(registry)[0].fault == ""
    registry.close()


def refuse(registry: Registry, *purposes: str, pseudonyms: tuple[bytes, ...] = (ID,)) -> None:
    """Record a refusal by somebody whom events know by pseudonyms."""
    said = Decided("soq", bytes(16), NOW, frozenset(), frozenset(purposes), pseudonyms)
    consents.record_decisions(registry, [said])


def test_a_refusal_is_found_by_pseudonym_for_three_days(place: Home) -> None:
    clock = HandClock()
    registry = started(place, clock)
    refuse(registry, "advertising", pseudonyms=(ID, OTHER))
    refuse(registry, "analytics")
    found = {one.digest: one for one in list_fresh(registry, ["soq"], clock())}
    assert found[OTHER].purposes == {"advertising"}
    assert found[ID].purposes == {"advertising", "analytics"}
    assert clock() + timedelta(seconds=30) <= found[ID].until <= clock() + timedelta(seconds=90)
    assert found[ID].until.second == 0, "no moment finer than a minute"
    assert list_fresh(registry, ["other"], clock()) == []
    clock.now += timedelta(hours=72)
    assert len(list_fresh(registry, ["soq"], clock())) == 2
    clock.now += timedelta(hours=2)
    assert list_fresh(registry, ["soq"], clock()) == []
    refuse(registry, "advertising", pseudonyms=(OTHER,))
    found_now: list[FreshRefusal] = list_fresh(registry, ["soq"], NOW)
    assert [one.digest for one in found_now] == [OTHER], "older ones are deleted"
    registry.close()


@IN_ONE_HOME
def test_a_grant_is_no_refusal_and_a_refusal_without_pseudonyms_is_not_noted(place: Home) -> None:
    registry = started(place)
    granted = Decided("soq", bytes(16), NOW, frozenset({"advertising"}), frozenset(), (ID,))
    consents.record_decisions(registry, [granted])
    refuse(registry, "advertising", pseudonyms=())
    assert list_fresh(registry, ["soq"], NOW) == []
    registry.close()


@IN_ONE_HOME
def test_since_when_refusals_are_noted_is_said_once(place: Home) -> None:
    clock = HandClock()
    registry = started(place, clock)
    assert noted_since_ms(registry) is None
    note_since(registry, True)
    first = noted_since_ms(registry)
    clock.now += timedelta(hours=1)
    note_since(registry, True)
    assert noted_since_ms(registry) == first
    note_since(registry, False)
    assert noted_since_ms(registry) is None
    note_since(registry, True)
    assert noted_since_ms(registry) != first
    registry.close()
