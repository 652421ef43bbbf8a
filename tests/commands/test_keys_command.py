"""`sanaq keys rotate|destroy|list`: what changes, what is refused, and what is left of a key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import load_settings
from storage.key_epochs import KeyClass, next_start
from storage.keyring import KeyDestroyed, Keyring, open_keyring
from tests.commands.registry_commands import Installation
from tests.storage.keyring_worlds import find_bytes


@pytest.fixture
def installation(home: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation with one site."""
    made = Installation(home, monkeypatch)
    made.output("site", "add", "soq")
    return made


@pytest.fixture
def keyring(installation: Installation) -> Iterator[Keyring]:
    """Its keyring, open beside the commands as in a process that runs."""
    opened = open_keyring(load_settings())
    yield opened
    opened.close()


def now() -> datetime:
    return datetime.now(UTC)


def destroy(installation: Installation, key_class: str, epoch: str) -> str:
    name = ("--site", "soq", "--class", key_class, "--epoch", epoch)
    return installation.output("keys", "destroy", *name, "--yes")


def test_a_destroyed_key_is_nowhere_and_cannot_be_made_again(
    installation: Installation, keyring: Keyring
) -> None:
    """Every byte of home and configuration is searched: key and seal, raw, hex and base64."""
    key = keyring.key("soq", "device", now())
    kept = keyring.key("soq", "person", now())
    seals = {one.name.key_class: one for one in keyring.names()}
    folder = installation.home.parent
    assert find_bytes(folder, seals["device"].sealed)
    destroy(installation, "device", seals["device"].name.epoch)
    for needle in (key, seals["device"].sealed, seals["device"].sealed[12:]):
        assert find_bytes(folder, needle) == []
    assert find_bytes(folder, seals["person"].sealed)
    again = open_keyring(load_settings())
    with pytest.raises(KeyDestroyed):
        again.key("soq", "device", now())
    assert again.key("soq", "person", now()) == kept
    again.close()
    (folder / "planted").write_bytes(key)
    assert find_bytes(folder, key) == ["planted"]


def test_destroying_a_key_in_force_begins_an_epoch_at_midnight(
    installation: Installation, keyring: Keyring
) -> None:
    keyring.key("soq", "person", now())
    said = destroy(installation, "person", "0")
    start = next_start(now(), on_monday=False)
    assert start.strftime("%Y-%m-%dT00:00:00.000Z") in said
    fresh = open_keyring(load_settings())
    assert len(fresh.key("soq", "person", start)) == 32
    fresh.close()
    actions = [(one["action"], one["subject"]) for one in installation.rows("audit", "show")]
    assert actions[1:] == [
        ("keys.rotate", f"person/{start.date().isoformat()}"),
        ("keys.destroy", "person/0"),
    ]
    (gone,) = installation.rows("keys", "list", "--destroyed")
    assert (gone["site"], gone["class"], gone["epoch"]) == ("soq", "person", "0")


def test_destroying_a_key_of_an_epoch_that_is_over_begins_none(
    installation: Installation, keyring: Keyring
) -> None:
    keyring.key("soq", "advertising", now() - timedelta(days=100))
    (row,) = installation.rows("keys", "list")
    assert row["ends_at"] < row["made_at"] < row["destroyed_at"]
    assert "epoch" not in destroy(installation, "advertising", row["epoch"])
    assert installation.rows("keys", "list") == []


@pytest.mark.parametrize("begin", ["monday", "midnight"])
def test_rotate_begins_an_epoch_for_one_class_of_one_site(
    installation: Installation, keyring: Keyring, begin: str
) -> None:
    old = keyring.key("soq", "device", now())
    said = installation.output(
        "keys", "rotate", "--site", "soq", "--class", "device", "--from", begin, "--yes"
    )
    start = next_start(now(), on_monday=begin == "monday")
    assert f"{start.date().isoformat()}T00:00:00.000Z" in said
    fresh = open_keyring(load_settings())
    assert fresh.key("soq", "device", start) != old == fresh.key("soq", "device", now())
    fresh.close()
    (live, _) = installation.rows("keys", "list")
    assert live["ends_at"] == start.strftime("%Y-%m-%dT00:00:00.000Z")
    assert installation.rows("audit", "show")[-1]["action"] == "keys.rotate"


def test_what_is_refused_changes_nothing(installation: Installation, keyring: Keyring) -> None:
    """Unknown sites, no confirmation, classes that a site needs while it takes events."""
    classes: tuple[KeyClass, ...] = ("device", "event", "consent")
    for key_class in classes:
        keyring.key("soq", key_class, now())
    keyring.signing_key()
    installation.output("key", "create", "--site", "soq", "--kind", "browser")
    before = (keyring.names(), len(installation.rows("audit", "show")))
    for arguments in (
        ("rotate", "--site", "zan", "--class", "device", "--yes"),
        ("rotate", "--site", "soq", "--class", "device"),
        ("destroy", "--site", "soq", "--class", "event", "--yes"),
        ("destroy", "--site", "soq", "--class", "consent", "--yes"),
        ("destroy", "--site", "soq", "--class", "device", "--epoch", "2001-01", "--yes"),
        ("destroy", "--site", "", "--class", "signing", "--yes"),
    ):
        assert installation.run("keys", *arguments).exit_code == 1
    rotated = installation.run("keys", "rotate", "--site", "soq", "--class", "visit", "--yes")
    assert rotated.exit_code == 2
    assert (keyring.names(), len(installation.rows("audit", "show"))) == before


def test_a_site_without_write_keys_may_lose_every_key(
    installation: Installation, keyring: Keyring
) -> None:
    key = keyring.key("soq", "event", now())
    installation.output("key", "create", "--site", "soq", "--kind", "server")
    (write_key,) = installation.rows("key", "list")
    installation.output("key", "revoke", write_key["id"])
    destroy(installation, "event", "0")
    assert find_bytes(installation.home.parent, key) == []
    assert installation.rows("keys", "list") == []
