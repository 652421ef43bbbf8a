"""Set-up takes a PostgreSQL that is new enough, fetches one, or says what to install."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from scripts import postgres, setup_postgres
from scripts.postgres import PostgresMissing, PostgresServer

COMMAND = "install --yes --no-install-recommends postgresql"


def make_programs(folder: Path, said: str, names: tuple[str, ...] = ("initdb", "postgres")) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text(f"#!/bin/sh\necho '{said}'\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any PostgreSQL, and a folder on its PATH."""
    monkeypatch.delenv("SANAQ_TEST_POSTGRES", raising=False)
    monkeypatch.setattr(postgres, "INSTALLED", (f"{tmp_path}/*/bin",))
    monkeypatch.setattr(postgres, "find_in_wheel", lambda: None)
    monkeypatch.setattr(setup_postgres, "install_wheel", lambda: None)
    (tmp_path / "path").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}{os.pathsep}/bin")
    return tmp_path


@pytest.mark.parametrize(
    ("said", "major"),
    [("postgres (PostgreSQL) 18.4", 18), ("postgres (PostgreSQL) 9.6.2 (Debian)", 9), ("what?", 0)],
)
def test_the_version_is_read(tmp_path: Path, said: str, major: int) -> None:
    assert postgres.read_major(make_programs(tmp_path / "bin", said)) == major


def test_the_newest_whole_server_is_taken(bare: Path) -> None:
    make_programs(bare / "9" / "bin", "postgres (PostgreSQL) 9.6")
    make_programs(bare / "99" / "bin", "postgres (PostgreSQL) 99.1", ("postgres",))
    with pytest.raises(PostgresMissing, match="make setup"):
        postgres.find_postgres()
    old = make_programs(bare / "14" / "bin", "postgres (PostgreSQL) 14.1")
    assert postgres.find_postgres() == old
    new = make_programs(bare / "17" / "bin", "postgres (PostgreSQL) 17.1")
    assert postgres.find_postgres() == new


def test_a_named_server_is_taken_or_missed(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = make_programs(bare / "mine", "postgres (PostgreSQL) 16.1")
    monkeypatch.setenv("SANAQ_TEST_POSTGRES", str(named))
    assert postgres.find_postgres() == named
    monkeypatch.setenv("SANAQ_TEST_POSTGRES", str(bare / "none"))
    with pytest.raises(SystemExit, match="names no PostgreSQL"):
        setup_postgres.setup_postgres()


def test_a_missing_server_is_told_with_the_command(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit, match="apt-get install postgresql"):
        setup_postgres.setup_postgres()


def test_a_missing_server_is_installed_where_root_is_there(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = bare / "asked"
    apt = bare / "path" / "apt-get"
    apt.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n')
    apt.chmod(0o755)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(SystemExit, match="too old"):
        setup_postgres.setup_postgres()
    assert asked.read_text().splitlines() == ["update --quiet", COMMAND]


def test_a_server_that_does_not_run_stops_set_up(bare: Path) -> None:
    """Private as a checkout of root's may be, where the server's user runs a copy."""
    broken = make_programs(bare / "17" / "bin", "postgres (PostgreSQL) 17.1")
    (broken / "initdb").write_text("#!/bin/sh\nexit 1\n")
    with pytest.raises(SystemExit, match="does not run"):
        setup_postgres.check_postgres(broken)


def test_a_server_ends_with_its_block(home: Path, postgres: PostgresServer) -> None:
    from scripts.postgres import find_postgres, run_postgres

    with run_postgres(find_postgres(), home) as server:
        assert server.port != postgres.port
        status = home / "data" / "postmaster.pid"
        number = int(status.read_text().split()[0])
    assert not status.exists()
    gone = subprocess.run(["kill", "-0", str(number)], capture_output=True, check=False)
    assert gone.returncode != 0
