"""Whatever breaks while a release is stored, the next run leaves one whole release."""

from __future__ import annotations

import multiprocessing
import os
import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from aggregator.artefact import list_artefacts, read_artefact, store_artefact
from aggregator.errors import ReleaseRefused
from aggregator.release import run_release
from aggregator.signature import find_faults
from aggregator.windows import week_of
from storage.errors import Unavailable
from storage.registry import BudgetExhausted, budget
from tests.aggregator.makers import make_release
from tests.aggregator.worlds import WINDOW, StillRows, make_job

ROWS = [(unit, "cars", "almaty", 2) for unit in range(50)]
SYNCS = 8
"""Times that storing a release waits for the disk: six files, their folder, the one above."""


class DiskFull:
    """Fails the n-th wait for the disk."""

    def __init__(self, number: int) -> None:
        self.left = number
        self.real = os.fsync

    def __call__(self, handle: int) -> None:
        """Wait for the disk, or fail."""
        self.left -= 1
        if self.left == 0:
            raise OSError("no space left")
        self.real(handle)


@pytest.mark.parametrize("number", range(1, SYNCS + 1))
def test_a_disk_that_fails_once(number: int, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = StillRows(ROWS)
    job = make_job(home, rows)
    release = job.config.releases["weekly_test"]
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", DiskFull(number))
        with pytest.raises(Unavailable, match="releases folder"):
            run_release(job, release, WINDOW)
    reads = rows.reads
    done = run_release(job, release, WINDOW)
    assert find_faults(read_artefact(done.folder), job.keyring.signing_key().public_key()) == []
    assert list_artefacts(job.folder) == [done.release_id]
    assert [entry.name for entry in job.folder.iterdir() if "partial" in entry.name] == []
    states = [spend.state for spend in budget.list_spends(job.registry, "events")]
    if number == SYNCS:
        # The folder stood already: it is taken as it is, and nothing is drawn again.
        assert (states, rows.reads) == (["published"], reads)
    else:
        assert sorted(states) == ["published", "void_spent"]


def test_there_are_as_many_waits_as_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counter = DiskFull(10**6)
    monkeypatch.setattr(os, "fsync", counter)
    job = make_job(home, StillRows(ROWS))
    run_release(job, job.config.releases["weekly_test"], WINDOW)
    assert 10**6 - counter.left == SYNCS


def test_a_release_is_never_written_twice(tmp_path: Path) -> None:
    store_artefact(tmp_path, "one", {"data.csv": b"1"})
    with pytest.raises(FileExistsError):
        store_artefact(tmp_path, "one", {"data.csv": b"2"})
    assert read_artefact(tmp_path / "one") == {"data.csv": b"1"}


@pytest.mark.parametrize("harm", ["changed", "gone"])
def test_harmed_files_are_not_given_out(harm: str, home: Path) -> None:
    rows = StillRows(ROWS)
    job = make_job(home, rows)
    release = job.config.releases["weekly_test"]
    done = run_release(job, release, WINDOW)
    if harm == "gone":
        shutil.rmtree(done.folder)
    else:
        (done.folder / "data.csv").write_bytes(b"devices\n1\n")
    reads = rows.reads
    with pytest.raises(ReleaseRefused, match="gone or changed"):
        run_release(job, release, WINDOW)
    assert rows.reads == reads


def test_an_older_ledger_gives_no_budget(home: Path) -> None:
    job = make_job(home, StillRows(ROWS))
    release = job.config.releases["weekly_test"]
    job.registry.close()
    shutil.copytree(home, home / "backup", ignore=shutil.ignore_patterns("backup"))
    job = make_job(home, StillRows(ROWS))
    run_release(job, release, WINDOW)
    job.registry.close()
    for file in home.glob("registry.sqlite*"):
        file.unlink()
    for file in (home / "backup").glob("registry.sqlite*"):
        shutil.copy(file, home)
    job = make_job(home, StillRows(ROWS))
    with pytest.raises(ReleaseRefused, match="older"):
        run_release(job, release, week_of("2026-W45"))
    # Without the artefact it is the keyring that remembers.
    for one in list_artefacts(job.folder):
        shutil.rmtree(job.folder / one)
    with pytest.raises(ReleaseRefused, match="older"):
        run_release(job, release, week_of("2026-W45"))


def draw_in_process(home: Path, name: str) -> str:
    """Draw one release in a process of its own; tell what came of it."""
    job = make_job(home, StillRows(ROWS), make_release(name=name), rho_cap=Fraction(303, 1000))
    try:
        return run_release(job, job.config.releases[name], WINDOW).manifest_sha256
    except BudgetExhausted:
        return "exhausted"


@pytest.mark.timeout(300)
def test_processes_that_race_share_one_budget_and_one_artefact(home: Path) -> None:
    make_job(home, StillRows(ROWS)).registry.close()
    names = ["same"] * 3 + [f"other_{number}" for number in range(5)]
    with multiprocessing.get_context("spawn").Pool(8) as pool:
        answers = pool.starmap(draw_in_process, [(home, name) for name in names])
    job = make_job(home, StillRows(ROWS))
    spends = budget.list_spends(job.registry, "events")
    # The cap holds three releases of 101/1000 each, whoever came first.
    assert [spend.state for spend in spends] == ["published"] * 3
    assert len(set(answers) - {"exhausted"}) == 3
    assert len(set(answers[:3])) == 1
    assert len(list_artefacts(job.folder)) == 3
