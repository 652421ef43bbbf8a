"""`sanaq forward`, and what `sanaq up` runs where there are recipients."""

from __future__ import annotations

from pathlib import Path

import pytest

from collector.forwarding.pseudonyms import key_site
from commands.up import list_roles
from config.settings import load_settings
from storage.clock import utc_now
from storage.keyring import open_keyring
from storage.registry import open_registry
from storage.registry.forwardings import Begun, Place, Terms, begin, note_fault, put_place, settle
from tests.commands.registry_commands import Installation
from tests.config.copies import copy_config
from tests.config.test_recipients import ACME, FILE, PURPOSE

SPOOL = "ab" * 16
TERMS = Terms(
    "acme",
    "recipient_acme",
    "consent to recipient_acme",
    {"events": ["deal"], "fields": ["country", "site"], "properties": ["category"], "ids": "own"},
)


@pytest.fixture
def installation(home: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation with one recipient."""
    config = copy_config(home / "config")
    (config / "recipients").mkdir()
    (config / FILE).write_text(ACME)
    (config / "policy.toml").write_text((config / "policy.toml").read_text() + PURPOSE)
    made = Installation(home, monkeypatch)
    made.set(SANAQ_CONFIG=str(config))
    return made


def test_the_forwarder_runs_only_where_there_is_a_recipient(
    home: Path, monkeypatch: pytest.MonkeyPatch, installation: Installation
) -> None:
    assert list_roles(load_settings())[:2] == ["collector", "forwarder"]
    (home / "config" / FILE).unlink()
    assert "forwarder" not in list_roles(load_settings())
    assert "no recipients" in installation.output("forward", "status")
    assert installation.run("forwarder").exit_code == 0


def test_a_recipient_that_was_not_started_is_shown(installation: Installation) -> None:
    (row,) = installation.rows("forward", "status")
    assert (row["recipient"], row["purpose"], row["spool"]) == ("acme", "recipient_acme", None)
    assert "Nothing was forwarded" in installation.output("forward", "register")


def test_status_and_register_tell_what_became_of_events(installation: Installation) -> None:
    registry = open_registry(load_settings(), utc_now)
    put_place(registry, "acme", SPOOL, Place(1, -1))
    begin(registry, SPOOL, TERMS, Place(1, 5), [Begun("soq", 5, b"x")])
    settle(registry, SPOOL, TERMS, Place(2, -1), {"soq": 3}, {"delivered": 3, "too_old": 2})
    settle(registry, SPOOL, TERMS, Place(4, -1), {}, {"lost": 2, "rejected": 1})
    note_fault(registry, "acme", SPOOL, "busy")
    registry.close()
    (row,) = installation.rows("forward", "status")
    told = (row["delivered"], row["rejected"], row["given_up"], row["batches_lost"], row["fault"])
    assert told == (3, 1, 2, 2, "busy") and row["why"] == "lost=2 too_old=2"
    assert row["lag_seconds"] is None, "the spool is another host's"
    (line,) = installation.rows("forward", "register")
    assert (line["begun"], line["delivered"], line["ids"]) == (5, 3, "own")
    assert line["fields"] == "country site category" and line["purpose"] == "recipient_acme"
    assert "acme" in installation.output("forward", "register", "--recipient", "acme")
    assert installation.rows("forward", "register", "--recipient", "x") == []


def test_a_recipients_key_is_rotated_and_destroyed_like_others(installation: Installation) -> None:
    settings = load_settings()
    keyring = open_keyring(settings)
    keyring.key(key_site("acme"), "forward", utc_now())
    keyring.close()
    named = ("--site", key_site("acme"), "--class", "forward")
    assert "A new epoch begins" in installation.output("keys", "rotate", *named, "--yes")
    assert "is destroyed" in installation.output("keys", "destroy", *named, "--yes")
    (gone,) = installation.rows("keys", "list", "--destroyed")
    assert (gone["site"], gone["class"]) == ("to:acme", "forward")
    actions = [one["action"] for one in installation.rows("audit", "show")]
    assert "keys.rotate" in actions and "keys.destroy" in actions
