"""An interrupted import goes on where it ended; dry runs send nothing; faults have a place."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from commands import _import_source
from tests.commands.fake_collector import FakeCollector, answer, fake_collector
from tests.commands.registry_commands import Installation
from tests.commands.vendor_files import rules

ORIGIN = ("--site", "soq", "--source", "crm", "--basis", "consent")
LIMIT = rules().limits.events_per_request_max
EVENTS = 3 * LIMIT + LIMIT // 2
TURNED_AWAY: Any = (400, {}, b'{"error":"body_invalid"}')


@pytest.fixture
def installation(home: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    """An empty installation."""
    return Installation(home, monkeypatch)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file of three requests and a half, each event with its number."""
    file = tmp_path / "events.ndjson"
    file.write_text("".join(f'{{"name":"n{n}","event_id":"{n}"}}\n' for n in range(EVENTS)))
    return file


def run(
    installation: Installation, fake: FakeCollector, file: Path, *more: str, ends: int = 0
) -> dict[str, Any]:
    installation.set(SANAQ_COLLECTOR=f"127.0.0.1:{fake.port}")
    done = installation.run("import", "events", str(file), *ORIGIN, "--json", *more)
    assert done.exit_code == ends, done.output
    told: dict[str, Any] = json.loads(done.stdout)
    return told | {"stderr": done.stderr}


def states(home: Path) -> list[Path]:
    """Give what unfinished imports left behind."""
    folder = home / "var" / "imports"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_what_was_answered_is_not_sent_again(
    installation: Installation, file: Path, home: Path
) -> None:
    with fake_collector(answer(LIMIT), answer(LIMIT - 600, duplicate=600), TURNED_AWAY) as fake:
        first = run(installation, fake, file, ends=1)
        (state,) = states(home)
        assert state.stat().st_mode & 0o777 == 0o600
        assert state.parent.stat().st_mode & 0o777 == 0o700
        second = run(installation, fake, file)
        third = run(installation, fake, file)
    assert first["received"] == 2 * LIMIT
    assert (second["received"], second["accepted"], second["duplicate"]) == (
        EVENTS,
        EVENTS - 600,
        600,
    )
    assert f"goes on after {2 * LIMIT:,}" in second["stderr"]
    names = [event["name"] for event in fake.events]
    assert names == [
        f"n{n}" for n in (*range(3 * LIMIT), *range(2 * LIMIT, EVENTS), *range(EVENTS))
    ]
    assert (third["received"], states(home)) == (EVENTS, [])


@pytest.mark.parametrize("change", ["file", "site", "option"])
def test_another_import_begins_at_its_beginning(
    installation: Installation, file: Path, home: Path, change: str
) -> None:
    with fake_collector(answer(LIMIT), TURNED_AWAY) as fake:
        run(installation, fake, file, ends=1)
        more: tuple[str, ...] = ()
        if change == "file":
            file.write_text(file.read_text() + '{"name":"more"}\n')
        elif change == "site":
            more = ("--site", "other")
        else:
            more = ("--from-start",)
        assert run(installation, fake, file, *more)["received"] >= EVENTS
    assert fake.events[2 * LIMIT]["name"] == "n0"


def test_a_fault_of_ours_makes_the_next_run_send_everything(
    installation: Installation, file: Path, home: Path
) -> None:
    with fake_collector(answer(LIMIT - 1, "internal_error")) as fake:
        assert run(installation, fake, file, ends=1)["reasons"] == {"internal_error": 1}
        run(installation, fake, file)
    assert len(fake.events) == 2 * EVENTS


def test_what_is_left_of_an_import_is_forgotten_in_time(
    installation: Installation, file: Path, home: Path
) -> None:
    with fake_collector(answer(LIMIT), TURNED_AWAY) as fake:
        run(installation, fake, file, ends=1)
        (state,) = states(home)
        os.utime(state, (0, 0))
        assert run(installation, fake, file)["received"] == EVENTS
    assert fake.events[2 * LIMIT]["name"] == "n0"


def test_an_unreadable_state_is_none(installation: Installation, file: Path, home: Path) -> None:
    with fake_collector(answer(LIMIT), TURNED_AWAY) as fake:
        run(installation, fake, file, ends=1)
        (state,) = states(home)
        state.write_text('{"pieces": 1, "tally": {"unknown": 1}}')
        assert run(installation, fake, file)["received"] == EVENTS


def test_of_one_request_nothing_is_noted(
    installation: Installation, tmp_path: Path, home: Path
) -> None:
    short = tmp_path / "cut.gz"
    short.write_bytes(gzip.compress(b'{"name":"a"}\n' * 500)[:-9])
    with fake_collector() as fake:
        told = run(installation, fake, short, ends=1)
    assert (told["received"] > 0, states(home)) == (True, [])
    assert "cannot be read to its end; line " in told["stderr"]


def test_faults_are_told_with_their_places(installation: Installation, tmp_path: Path) -> None:
    file = tmp_path / "odd"
    file.write_text('{"name":"a"}\n\n{"name":\n{"name":"b"}\n' + "x\n" * 30)
    rejected = [{"index": n, "reason": "event_invalid"} for n in (1, *range(3, 33))]
    told = {"accepted": 2, "duplicate": 0, "refused": 0, "rejected": rejected}
    with fake_collector((200, {}, json.dumps(told).encode())) as fake:
        stderr = run(installation, fake, file)["stderr"]
    lines = [line for line in stderr.splitlines() if line.startswith(str(file))]
    assert lines[:2] == [f"{file}:3: event_invalid", f"{file}:5: event_invalid"]
    assert len(lines) == 20 and "further places are not told" in stderr


def test_a_dry_run_sends_nothing(installation: Installation, tmp_path: Path, home: Path) -> None:
    file = tmp_path / "events"
    file.write_text(
        '{"name":"page_view","occurred_at":"2019-02-03T04:05:06Z","device":"d-1"}\n'
        '{"name":"call","occurred_at":"2020-02-03T04:05:06Z",'
        '"consent":{"purposes":{"analytics":false}}}\n'
        "no event\n"
    )
    done = installation.run(
        *("import", "events", str(file), *ORIGIN, "--dry-run", "--json", "--agreed", "analytics")
    )
    assert json.loads(done.stdout) == {
        "dry_run": True, "received": 3, "events": 2, "rejected": {"event_invalid": 1},
        "left_out": {}, "names": {"page_view": 1, "call": 1},
        "permitted": {"necessary": 2, "diagnostics": 2, "analytics": 1},
        "first": "2019-02-03", "last": "2020-02-03",
    }  # fmt: skip
    assert f"{file}:3: event_invalid" in done.stderr
    text = installation.run("import", "access-log", str(file), "--site", "soq", "--dry-run")
    assert "nothing was sent" in text.stdout and "line_invalid  3" in text.stdout
    assert states(home) == []


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--agreed", "everything"), "a purpose of the policy: necessary"),
        (("--agreed", "analytics", "--policy-version", "1999-01"), "--policy-version is unknown"),
        (("--agreed", "analytics", "--basis", "contract"), "--basis is `consent`"),
    ],
)
def test_what_cannot_have_been_agreed_to(
    installation: Installation, file: Path, more: tuple[str, ...], told: str
) -> None:
    done = installation.run("import", "events", str(file), *ORIGIN, *more)
    assert (done.exit_code, told in done.stderr) == (2, True), done.stderr


def test_what_was_agreed_to_goes_with_every_request(installation: Installation, file: Path) -> None:
    with fake_collector() as fake:
        run(installation, fake, file, "--agreed", "analytics", "--policy-version", "2026-11")
    consent = {"purposes": {"analytics": True}, "policy_version": "2026-11"}
    assert [body["consent"] for body in fake.bodies] == [consent] * 4


def test_a_file_that_unpacks_to_too_much_is_left(
    installation: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_import_source, "UNPACKED_BYTES_FREE", 1_000_000)
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(b'{"name":"a"}\n' + bytes(30_000_000)))
    with fake_collector() as fake:
        told = run(installation, fake, bomb, ends=1)
    assert "unpacks to too much" in told["stderr"]
