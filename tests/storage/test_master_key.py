"""The master key: where it comes from, and that it never lies with what it opens."""

from __future__ import annotations

import base64
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.settings import Settings, load_settings
from storage.keyring import open_keyring
from storage.master_key import FILE_NAME, find_source, is_inside, load_master_key, own_path
from tests.helpers import ROOT

KEY = bytes(range(32))


def settings_of(home: Path, **more: str) -> Settings:
    named = {"SANAQ_HOME": str(home / "var"), "SANAQ_CONFIG": str(ROOT / "config")}
    return load_settings(named | more)


@pytest.fixture
def user(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's configuration folder that is empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "user"))
    return home / "user"


@pytest.mark.parametrize("text", [KEY.hex(), KEY.hex().upper(), base64.b64encode(KEY).decode()])
def test_key_from_the_environment_or_a_file(home: Path, text: str) -> None:
    assert load_master_key(settings_of(home, SANAQ_MASTER_KEY=text)) == KEY
    file = home / "key"
    file.write_text(f"  {text}\n")
    assert load_master_key(settings_of(home, SANAQ_MASTER_KEY_FILE=str(file))) == KEY


@pytest.mark.parametrize("text", ["short", "zz" * 32, KEY.hex()[:62], "AAAA", "кілт"])
def test_malformed_key_is_refused_without_showing_it(home: Path, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_master_key(settings_of(home, SANAQ_MASTER_KEY=text))
    assert "32 random bytes" in str(caught.value)
    assert text not in str(caught.value)


def test_missing_named_file_is_refused(home: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load_master_key(settings_of(home, SANAQ_MASTER_KEY_FILE=str(home / "none")))


def test_first_start_makes_a_key_outside_and_says_where(
    home: Path, user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of(home)
    key = load_master_key(settings)
    path = own_path(settings.home)
    assert capsys.readouterr().err.startswith(f"sanaq: MADE A MASTER KEY at {path} ")
    assert path.parent == user / "sanaq"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not is_inside(path, settings.home)
    assert load_master_key(settings) == key
    assert capsys.readouterr().err == ""
    assert list(path.parent.iterdir()) == [path]
    assert find_source(settings).kind == "made"


def test_each_installation_has_its_own_key(home: Path, user: Path) -> None:
    assert load_master_key(settings_of(home)) != load_master_key(settings_of(home / "other"))


def test_a_key_is_never_made_inside_the_installation(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A link that leads back inside does not help."""
    settings = settings_of(home)
    settings.path("keys")
    (home / "link").symlink_to(settings.home)
    for folder in (settings.home / "user", home / "link"):
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder))
        with pytest.raises(ConfigError, match="inside SANAQ_HOME"):
            load_master_key(settings)


def test_a_lost_key_is_not_replaced(home: Path, user: Path) -> None:
    """A new key beside an old keyring would hide the loss until somebody needs an old key."""
    settings = settings_of(home)
    open_keyring(settings).close()
    assert (settings.path("keys") / FILE_NAME).exists()
    own_path(settings.home).unlink()
    with pytest.raises(ConfigError, match="is missing; put it back"):
        open_keyring(settings)


def test_processes_that_start_together_share_one_key(home: Path, user: Path) -> None:
    code = """
import sys
from config.settings import load_settings
from storage.keyring import open_keyring
from datetime import datetime, UTC
print("ready", flush=True)
sys.stdin.readline()
keyring = open_keyring(load_settings())
print(keyring.key("soq", "person", datetime(2026, 11, 22, tzinfo=UTC)).hex())
"""
    environ = {"SANAQ_HOME": str(home / "var"), "XDG_CONFIG_HOME": str(user)}
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env=environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(6)
    ]
    try:
        for starter in starters:
            assert starter.stdout is not None and starter.stdout.readline() == "ready\n"
        for starter in starters:
            assert starter.stdin is not None
            starter.stdin.write("go\n")
            starter.stdin.flush()
        answers = [starter.communicate(timeout=60) for starter in starters]
    finally:
        for starter in starters:
            starter.kill()
            starter.wait()
    assert [starter.returncode for starter in starters] == [0] * 6
    assert len({out for out, _ in answers}) == 1
    assert sum("MADE A MASTER KEY" in err for _, err in answers) == 1
