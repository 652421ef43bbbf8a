"""`sanaq user|site|key|keys|audit`: what they print, keep and refuse."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.settings import load_settings
from storage.keyring import open_keyring
from storage.registry import Registry, keys, open_registry, sessions, users
from tests.commands.registry_commands import Installation
from tests.helpers import ROOT

PASSWORD = "correct horse battery"


@pytest.fixture
def installation(home: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An empty installation."""
    return Installation(home, monkeypatch)


def opened() -> Registry:
    return open_registry(load_settings())


def test_user_add_prints_a_link_that_opens_an_account(installation: Installation) -> None:
    installation.set(SANAQ_DASHBOARDS="127.0.0.1:9999")
    printed = installation.output("user", "add", "--role", "officer", "a@soq.example").strip()
    prefix = "http://127.0.0.1:9999/welcome/"
    assert printed.startswith(prefix)
    registry = opened()
    assert users.set_password(registry, printed.removeprefix(prefix), PASSWORD).role == "officer"
    token = sessions.sign_in(registry, "a@soq.example", PASSWORD)
    renewed = installation.output("user", "link", "a@soq.example").strip()
    assert users.find_link(registry, renewed.removeprefix(prefix)) is not None
    installation.output("user", "disable", "a@soq.example")
    assert sessions.find_session(registry, token) is None
    [row] = installation.rows("user", "list")
    assert row["disabled_at"] is not None
    registry.close()


def test_key_create_prints_a_key_once(installation: Installation) -> None:
    key = installation.rows("key", "create", "--site", "soq", "--kind", "server")["key"]
    plain = installation.output("key", "create", "--site", "soq", "--kind", "browser").strip()
    assert (key[:5], plain[:5]) == ("sk_s_", "sk_b_")
    registry = opened()
    found = keys.load_keys(registry)
    assert {found[keys.digest_key(k)].kind for k in (key, plain)} == {"browser", "server"}
    registry.close()
    listed = installation.output("key", "list") + installation.output("site", "list")
    assert key not in listed and "soq" in listed


def test_key_revoke_and_expiry(installation: Installation) -> None:
    made = ("key", "create", "--site", "soq", "--kind", "server", "--days", "3")
    key = installation.rows(*made)["key"]
    [row] = installation.rows("key", "list")
    expires_at = datetime.fromisoformat(row["expires_at"])
    assert timedelta(days=2.9) < expires_at - datetime.now(UTC) < timedelta(days=3)
    installation.output("key", "revoke", row["id"])
    registry = opened()
    assert keys.find_key(registry, keys.digest_key(key)) is None
    registry.close()
    refused = installation.run("key", "revoke", row["id"])
    assert (refused.exit_code, refused.stderr) == (1, "Error: no live key has this id\n")


def test_site_add_keeps_zone_and_origins(installation: Installation) -> None:
    origins = ("--origins", "https://a.kz,https://b.kz", "--origins", "https://c.kz")
    installation.output("site", "add", "soq", "--timezone", "Asia/Almaty", *origins)
    [row] = installation.rows("site", "list")
    assert row["origins"] == "https://a.kz,https://b.kz,https://c.kz"
    assert row["timezone"] == "Asia/Almaty"
    assert installation.run("site", "add", "soq").exit_code == 1
    assert installation.run("site", "add", "Soq!").exit_code == 1
    assert installation.run("site", "add", "x", "--timezone", "Nowhere").exit_code == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["user", "add", "a@b.kz"],
        ["user", "add", "--role", "root", "a@b.kz"],
        ["key", "create", "--site", "soq", "--kind", "pigeon"],
        ["audit", "verify", "--expect", "12"],
    ],
)
def test_wrong_usage_exits_with_2(installation: Installation, arguments: list[str]) -> None:
    assert installation.run(*arguments).exit_code == 2


def test_every_change_is_on_the_log_and_the_log_verifies(installation: Installation) -> None:
    installation.output("user", "add", "--role", "operator", "a@soq.example")
    installation.output("site", "add", "soq")
    installation.output("key", "create", "--site", "soq", "--kind", "browser")
    actions = [entry["action"] for entry in installation.rows("audit", "show")]
    assert actions == ["user.add", "site.add", "key.create"]
    verdict = installation.rows("audit", "verify")
    assert (verdict["entries"], verdict["broken_at"]) == (3, None)
    installation.output("site", "add", "zan")
    assert "whole" in installation.output("audit", "verify", "--expect", verdict["head"])
    assert "site.add" in installation.output("audit", "show", "--last", "1")


def test_a_broken_log_exits_with_1(installation: Installation) -> None:
    installation.output("site", "add", "soq")
    with sqlite3.connect(installation.home / "registry" / "registry.sqlite") as connection:
        connection.execute("UPDATE audit SET subject = 'zan'")
    connection.close()
    result = installation.run("audit", "verify")
    assert result.exit_code == 1
    assert result.stderr == "BROKEN at entry 1: the entry was changed\n"
    other = installation.run("audit", "verify", "--expect", "1:" + "0" * 64)
    assert other.exit_code == 1


def test_keys_are_listed_destroyed_and_recorded(installation: Installation) -> None:
    assert installation.rows("keys", "list") == []
    keyring = open_keyring(load_settings())
    made = keyring.key("soq", "device", datetime(2026, 11, 22, tzinfo=UTC))
    keyring.key("soq", "session", datetime(2020, 1, 1, tzinfo=UTC))
    rows = installation.rows("keys", "list")
    assert [(row["site"], row["class"]) for row in rows] == [("soq", "device"), ("soq", "session")]
    assert made.hex() not in installation.output("keys", "list", "--json")
    name = ("--site", "soq", "--class", "device", "--epoch", rows[0]["epoch"])
    assert installation.run("keys", "destroy", *name).exit_code == 1
    installation.output("keys", "destroy", *name, "--yes")
    assert installation.run("keys", "destroy", *name, "--yes").exit_code == 1
    assert installation.output("keys", "sweep").startswith("Destroyed 0 keys")
    entry = installation.rows("audit", "show")[-1]
    assert (entry["action"], entry["subject"]) == ("keys.destroy", f"device/{rows[0]['epoch']}")
    keyring.close()


def test_the_real_program_says_no_in_one_sentence(installation: Installation) -> None:
    """Exit 1 for what is refused, 2 for configuration, and no traceback for either."""

    def run(*arguments: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return done.returncode, done.stderr

    installation.output("site", "add", "soq")
    assert run("site", "add", "soq") == (1, "Error: a site of this name is there already\n")
    installation.set(SANAQ_MASTER_KEY="short")
    code, said = run("keys", "list")
    assert code == 2
    assert said.startswith("sanaq: SANAQ_MASTER_KEY: a master key is 32 random bytes")
    assert said.count("\n") == 1


def test_site_set_lists_other_origins(installation: Installation) -> None:
    installation.output("site", "add", "soq", "--origins", "https://a.example")
    told = installation.output(
        "site", "set", "soq", "--origins", "https://b.example,https://c.example"
    )
    assert told == "The site soq lists https://b.example, https://c.example.\n"
    [row] = installation.rows("site", "list")
    assert row["origins"] == "https://b.example,https://c.example"
    assert "no origin" in installation.output("site", "set", "soq", "--origins", "")
    assert "site.set" in installation.output("audit", "show")
    for wrong in (("other", "--origins", ""), ("soq", "--origins", "b.example"), ("soq",)):
        assert installation.run("site", "set", *wrong).exit_code != 0
