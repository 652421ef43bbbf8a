"""`sanaq doctor`: what it finds, and that it leaves everything as it was."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from config.settings import load_settings
from storage.keyring import open_keyring
from storage.master_key import own_path
from storage.registry import budget, open_registry
from tests.commands.registry_commands import Installation
from tests.helpers import free_port


@pytest.fixture
def installation(home: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An installation that has started once, with roles on ports where nobody listens."""
    made = Installation(home, monkeypatch)
    for role in ("COLLECTOR", "DASHBOARDS", "EMBEDDED"):
        made.set(**{f"SANAQ_{role}": f"127.0.0.1:{free_port()}"})
    settings = load_settings()
    open_registry(settings).close()
    open_keyring(settings).close()
    return made


def grades(installation: Installation) -> tuple[int, dict[str, str]]:
    """Give exit code and sentence -> grade."""
    result = installation.run("doctor")
    assert result.exception is None or isinstance(result.exception, SystemExit)
    lines = result.stdout.splitlines()
    return result.exit_code, {line[6:]: line[:4].strip() for line in lines}


def grade_of(found: dict[str, str], words: str) -> str:
    [grade] = [grade for sentence, grade in found.items() if words in sentence]
    return grade


def test_a_sound_installation_passes(installation: Installation) -> None:
    code, found = grades(installation)
    assert code == 0
    assert "FAIL" not in found.values()
    assert grade_of(found, "outside SANAQ_HOME") == "ok"
    assert grade_of(found, "closed to others") == "ok"
    assert grade_of(found, "served as /sanaq.js and as /sanaq.") == "ok"
    assert [g for s, g in found.items() if "does not answer" in s] == ["WARN"] * 3


def test_before_the_first_start_nothing_is_made(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = Installation(home, monkeypatch)
    for role in ("COLLECTOR", "DASHBOARDS", "EMBEDDED"):
        fresh.set(**{f"SANAQ_{role}": f"127.0.0.1:{free_port()}"})
    code, _ = grades(fresh)
    assert code == 0
    assert list(home.iterdir()) == []


def test_a_master_key_inside_fails(installation: Installation) -> None:
    """By its place or through a link."""
    outside = own_path(installation.home)
    inside = installation.home / "master.key"
    inside.write_bytes(outside.read_bytes())
    installation.set(SANAQ_MASTER_KEY_FILE=inside)
    code, found = grades(installation)
    assert (code, grade_of(found, "lies inside")) == (1, "FAIL")
    link = installation.user / "link.key"
    link.symlink_to(inside)
    installation.set(SANAQ_MASTER_KEY_FILE=link)
    assert grade_of(grades(installation)[1], "lies inside") == "FAIL"


def test_a_lost_or_readable_master_key_is_told(installation: Installation) -> None:
    path = own_path(installation.home)
    path.chmod(0o644)
    assert grade_of(grades(installation)[1], "chmod 600") == "WARN"
    path.unlink()
    code, found = grades(installation)
    assert (code, grade_of(found, "put it back")) == (1, "FAIL")
    assert not path.exists()


def test_another_master_key_is_told(installation: Installation) -> None:
    installation.set(SANAQ_MASTER_KEY="ab" * 32)
    code, found = grades(installation)
    assert (code, grade_of(found, "keyring does not open")) == (1, "FAIL")


def test_an_open_folder_fails(installation: Installation) -> None:
    (installation.home / "registry").chmod(0o755)
    code, found = grades(installation)
    assert (code, grade_of(found, "Others may enter")) == (1, "FAIL")


def test_a_broken_audit_log_and_a_clock_gone_back_fail(installation: Installation) -> None:
    installation.output("site", "add", "soq")
    with sqlite3.connect(installation.home / "registry" / "registry.sqlite") as connection:
        connection.execute("UPDATE audit SET at = '2099-01-01T00:00:00.000Z'")
    connection.close()
    code, found = grades(installation)
    assert code == 1
    assert grade_of(found, "broken at entry 1") == "FAIL"
    assert grade_of(found, "clock is behind") == "FAIL"


def test_a_key_that_outlived_its_time_is_told(installation: Installation) -> None:
    keyring = open_keyring(load_settings(), lambda: datetime(2020, 1, 1, tzinfo=UTC))
    keyring.key("soq", "session", datetime(2020, 1, 1, tzinfo=UTC))
    keyring.close()
    code, found = grades(installation)
    assert (code, grade_of(found, "outlived their time")) == (0, "WARN")
    installation.output("keys", "sweep")
    assert "no key has outlived its time" in " ".join(grades(installation)[1])


def test_an_older_registry_beside_the_keyring_fails(installation: Installation) -> None:
    """Spent budget that the registry has forgotten, as after restoring an old copy."""
    keyring = open_keyring(load_settings())
    assert keyring.witness(budget.COUNTER, 3)
    keyring.close()
    code, found = grades(installation)
    assert (code, grade_of(found, "older copy")) == (1, "FAIL")
    registry = open_registry(load_settings())
    for number in range(3):
        window = (datetime(2026, 11, 16, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC))
        ask = budget.Ask(f"r{number}", "events", "w", *window, Fraction(0), Fraction(0))
        budget.reserve(registry, ask, budget.Cap(Fraction(1), Fraction(1)), "cli:0")
    registry.close()
    assert grades(installation)[0] == 0


@pytest.mark.parametrize(("status", "grade"), [(200, "ok"), (503, "FAIL")])
def test_roles_are_asked(installation: Installation, status: int, grade: str) -> None:
    with answering(status) as port:
        installation.set(SANAQ_COLLECTOR=f"127.0.0.1:{port}")
        code, found = grades(installation)
    assert grade_of(found, "The collector at") == grade
    assert code == (0 if status == 200 else 1)


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A neighbour that answers everything with one status."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join(timeout=10)
        server.server_close()
