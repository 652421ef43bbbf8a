"""`sanaq import`: what it prints, what it sends, and how it ends."""

from __future__ import annotations

import gzip
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from config.settings import load_settings
from storage.registry import keys, open_registry
from tests.commands.fake_collector import DROP, FakeCollector, answer, busy, fake_collector
from tests.commands.registry_commands import Installation
from tests.helpers import ROOT

ORIGIN = ("--site", "soq", "--source", "crm", "--basis", "consent")


@pytest.fixture
def installation(home: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An empty installation."""
    return Installation(home, monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of five lines, two of them equal and one empty."""
    file = tmp_path / "lines"
    file.write_bytes(b'{"name":"a"}\n{"name":"a"}\n\n{"name":"b","event_id":"7"}\nno event\n')
    return file


def serve(installation: Installation, fake: FakeCollector) -> None:
    installation.set(SANAQ_COLLECTOR=f"127.0.0.1:{fake.port}")


def test_lines_go_to_the_log_endpoint_numbered(installation: Installation, file: Path) -> None:
    with fake_collector() as fake:
        serve(installation, fake)
        installation.output("import", "access-log", str(file), "--site", "soq")
    assert fake.paths == ["/v1/import/access-log"]
    assert fake.bodies[0]["import"] == {"source": "access_log", "basis": "legitimate_interest"}
    assert fake.events == [
        [0, '{"name":"a"}'],
        [1, '{"name":"a"}'],
        [0, '{"name":"b","event_id":"7"}'],
        [0, "no event"],
    ]


def test_events_without_an_id_get_the_same_one_every_time(
    installation: Installation, file: Path
) -> None:
    with fake_collector() as fake:
        serve(installation, fake)
        for _ in range(2):
            installation.output("import", "events", str(file), *ORIGIN)
    first, second, third, fourth = fake.events[:4]
    assert first["event_id"] != second["event_id"]
    assert {first["event_id"][-2:], second["event_id"][-2:]} == {"-0", "-1"}
    assert (third, fourth) == ({"name": "b", "event_id": "7"}, None)
    assert fake.events[4:] == fake.events[:4]
    assert fake.bodies[0]["import"] == {"source": "crm", "basis": "consent"}


def test_what_is_told(installation: Installation, file: Path) -> None:
    told = answer(1, "asset", "line_invalid", duplicate=1)
    with fake_collector(told, told) as fake:
        serve(installation, fake)
        for_people = installation.run("import", "access-log", str(file), "--site", "soq")
        for_programs = installation.rows("import", "access-log", str(file), "--site", "soq")
    assert for_people.stdout.split() == [
        "received", "4", "accepted", "1", "duplicate", "1", "refused", "0", "rejected", "2",
        "asset", "1", "line_invalid", "1",
    ]  # fmt: skip
    assert "the site is new" in for_people.stderr
    assert for_programs == {
        "received": 4, "accepted": 1, "duplicate": 1, "refused": 0, "rejected": 2,
        "reasons": {"asset": 1, "line_invalid": 1}, "left_out": {},
    }  # fmt: skip


def test_the_key_of_an_import_ends_with_it(installation: Installation, file: Path) -> None:
    with fake_collector(answer(4), (401, {}, b'{"error":"key_unknown"}')) as fake:
        serve(installation, fake)
        for exit_code in (0, 1):
            ended = installation.run("import", "access-log", str(file), "--site", "soq")
            assert ended.exit_code == exit_code
    registry = open_registry(load_settings())
    made = keys.list_keys(registry)
    registry.close()
    assert len(made) == len(fake.keys) == 2
    assert all(one.revoked_at is not None for one in made)
    assert installation.run("audit", "verify").exit_code == 0


def test_what_was_sent_is_told_when_the_import_stops(
    installation: Installation, tmp_path: Path
) -> None:
    file = tmp_path / "f.gz"
    noise = b"".join(b"%s\n" % os.urandom(30).hex().encode() for _ in range(4_000))
    file.write_bytes(gzip.compress(noise)[:80_000])
    with fake_collector() as fake:
        serve(installation, fake)
        ended = installation.run("import", "access-log", str(file), "--site", "soq", "--json")
    assert ended.exit_code == 1
    assert "the file cannot be read to its end" in ended.stderr
    assert json.loads(ended.stdout)["received"] == len(fake.events) > 2_000


def test_a_fault_of_ours_is_no_success(installation: Installation, file: Path) -> None:
    with fake_collector(answer(3, "internal_error")) as fake:
        serve(installation, fake)
        ended = installation.run("import", "access-log", str(file), "--site", "soq")
    assert (ended.exit_code, "import again" in ended.stderr) == (1, True)
    assert "internal_error  1" in ended.stdout


@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [
        (("access-log", "no-such-file", "--site", "soq"), 2, "does not exist"),
        (("access-log", ".", "--site", "soq"), 2, "is a directory"),
        (("access-log", "FILE"), 2, "--site"),
        (("access-log", "FILE", "--site", "Soq Kz!"), 1, "a site's name is"),
        (("access-log", "FILE", "--site", "soq", "--source", ""), 2, "1 to 64 characters"),
        (("events", "FILE", "--site", "soq", "--basis", "b"), 2, "--source"),
        (("events", "FILE", *ORIGIN[:-1], "x" * 65), 2, "1 to 64 characters"),
        (("events", "FILE", *ORIGIN), 1, "is `sanaq up` running?"),
        (("parquet", "FILE", *ORIGIN), 2, "No such command"),
    ],
)
def test_how_it_refuses(
    home: Path, file: Path, port: int, arguments: tuple[str, ...], exit_code: int, told: str
) -> None:
    """In a process of its own, since the exit code is the program's."""
    environ = environ_of(home) | {"SANAQ_COLLECTOR": f"127.0.0.1:{port}"}
    words = [str(file) if one == "FILE" else one for one in arguments]
    done = subprocess.run(
        [sys.executable, "-m", "cli", "import", *words],
        env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, told in done.stderr) == (exit_code, True), done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["access-log", "events"])
def test_help_has_an_example(installation: Installation, name: str) -> None:
    assert f"Example: sanaq import {name} " in installation.output("import", name, "--help")


def test_progress_is_shown_to_a_person_and_to_nobody_else(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "lines"
    limit = load_settings().limits.events_per_request_max
    sent = f"{3 * limit + limit // 2:,}"
    file.write_bytes(b'{"name":"a"}\n' * (3 * limit + limit // 2))
    with fake_collector(answer(limit), busy("1"), answer(limit), DROP) as fake:
        environ = environ_of(home) | {"SANAQ_COLLECTOR": f"127.0.0.1:{fake.port}"}
        command = [sys.executable, "-m", "cli", "import", "events", str(file), *ORIGIN]
        ours, its = pty.openpty()
        watched = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, stderr=its)
        os.close(its)
        shown = read_terminal(ours)
        assert watched.communicate(timeout=60)[0].split()[:2] == [b"received", sent.encode()]
        unwatched = subprocess.run(command, env=environ, capture_output=True, timeout=60)
    assert watched.returncode == unwatched.returncode == 0
    lines = [one for one in shown.replace("\r\n", "\n").split("\r") if "events sent" in one]
    # How often it is told depends on how fast the machine is; that it is told on the way does not.
    assert len(lines) > 1 and all("%" in one for one in lines)
    assert lines[-1].startswith(f"[{'#' * 20}] 100%  {sent} events sent,")
    assert lines[-1].endswith("a second \n")
    assert unwatched.stderr == b""


def read_terminal(descriptor: int) -> str:
    """Give all that a program writes to its terminal, until it ends."""
    pieces: list[bytes] = []
    while True:
        try:
            piece = os.read(descriptor, 4_096)
        except OSError:
            piece = b""
        if not piece:
            os.close(descriptor)
            return b"".join(pieces).decode()
        pieces.append(piece)


def environ_of(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SANAQ_")}
    return kept | {
        "SANAQ_HOME": str(home),
        "SANAQ_CONFIG": str(ROOT / "config"),
        "SANAQ_MASTER_KEY": "00" * 32,
        "PYTHONPATH": str(ROOT),
    }
