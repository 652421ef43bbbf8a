"""What is measured is what is meant: CPU times, the account of events, and what is sent."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from benchmarks.load import SCRIPT
from benchmarks.machine import describe_machine
from benchmarks.processes import CpuTimes, ProcessEnded, read_busy_seconds, read_cpu_times
from benchmarks.requests import ID_ROOM, draw_events, fill_ids, make_bodies
from benchmarks.service import NotStored, check_account, name_role
from benchmarks.tools import PACKAGES, ToolMissing, find_tool
from collector.protocols.native import decode_events
from storage.spool import Ledger
from tests.collector.worlds import TERMS, post, sender

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

BUSY = (
    "import subprocess, sys, time\n"
    "def work():\n"
    "    while time.process_time() < 0.3: pass\n"
    "child = len(sys.argv) > 1 or subprocess.Popen([sys.executable, __file__, 'child'])\n"
    "work(); print('done', flush=True); sys.stdin.read()"
)
"""Spends three tenths of a second, and starts a child that does the same."""


def test_cpu_time_of_children_counts(tmp_path: Path) -> None:
    file = tmp_path / "busy.py"
    file.write_text(BUSY)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, file], **pipes) as process:  # type: ignore[call-overload]
        assert [process.stdout.readline() for _ in range(2)] == [b"done\n"] * 2
        before = read_busy_seconds()
        times = read_cpu_times(process.pid, lambda words: "child" if "child" in words else "top")
        process.communicate()
    assert before > 0
    assert sorted(times.names.values()) == ["child", "top"]
    assert all(0.25 < seconds < 3 for seconds in times.seconds.values())


def test_a_process_that_came_or_went_spoils_the_figures() -> None:
    before = CpuTimes({1: 1.0, 2: 5.0}, {1: "workers", 2: "workers"})
    after = CpuTimes({1: 1.5, 2: 5.25}, before.names)
    assert after.since(before) == {"workers": 0.75}
    with pytest.raises(ProcessEnded):
        CpuTimes({1: 1.5}, before.names).since(before)
    with pytest.raises(ProcessEnded):
        CpuTimes({1: 1.5, 3: 0.0}, {1: "workers", 3: "workers"}).since(before)


def test_processes_are_called_by_their_role() -> None:
    assert name_role(["python", "-m", "cli", "collector", "--listener-fd", "5"]) == "workers"
    assert name_role(["python", "-m", "cli", "collector"]) == "collector"
    assert name_role(["python", "-m", "cli", "up"]) == "up"
    assert name_role(["python", "-c", "tracker"]) == "other"


@pytest.mark.parametrize("taken", [1_000, 1_064])
def test_the_account_allows_for_answers_cut_off(taken: int) -> None:
    check_account(Ledger(received=5), Ledger(received=5 + taken), 1_000, under_way_max=64)


@pytest.mark.parametrize(
    "after",
    [
        Ledger(received=999),
        Ledger(received=1_065),
        Ledger(received=1_000, duplicate=1),
        Ledger(received=1_000, rejected=1),
    ],
)
def test_an_answer_without_an_event_stops_the_measurement(after: Ledger) -> None:
    with pytest.raises(NotStored):
        check_account(Ledger(), after, 1_000, under_way_max=64)


@pytest.mark.parametrize("size", [1, 50])
def test_every_body_is_taken_whole_and_every_id_is_new(size: int) -> None:
    bodies = make_bodies(draw_events(NOW, 200), size, NOW)
    assert len(bodies) == 200 // size
    ids = set()
    for body in bodies * 2:
        decoded = decode_events(post(fill_ids(body)), sender(trusted=True), TERMS)
        assert (len(decoded.events), decoded.rejected) == (size, [])
        ids |= {event._event_id for event in decoded.events}
    assert len(ids) == 400


def test_the_generator_and_the_bodies_agree_on_room_for_ids() -> None:
    room = re.search(r'string\.rep\("@", (\d+)\)', SCRIPT.read_text())
    assert room is not None and room.group(1) == str(len(ID_ROOM))
    bodies = make_bodies(draw_events(NOW, 20), 10, NOW)
    assert all(body.count(ID_ROOM) == 10 and "\n" not in body for body in bodies)


def test_the_machine_is_described(tmp_path: Path) -> None:
    told = describe_machine(tmp_path)
    assert {"processor", "kernel", "Python", "packages", "one fsync"} <= told.keys()
    assert all(told.values())


def test_a_missing_tool_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda *args, **options: None)
    for name, package in PACKAGES.items():
        with pytest.raises(ToolMissing, match=f"apt-get install {package}"):
            find_tool(name)
