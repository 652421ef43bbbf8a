"""Consent states in the registry: the later decision holds, whatever order they come in."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import pytest
import sqlalchemy as sa

from storage.registry import Registry, audit, consents
from storage.registry.consents import Decided, State
from storage.registry.tables import consent_states, meta
from storage.registry.versions import VERSIONS, migrate
from tests.storage.keyring_worlds import NOW
from tests.storage.registry_worlds import ACTOR, IN_ONE_HOME, Place, open_registry_at

ONE, OTHER = bytes(range(16)), bytes(16)


def decided(
    grants: str = "", withdraws: str = "", minutes: float = 0, digest: bytes = ONE
) -> Decided:
    at = NOW + timedelta(minutes=minutes)
    return Decided("soq", digest, at, frozenset(grants.split()), frozenset(withdraws.split()))


def states(registry: Registry, after_seq: int = -1) -> dict[bytes, State]:
    return {state.digest: state for state in consents.read_states(registry, after_seq)}


def held(registry: Registry) -> tuple[str, str]:
    state = states(registry)[ONE]
    return state.granted, state.withdrawn


def test_the_later_decision_holds_in_whatever_order_they_come(place: Place) -> None:
    registry = open_registry_at(place)
    said = [
        decided(grants="analytics advertising"),
        decided(withdraws="analytics", minutes=1),
        decided(grants="geolocation", withdraws="advertising", minutes=2),
        decided(grants="advertising", minutes=3),
    ]
    for number, order in enumerate(permutations(said)):
        digest = number.to_bytes(16, "big")
        for one in order:
            now = Decided("soq", digest, one.decided_at, one.granted, one.withdrawn)
            consents.record_decisions(registry, [now])
    found = {(state.granted, state.withdrawn) for state in states(registry).values()}
    assert found == {("advertising geolocation", "analytics")}
    registry.close()


def test_of_two_decisions_at_one_moment_the_refusal_holds(place: Place) -> None:
    registry = open_registry_at(place)
    consents.record_decisions(registry, [decided(withdraws="analytics")])
    consents.record_decisions(registry, [decided(grants="analytics")])
    consents.record_decisions(registry, [decided(grants="analytics", minutes=-5)])
    assert held(registry) == ("", "analytics")
    consents.record_decisions(registry, [decided(grants="analytics", minutes=0.0001)])
    assert held(registry) == ("analytics", "")
    registry.close()


def test_readers_are_given_what_changed_and_repeats_change_nothing(place: Place) -> None:
    registry = open_registry_at(place)
    assert consents.read_seq(registry) == 0
    consents.record_decisions(registry, [decided("analytics"), decided("analytics", digest=OTHER)])
    assert consents.read_seq(registry) == 1
    assert states(registry).keys() == {ONE, OTHER}
    consents.record_decisions(registry, [decided("analytics")])
    assert consents.read_seq(registry) == 1
    consents.record_decisions(registry, [decided(withdraws="analytics", minutes=1)])
    assert states(registry, after_seq=1).keys() == {ONE}
    assert {one.digest for one in consents.find_states(registry, [OTHER, bytes(15) + b"?"])} == {
        OTHER
    }
    registry.close()


def test_marks_stand_beside_decisions_and_are_on_the_audit_log(place: Place) -> None:
    registry = open_registry_at(place)
    consents.mark(registry, "soq", ONE, ACTOR, restricted=True)
    consents.record_decisions(registry, [decided("analytics")])
    consents.mark(registry, "soq", ONE, ACTOR, objected=True)
    state = states(registry)[ONE]
    assert (state.restricted, state.objected, state.granted) == (True, True, "analytics")
    consents.mark(registry, "soq", ONE, ACTOR, restricted=False)
    assert not states(registry)[ONE].restricted
    entries = audit.read_entries(registry)
    assert [entry.action for entry in entries] == ["consent.mark"] * 3
    assert ONE.hex() not in str(entries)
    registry.close()


def test_two_sites_have_states_of_their_own(place: Place) -> None:
    registry = open_registry_at(place)
    consents.record_decisions(registry, [decided(withdraws="analytics")])
    elsewhere = Decided("other", OTHER, NOW, frozenset({"analytics"}))
    consents.record_decisions(registry, [elsewhere])
    assert states(registry)[ONE].withdrawn == "analytics"
    assert states(registry)[OTHER].granted == "analytics"
    registry.close()


@IN_ONE_HOME
def test_a_registry_of_the_first_version_gains_the_states(place: Place) -> None:
    registry = open_registry_at(place)
    with registry.write() as connection:
        consent_states.drop(connection)
        connection.execute(meta.delete().where(meta.c.name == "consent_seq"))
        connection.execute(meta.update().where(meta.c.name == "schema_version").values(value=1))
    with registry.upgrade() as connection:
        assert migrate(connection) == len(VERSIONS)
        assert sa.inspect(connection).has_table("consent_states")
    consents.record_decisions(registry, [decided("analytics")])
    assert held(registry) == ("analytics", "")
    registry.close()


@IN_ONE_HOME
@pytest.mark.parametrize("count", [1_200])
def test_many_are_found_at_once(place: Place, count: int) -> None:
    registry = open_registry_at(place)
    digests = [number.to_bytes(16, "big") for number in range(count)]
    consents.record_decisions(registry, [decided("analytics", digest=one) for one in digests])
    assert {one.digest for one in consents.find_states(registry, digests)} == set(digests)
    registry.close()
