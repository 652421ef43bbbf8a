"""`sanaq` with `SANAQ_REGISTRY` at a real PostgreSQL, as an operator writes the address."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from scripts.postgres import PostgresServer
from tests.helpers import ROOT, free_port


def run_sanaq(home: Path, dsn: str, *arguments: str) -> tuple[int, str, str]:
    """Run the real program, and give its exit code, output and complaint."""
    environ = os.environ | {
        "SANAQ_HOME": str(home / "var"),
        "SANAQ_CONFIG": str(ROOT / "config"),
        "SANAQ_REGISTRY": dsn,
        "XDG_CONFIG_HOME": str(home / "user"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "cli", *arguments],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout, done.stderr


def test_keys_users_and_the_audit_log_live_on_the_server(
    postgres: PostgresServer, home: Path
) -> None:
    dsn = postgres.make_database("sanaq")
    code, key, said = run_sanaq(home, dsn, "key", "create", "--site", "soq", "--kind", "server")
    assert (code, said) == (0, "")
    assert re.fullmatch(r"sk_s_[0-9a-f]{32}\n", key)
    code, link, said = run_sanaq(home, dsn, "user", "add", "--role", "officer", "a@soq.example")
    assert (code, said) == (0, "")
    assert "/welcome/" in link
    code, verdict, said = run_sanaq(home, dsn, "audit", "verify")
    assert (code, said) == (0, "")
    assert "3 entries" in verdict
    assert not list(home.rglob("*.sqlite"))
    _check_mistakes(home, dsn)


def _check_mistakes(home: Path, dsn: str) -> None:
    """A wrong password is the operator's to mend (2), a server that is away is not (1)."""
    parts = urlsplit(dsn)
    assert parts.password is not None
    wrong = dsn.replace(parts.password, "hidden")
    code, _, said = run_sanaq(home, wrong, "audit", "verify")
    assert code == 2
    assert said.startswith("sanaq: SANAQ_REGISTRY: the database server answers, and refuses")
    away = dsn.replace(f":{parts.port}/", f":{free_port()}/")
    code, _, complaint = run_sanaq(home, away, "audit", "verify")
    assert code == 1
    assert complaint == (
        "Error: registry is unavailable; does the database that SANAQ_REGISTRY names answer?\n"
    )
    for text in (said, complaint):
        assert "hidden" not in text and parts.password not in text
        assert text.count("\n") == 1
