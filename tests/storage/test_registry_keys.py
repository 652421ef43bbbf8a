"""Sites and write keys: made, found, ended, and told to the collectors."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import timedelta

import pytest

from storage.registry import Registry, RegistryRefused, audit, keys, sites, version
from tests.storage.keyring_worlds import NOW, HandClock
from tests.storage.registry_worlds import ACTOR, IN_ONE_HOME, Place, open_registry_at


@pytest.fixture
def registry(place: Place) -> Iterator[Registry]:
    """An empty registry."""
    opened = open_registry_at(place)
    yield opened
    opened.close()


def test_a_key_is_shown_once_and_kept_as_a_digest(registry: Registry, place: Place) -> None:
    key = keys.create_key(registry, "soq", "browser", ACTOR)
    secret = keys.create_key(registry, "soq", "server", ACTOR)
    assert (key[:5], secret[:5]) == ("sk_b_", "sk_s_")
    assert len(key) == len(secret) == 37
    written = place.read_bytes()
    assert key[5:].encode() not in written
    assert hashlib.sha256(key.encode()).hexdigest().encode() in written


def test_keys_are_found_by_digest(registry: Registry) -> None:
    key = keys.create_key(registry, "soq", "server", ACTOR, NOW + timedelta(days=1))
    found = keys.find_key(registry, keys.digest_key(key))
    assert found is not None
    assert (found.site, found.kind, found.created_at) == ("soq", "server", NOW)
    assert found.is_live(NOW) and not found.is_live(NOW + timedelta(days=1))
    assert keys.load_keys(registry) == {keys.digest_key(key): found}
    assert keys.find_key(registry, keys.digest_key(key + "x")) is None
    assert keys.find_key(registry, keys.digest_key("\ud800")) is None


def test_create_makes_the_site_if_it_is_new(registry: Registry) -> None:
    keys.create_key(registry, "soq", "browser", ACTOR)
    made = sites.find_site(registry, "soq")
    assert made == sites.Site("soq", "UTC", (), {}, NOW)
    keys.create_key(registry, "soq", "browser", ACTOR)
    assert list(sites.load_sites(registry)) == ["soq"]


def test_what_create_returns_is_what_is_read_back(place: Place) -> None:
    """A clock finer than the milliseconds that are kept makes no difference."""
    fine = open_registry_at(place, HandClock(NOW.replace(microsecond=123_456)))
    assert sites.add_site(fine, "soq", ACTOR) == sites.find_site(fine, "soq")
    fine.close()


@pytest.mark.parametrize("name", ["so", "сок", "so\x00q", "a" * 300, "\ud800"])
def test_no_site_has_a_name_that_it_cannot_have(registry: Registry, name: str) -> None:
    """Whatever an address line holds, and whatever a database can compare."""
    assert sites.find_site(registry, name) is None


def test_revoked_key_opens_nothing(registry: Registry) -> None:
    key = keys.create_key(registry, "soq", "browser", ACTOR)
    [made] = keys.list_keys(registry)
    keys.revoke_key(registry, made.id, ACTOR)
    assert keys.find_key(registry, keys.digest_key(key)) is None
    assert keys.load_keys(registry) == {}
    assert not keys.list_keys(registry)[0].is_live(NOW)
    with pytest.raises(RegistryRefused, match="no live key"):
        keys.revoke_key(registry, made.id, ACTOR)


def test_version_grows_with_every_change_and_nothing_else(registry: Registry) -> None:
    seen = [version(registry)]
    sites.add_site(registry, "soq", ACTOR)
    seen.append(version(registry))
    keys.create_key(registry, "soq", "browser", ACTOR)
    seen.append(version(registry))
    keys.revoke_key(registry, keys.list_keys(registry)[0].id, ACTOR)
    seen.append(version(registry))
    assert seen == sorted(set(seen))
    audit.append(registry, ACTOR, "sql.run", "warehouse")
    with pytest.raises(RegistryRefused):
        sites.add_site(registry, "soq", ACTOR)
    assert version(registry) == seen[-1]


def test_every_change_is_on_the_audit_log(registry: Registry) -> None:
    sites.add_site(registry, "soq", ACTOR, "Asia/Almaty", ["https://soq.example"])
    keys.create_key(registry, "soq", "browser", ACTOR)
    [made] = keys.list_keys(registry)
    keys.revoke_key(registry, made.id, ACTOR)
    entries = [(e.actor, e.action, e.subject) for e in audit.read_entries(registry)]
    assert entries == [
        (ACTOR, "site.add", "soq"),
        (ACTOR, "key.create", made.id),
        (ACTOR, "key.revoke", made.id),
    ]


@IN_ONE_HOME
@pytest.mark.parametrize("name", ["", "Soq", "-soq", "a" * 65, "so q", "soq\n", "сок", "../x"])
def test_a_bad_name_is_refused_and_leaves_nothing(registry: Registry, name: str) -> None:
    with pytest.raises(RegistryRefused, match="a site's name"):
        keys.create_key(registry, name, "browser", ACTOR)
    assert keys.list_keys(registry) == []
    assert audit.read_entries(registry) == []


@IN_ONE_HOME
@pytest.mark.parametrize("zone", ["", "Asia/Nowhere", "../etc/passwd", "Asia", "UTC+6"])
def test_a_bad_time_zone_is_refused(registry: Registry, zone: str) -> None:
    with pytest.raises(RegistryRefused, match="IANA"):
        sites.add_site(registry, "soq", ACTOR, zone)


@IN_ONE_HOME
@pytest.mark.parametrize("origin", ["soq.example", "https://soq.example/", "ftp://x", "*", "null"])
def test_a_bad_origin_is_refused(registry: Registry, origin: str) -> None:
    with pytest.raises(RegistryRefused, match="origin"):
        sites.add_site(registry, "soq", ACTOR, "UTC", [origin])


def test_what_is_written_is_read_back_by_another_registry(place: Place) -> None:
    first = open_registry_at(place)
    made = sites.add_site(first, "soq", ACTOR, "Asia/Almaty", ["https://soq.example:8443"])
    first.close()
    again = open_registry_at(place, HandClock(NOW + timedelta(days=3)))
    assert sites.load_sites(again) == {"soq": made}
    assert str(made.zone) == "Asia/Almaty"
    again.close()
