"""Keys of several hosts: the same everywhere, sealed in the registry, gone everywhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from config.errors import ConfigError
from storage.errors import Unavailable
from storage.key_epochs import KEY_CLASSES, KeyClass, next_start
from storage.keyring import KeyDestroyed, Keyring
from storage.keyring_file import KeyName
from storage.registry import Registry, engine, shared_keys
from storage.shared_keyring import SharedKeyringFile
from tests.storage.keyring_worlds import MASTER, NOW, HandClock
from tests.storage.registry_worlds import FilePlace, Place, ServerPlace, open_registry_at

DAY = timedelta(days=1)
OpenHost = Callable[[str], Keyring]


def retain(purpose: str) -> int:
    return {"analytics": 730, "advertising": 90}[purpose]


@pytest.fixture
def clock() -> HandClock:
    """The clock of all hosts."""
    return HandClock()


@pytest.fixture
def host(place: Place, tmp_path: Path, clock: HandClock) -> Iterator[OpenHost]:
    """Open the keyring of a host by its name; all of them share one registry."""
    opened: list[Keyring | Registry] = []

    def open_host(name: str, master: bytes = MASTER) -> Keyring:
        (tmp_path / name).mkdir(exist_ok=True)
        registry = open_registry_at(place, clock)
        opened.append(registry)
        file = SharedKeyringFile.open_shared(tmp_path / name / "keys.sqlite", master, registry)
        keyring = Keyring(file, master, clock)
        opened.append(keyring)
        return keyring

    yield open_host
    for one in reversed(opened):
        one.close()


def is_in_tables(needle: bytes, place: Place) -> bool:
    """Tell whether bytes stand in the database's tables, all of them written to the disk."""
    if not isinstance(place, ServerPlace):
        return needle in place.read_bytes()
    place.server.execute("CHECKPOINT")
    tables = place.server.folder.glob("data/base/**/*")
    return any(needle in path.read_bytes() for path in tables if path.is_file())


def drive_out(place: Place) -> None:
    """Have the tables written to the disk: a server keeps those outside its log in memory."""
    with closing(open_registry_at(place)) as registry:
        shared_keys.drive_out(registry)


def test_hosts_that_ask_at_once_get_the_same_keys(host: OpenHost) -> None:
    hosts = [host(name) for name in ("a", "b", "c")]
    names: list[tuple[str, KeyClass]] = [(f"s{n}", c) for n in range(4) for c in KEY_CLASSES]

    def ask(keyring: Keyring) -> list[bytes]:
        return [keyring.key(site, key_class, NOW) for site, key_class in names]

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(ask, hosts))
    assert answers == [answers[0]] * 3
    assert len(set(answers[0])) == len(names)


def test_a_host_that_knows_a_key_needs_no_registry(host: OpenHost, tmp_path: Path) -> None:
    keys = [host("a").key("soq", key_class, NOW) for key_class in KEY_CLASSES]
    alone = Keyring.open(tmp_path / "a" / "keys.sqlite", MASTER, HandClock())
    assert [alone.key("soq", key_class, NOW) for key_class in KEY_CLASSES] == keys
    alone.close()


def test_keys_that_a_host_made_alone_become_everybodys(host: OpenHost, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    alone = Keyring.open(tmp_path / "a" / "keys.sqlite", MASTER, HandClock())
    key = alone.key("soq", "device", NOW)
    alone.close()
    host("a")
    assert host("b").key("soq", "device", NOW) == key


def test_hosts_with_different_keys_or_master_keys_do_not_start(
    host: OpenHost, tmp_path: Path
) -> None:
    host("a").key("soq", "device", NOW)
    (tmp_path / "b").mkdir()
    other = Keyring.open(tmp_path / "b" / "keys.sqlite", MASTER, HandClock())
    other.key("soq", "device", NOW)
    other.close()
    with pytest.raises(ConfigError, match="holds other keys than the registry"):
        host("b")
    with pytest.raises(ConfigError, match="under another master key"):
        host("c", bytes(32))  # type: ignore[call-arg]


def test_no_key_is_in_the_registry_in_the_clear(host: OpenHost, place: Place) -> None:
    keyring = host("a")
    keys = [keyring.key("soq", key_class, NOW) for key_class in KEY_CLASSES]
    drive_out(place)
    written = place.read_bytes()
    for key in [*keys, MASTER]:
        assert key not in written and key.hex().encode() not in written
    assert all(one.sealed in written for one in keyring.names())


def test_a_salt_is_gone_everywhere_after_48_hours(
    host: OpenHost, place: Place, clock: HandClock
) -> None:
    """On PostgreSQL its seal is in no byte of tables or log, and never was in the log."""
    keyring, other = host("a"), host("b")
    salt = keyring.key("soq", "visit", NOW)
    assert other.key("soq", "visit", NOW) == salt
    (seal,) = (one.sealed for one in keyring.names())
    drive_out(place)
    assert seal in place.read_bytes()
    if isinstance(place, ServerPlace):
        logs = place.server.folder.glob("data/pg_wal/*")
        assert not any(seal in path.read_bytes() for path in logs if path.is_file())
    clock.now = NOW + timedelta(hours=48)
    for one in (keyring, other):
        with pytest.raises(KeyDestroyed):
            one.key("soq", "visit", NOW)
    keyring.follow()
    if isinstance(place, ServerPlace):
        assert seal not in place.read_bytes()
    fresh = host("c")
    with pytest.raises(KeyDestroyed):
        fresh.key("soq", "visit", NOW)


def test_a_destroyed_key_is_gone_on_every_host_and_for_those_to_come(
    host: OpenHost, place: Place, clock: HandClock
) -> None:
    keyring, other = host("a"), host("b")
    key = keyring.key("soq", "advertising", NOW)
    assert other.key("soq", "advertising", NOW) == key
    (stored,) = keyring.names()
    assert is_in_tables(stored.sealed, place)
    assert keyring.destroy([stored.name], NOW) == [stored.name]
    clock.now += timedelta(minutes=1)
    other.follow()
    assert other.names() == []
    for one in (keyring, other, host("c")):
        with pytest.raises(KeyDestroyed):
            one.key("soq", "advertising", NOW)
    seen: list[KeyName] = []
    assert other.take_unrecorded(seen.extend) == 0
    assert keyring.take_unrecorded(seen.extend) == 1
    assert isinstance(place, FilePlace) or not is_in_tables(stored.sealed, place)


def test_bytes_owed_to_oblivion_are_driven_out_by_the_next_process(
    host: OpenHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies between taking a key out and writing the tables anew leaves a note."""
    keyring = host("a")
    keyring.key("soq", "device", NOW)
    driven: list[str] = []

    def die(registry: object) -> None:
        raise Unavailable("registry")

    monkeypatch.setattr(shared_keys, "drive_out", die)
    with pytest.raises(Unavailable):
        keyring.destroy([keyring.names()[0].name], NOW)
    monkeypatch.setattr(shared_keys, "drive_out", lambda registry: driven.append("out"))
    again = host("a")
    assert driven == ["out"] and again.names() == []
    again.follow()
    assert driven == ["out"]


def test_a_key_outlives_the_rows_of_every_host(host: OpenHost, clock: HandClock) -> None:
    """One host imports late under an old epoch's key; the other one's sweep spares it."""
    keyring, other = host("a"), host("b")
    key = keyring.key("soq", "advertising", NOW)
    clock.now = NOW + 150 * DAY
    assert other.key("soq", "advertising", NOW) == key
    keyring.follow()
    assert keyring.sweep(NOW + 170 * DAY, retain) == []
    assert len(keyring.sweep(NOW + 270 * DAY, retain)) == 1


def test_a_rotation_holds_on_every_host(host: OpenHost, clock: HandClock) -> None:
    keyring, other = host("a"), host("b")
    start = next_start(NOW, on_monday=False)
    old = other.key("soq", "person", NOW)
    keyring.rotate("soq", "person", start)
    other.follow()
    clock.now += timedelta(minutes=1)
    assert keyring.key("soq", "person", start) == other.key("soq", "person", start) != old
    assert host("c").key("soq", "person", NOW) == old


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_while_the_registry_is_away_salts_are_the_hosts_own_and_other_keys_wait(
    host: OpenHost, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LOCK_SECONDS_MAX", 0.05)
    keyring, other = host("a"), host("b")
    known = keyring.key("soq", "device", NOW)
    assert isinstance(place, FilePlace)
    with closing(sqlite3.connect(place.folder / "registry.sqlite")) as lock:
        lock.execute("BEGIN EXCLUSIVE")
        salt = keyring.key("soq", "visit", NOW)
        assert keyring.key("soq", "device", NOW) == known
        with pytest.raises(Unavailable):
            keyring.key("zan", "device", NOW)
        with pytest.raises(Unavailable):
            keyring.destroy([KeyName("soq", "device", "2025-11")], NOW)
        lock.rollback()
    assert len({one.name.key_class for one in keyring.names()}) == 2
    assert other.key("soq", "visit", NOW) != salt
    again = host("a")
    assert again.key("soq", "visit", NOW) == salt
    assert again.key("soq", "device", NOW) == known
