"""Rotation: a new epoch before its time, for everybody at once; the old one stays findable."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from storage.key_epochs import next_start
from storage.keyring import RECHECK_SECONDS, Keyring
from storage.keyring_file import KeyName
from tests.storage.keyring_worlds import MASTER, NOW, HandClock

START = next_start(NOW, on_monday=False)
DAY = timedelta(days=1)


def open_keyring(folder: Path, clock: HandClock) -> Keyring:
    return Keyring.open(folder / "keyring.sqlite", MASTER, clock)


def retain(purpose: str) -> int:
    return {"analytics": 730, "advertising": 90}[purpose]


def test_events_from_the_start_on_have_another_key_and_earlier_ones_their_own(home: Path) -> None:
    keyring = open_keyring(home, HandClock())
    old = {c: keyring.key("soq", c, NOW) for c in ("person", "device", "advertising")}
    for key_class in old:
        keyring.rotate("soq", key_class, START)  # type: ignore[arg-type]
    last = START - timedelta(milliseconds=1)
    assert {c: keyring.key("soq", c, last) for c in old} == old  # type: ignore[arg-type]
    new = {c: keyring.key("soq", c, START) for c in old}  # type: ignore[arg-type]
    assert not set(new.values()) & set(old.values())
    assert keyring.live_keys("soq", "person") == {"0": old["person"], "2026-11-23": new["person"]}
    keyring.close()
    again = open_keyring(home, HandClock())
    assert {c: again.key("soq", c, START) for c in old} == new  # type: ignore[arg-type]
    again.close()


def test_no_other_site_or_class_changes(home: Path) -> None:
    keyring = open_keyring(home, HandClock())
    keyring.rotate("soq", "device", START)
    assert keyring.key("zan", "device", NOW) == keyring.key("zan", "device", START)
    assert keyring.key("soq", "person", NOW) == keyring.key("soq", "person", START)
    keyring.close()


def test_another_process_follows_before_the_start(home: Path) -> None:
    """One that read the rotations just before still knows in time: they begin later than that."""
    clock = HandClock()
    keyring, other = open_keyring(home, clock), open_keyring(home, clock)
    old = other.key("soq", "device", NOW)
    keyring.rotate("soq", "device", START)
    clock.now += timedelta(seconds=RECHECK_SECONDS)
    assert clock.now < START
    assert other.key("soq", "device", START) == keyring.key("soq", "device", START) != old
    keyring.close()
    other.close()


def test_a_rotated_key_dies_after_its_rows(home: Path) -> None:
    """A person's key, which nothing schedules, ends with its rotation, retention and 30 days."""
    clock = HandClock()
    keyring = open_keyring(home, clock)
    keyring.key("soq", "person", NOW)
    keyring.rotate("soq", "person", START)
    name = KeyName("soq", "person", "0")
    assert keyring.end(name) == START
    due = START + 760 * DAY
    assert keyring.sweep(due - timedelta(seconds=1), retain) == []
    assert keyring.sweep(due, retain) == [name]
    assert keyring.destroyed() == [(name, due)]
    keyring.close()


def test_a_rotation_begins_one_epoch_however_often_it_is_asked_for(home: Path) -> None:
    keyring = open_keyring(home, HandClock())
    keyring.rotate("soq", "device", START)
    first = keyring.key("soq", "device", START)
    keyring.rotate("soq", "device", START)
    assert keyring.key("soq", "device", datetime(2026, 11, 29, tzinfo=UTC)) == first
    assert keyring.end(KeyName("soq", "device", "2025-11")) == START
    keyring.close()
