"""`sanaq ledger` reads the spool of an installation beside its writer."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from commands.ledger import ledger
from storage.spool_file import FILE_NAME
from storage.spool_protocol import Commit, Count
from tests.storage.spooling import make_commit, make_part, open_spool


@pytest.fixture
def filled(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home whose spool has taken 9 events of two sites, and one request."""
    monkeypatch.setenv("SANAQ_HOME", str(home))
    (home / "spool").mkdir()
    spool = open_spool(home / "spool")
    counts = [
        Count("soq", "rejected", "too_late", 2),
        Count("soq", "refused", "consent_refused", 1),
        Count("soq", "undecodable", "not_json", 4),
        Count("soq", "property_refused", "health", 2),
        Count("soq", "signal_unreadable", "unreadable_tcf", 3),
    ]
    spool.commit([Commit([make_part([1, 2, 2])], counts), make_commit(3, 4, 5, site="zhar")])
    (batch, *_) = spool.queue.claim(1, ())
    spool.queue.mark_loaded([batch.seq], 0)
    spool.close()
    return home


def test_json_has_the_keys_that_outsiders_rely_on(filled: Path) -> None:
    result = CliRunner().invoke(ledger, ["--json"])
    assert result.exit_code == 0
    found = msgspec.json.decode(result.stdout)
    assert found == {
        "received": 9,
        "stored": 2,
        "duplicate": 1,
        "rejected": 2,
        "refused": 1,
        "spooled": 3,
        "undecodable": 4,
        "property_refused": 2,
        "signal_unreadable": 3,
        "erased": 0,
        "expired": 0,
        "reasons": {
            "consent_refused": 1,
            "health": 2,
            "not_json": 4,
            "too_late": 2,
            "unreadable_tcf": 3,
        },
    }


def test_one_site_is_told_apart(filled: Path) -> None:
    result = CliRunner().invoke(ledger, ["--json", "--site", "zhar"])
    found = msgspec.json.decode(result.stdout)
    assert (found["received"], found["duplicate"], found["spooled"]) == (3, 0, 3)


def test_text_shows_every_figure(filled: Path) -> None:
    lines = CliRunner().invoke(ledger, []).stdout.splitlines()
    assert lines[0].split()[:2] == ["received", "9"]
    assert any("consent_refused" in line for line in lines)


def test_an_event_that_is_unaccounted_for_is_told(filled: Path) -> None:
    with sqlite3.connect(filled / "spool" / FILE_NAME) as connection:
        sql = "UPDATE counters SET n = n + 1 WHERE outcome = 'received' AND site = 'soq'"
        connection.execute(sql)
    connection.close()
    result = CliRunner().invoke(ledger, [])
    assert result.exit_code == 1
    assert "1 events are unaccounted for" in result.stderr


def test_no_spool_yet_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SANAQ_HOME", str(home))
    result = CliRunner().invoke(ledger, [])
    assert result.exit_code == 1
    assert "no spool yet" in result.stderr
