"""The keyring: one key for all who ask, sealed on the disk, and gone when destroyed."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from config.errors import ConfigError
from storage.keyring import KeyDestroyed, Keyring
from storage.keyring_file import KeyName
from tests.helpers import ROOT
from tests.storage.keyring_worlds import MASTER, NOW, HandClock, find_bytes

DAY = timedelta(days=1)


def open_keyring(folder: Path, clock: HandClock | None = None) -> Keyring:
    return Keyring.open(folder / "keyring.sqlite", MASTER, clock or HandClock())


def retain(purpose: str) -> int:
    return {"analytics": 395, "advertising": 90}[purpose]


def test_keys_are_stable_and_independent(home: Path) -> None:
    """The same name gives the same key, after a restart too; any other name another one."""
    keyring = open_keyring(home)
    names = [("soq", "person"), ("soq", "device"), ("soq", "consent"), ("zan", "person")]
    made = [keyring.key(site, key_class, NOW) for site, key_class in names]  # type: ignore[arg-type]
    made.append(keyring.key("soq", "device", NOW - 500 * DAY))
    assert len(set(made)) == len(made)
    assert {len(key) for key in made} == {32}
    keyring.close()
    again = open_keyring(home)
    assert again.key("soq", "person", NOW) == made[0]
    assert again.key("soq", "device", NOW - 500 * DAY) == made[-1]
    again.close()


def test_no_key_is_in_the_file_in_the_clear(home: Path) -> None:
    """Every byte of file and log is searched, raw, hex and base64; a planted key is found."""
    keyring = open_keyring(home)
    keys = [keyring.key("soq", "session", NOW - n * DAY) for n in range(5)]
    keys += [keyring.key("soq", "person", NOW), keyring.signing_key().private_bytes_raw()]
    assert [find_bytes(home, key) for key in [*keys, MASTER]] == [[]] * 8
    (home / "planted").write_bytes(b"x" + keys[0])
    assert find_bytes(home, keys[0]) == ["planted"]
    keyring.close()


def test_destroyed_keys_leave_no_byte(home: Path) -> None:
    """After a sweep no seal of a destroyed key is in the file or its log, of 600 keys."""
    clock = HandClock()
    keyring = open_keyring(home, clock)
    for site in range(300):
        keyring.key(f"site-{site}", "visit", NOW)
        keyring.key(f"site-{site}", "person", NOW)
    seals = {stored.name: stored.sealed for stored in keyring.names()}
    doomed = [seal for name, seal in seals.items() if name.key_class == "visit"]
    assert find_bytes(home, doomed[0])
    gone = keyring.sweep(NOW + 48 * timedelta(hours=1), retain)
    assert len(gone) == 300
    written = b"".join(path.read_bytes() for path in sorted(home.iterdir()))
    assert [seal for seal in doomed if seal in written] == []
    # Half a seal left behind would be a find too.
    assert [seal for seal in doomed if seal[:20] in written or seal[-20:] in written] == []
    kept = [seal for name, seal in seals.items() if name.key_class == "person"]
    assert all(seal in written for seal in kept)
    keyring.close()


def test_a_destroyed_key_never_comes_back(home: Path) -> None:
    clock = HandClock()
    keyring = open_keyring(home, clock)
    keyring.key("soq", "advertising", NOW)
    name = KeyName("soq", "advertising", "2026-10")
    assert keyring.destroy([name], NOW) == [name]
    with pytest.raises(KeyDestroyed):
        keyring.key("soq", "advertising", NOW)
    keyring.close()
    again = open_keyring(home, clock)
    with pytest.raises(KeyDestroyed):
        again.key("soq", "advertising", NOW)
    again.close()


def test_a_visit_salt_serves_no_longer_than_48_hours(home: Path) -> None:
    """Not even where no sweep ran, nor from another process's memory."""
    clock = HandClock()
    keyring, other = open_keyring(home, clock), open_keyring(home, clock)
    zone = ZoneInfo("Asia/Almaty")
    salt = keyring.key("soq", "visit", NOW, zone)
    assert other.key("soq", "visit", NOW, zone) == salt
    clock.now = NOW + timedelta(hours=47, minutes=59, seconds=59)
    assert keyring.key("soq", "visit", NOW, zone) == salt == other.key("soq", "visit", NOW, zone)
    clock.now = NOW + timedelta(hours=48)
    for each in (keyring, other):
        with pytest.raises(KeyDestroyed):
            each.key("soq", "visit", NOW, zone)
    assert keyring.names() == []
    keyring.close()
    other.close()


def test_sweep_destroys_what_is_due_and_nothing_else(home: Path) -> None:
    clock = HandClock(datetime(2026, 10, 1, tzinfo=UTC))
    keyring = open_keyring(home, clock)
    for key_class in ("person", "device", "advertising", "session", "consent", "event"):
        keyring.key("soq", key_class, clock.now)
    assert keyring.sweep(datetime(2026, 10, 9, 23, tzinfo=UTC), retain) == []
    first = keyring.sweep(datetime(2026, 10, 10, tzinfo=UTC), retain)
    assert [name.key_class for name in first] == ["session"]
    end = datetime(2027, 1, 1, tzinfo=UTC) + 120 * DAY
    assert keyring.sweep(end - DAY, retain) == []
    assert [name.key_class for name in keyring.sweep(end, retain)] == ["advertising"]
    keyring.close()


def test_late_use_of_an_old_epoch_keeps_its_key_for_the_rows(home: Path) -> None:
    clock = HandClock(datetime(2026, 10, 1, tzinfo=UTC))
    keyring = open_keyring(home, clock)
    then = clock.now
    keyring.key("soq", "advertising", then)
    clock.now = datetime(2027, 4, 20, tzinfo=UTC)
    keyring.key("soq", "advertising", then)
    assert keyring.sweep(datetime(2027, 5, 2, tzinfo=UTC), retain) == []
    assert len(keyring.sweep(clock.now + 120 * DAY, retain)) == 1
    keyring.close()


def test_destroyed_elsewhere_is_forgotten_within_a_minute(home: Path) -> None:
    clock = HandClock()
    keyring, other = open_keyring(home, clock), open_keyring(home, clock)
    keyring.key("soq", "device", NOW)
    other.destroy([keyring.names()[0].name], NOW)
    clock.now += timedelta(seconds=60)
    with pytest.raises(KeyDestroyed):
        keyring.key("soq", "device", NOW)
    keyring.close()
    other.close()


def test_destructions_are_recorded_at_least_once(home: Path) -> None:
    """A record that fails leaves the names for the next time; a good one takes them."""
    keyring = open_keyring(home)
    keyring.key("soq", "session", NOW)
    gone = keyring.sweep(NOW + 20 * DAY, retain)

    def fail(names: list[KeyName]) -> None:
        raise OSError

    with pytest.raises(OSError):
        keyring.take_unrecorded(fail)
    seen: list[KeyName] = []
    assert keyring.take_unrecorded(seen.extend) == 1
    assert seen == gone
    assert keyring.take_unrecorded(seen.extend) == 0
    keyring.close()


def test_live_keys_lists_every_epoch(home: Path) -> None:
    keyring = open_keyring(home)
    old = keyring.key("soq", "advertising", NOW - 100 * DAY)
    new = keyring.key("soq", "advertising", NOW)
    keyring.key("zan", "advertising", NOW)
    keyring.key("soq", "device", NOW)
    assert keyring.live_keys("soq", "advertising") == {"2026-07": old, "2026-10": new}
    keyring.close()


def test_another_master_key_is_refused(home: Path) -> None:
    open_keyring(home).close()
    with pytest.raises(ConfigError, match="did not seal this keyring"):
        Keyring.open(home / "keyring.sqlite", bytes(32), HandClock())


def test_a_seal_under_another_name_does_not_open(home: Path) -> None:
    """Whoever swaps two rows of the file gets an error, not one site's key for another's."""
    keyring = open_keyring(home)
    keyring.key("soq", "person", NOW)
    keyring.close()
    swap = "UPDATE keys SET site = 'zan'"
    with sqlite3.connect(home / "keyring.sqlite") as connection:
        connection.execute(swap)
    connection.close()
    again = open_keyring(home)
    with pytest.raises(Exception, match="does not open this seal"):
        again.key("zan", "person", NOW)
    again.close()


def test_witness_tells_when_a_counter_went_back(home: Path) -> None:
    keyring = open_keyring(home)
    assert [keyring.witness("budget", value) for value in (3, 3, 5, 4)] == [True, True, True, False]
    assert keyring.witness("audit", 1)
    assert [keyring.seen(name) for name in ("budget", "audit", "none")] == [5, 1, 0]
    keyring.close()


def test_eight_processes_that_ask_first_get_one_key(home: Path) -> None:
    """Real processes, released together, on a keyring that none of them has made yet."""
    code = """
import sys, time
from datetime import datetime, UTC
from pathlib import Path
from storage.keyring import Keyring
print("ready", flush=True)
sys.stdin.readline()
keyring = Keyring.open(Path(sys.argv[1]), bytes(range(32)))
at = datetime(2026, 11, 22, tzinfo=UTC)
for site in range(20):
    print(keyring.key(f"site-{site}", "person", at).hex())
print(keyring.signing_key().private_bytes_raw().hex())
"""
    command = [sys.executable, "-c", code, str(home / "keyring.sqlite")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    askers = [subprocess.Popen(command, **pipes) for _ in range(8)]  # type: ignore[call-overload]
    try:
        assert [asker.stdout.readline() for asker in askers] == ["ready\n"] * 8
        answers = []
        for asker in askers:
            asker.stdin.write("go\n")
            asker.stdin.flush()
        for asker in askers:
            answers.append(asker.communicate(timeout=60)[0].split())
        assert [asker.returncode for asker in askers] == [0] * 8
    finally:
        for asker in askers:
            asker.kill()
            asker.wait()
    assert answers == [answers[0]] * 8
    assert len(set(answers[0])) == 21
