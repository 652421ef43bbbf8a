"""A whole release: spent before read, drawn once, given again byte for byte, never half there."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import polars as pl
import pytest

from aggregator.artefact import list_artefacts, read_artefact, sha256_of
from aggregator.errors import ReleaseRefused
from aggregator.job import Job
from aggregator.release import run_release, windows_of
from aggregator.signature import find_faults
from aggregator.windows import Window, week_of
from storage.errors import Unavailable
from storage.registry import BudgetExhausted, budget, releases
from tests.aggregator.makers import make_release
from tests.aggregator.worlds import NOW, SOUND, WINDOW, StillRows, make_job
from tests.storage.keyring_worlds import HandClock

ROWS = [(unit, "cars", "almaty", 2) for unit in range(400)]


def spends_of(job: Job) -> list[tuple[str, str]]:
    """Every attempt and its state."""
    return [(one.release_id, one.state) for one in budget.list_spends(job.registry, "events")]


def test_a_release_is_whole_signed_and_registered(home: Path) -> None:
    job = make_job(home, StillRows(ROWS))
    release = job.config.releases["weekly_test"]
    done = run_release(job, release, WINDOW)
    files = read_artefact(done.folder)
    names = ["README.md", "audit.json", "data.csv", "data.parquet", "manifest.json", "manifest.sig"]
    assert sorted(files) == names
    assert find_faults(files, job.keyring.signing_key().public_key()) == []
    assert done.folder.stat().st_mode & 0o777 == 0o700
    assert done.release_id.startswith("weekly_test-2026-W46-")
    known = releases.find_release(job.registry, done.release_id)
    assert known is not None
    assert known.sha256 == sha256_of(files["manifest.json"]) == done.manifest_sha256
    assert spends_of(job) == [(done.release_id, "published")]


def test_the_artefact_holds_whole_numbers_near_the_truth(home: Path) -> None:
    job = make_job(home, StillRows(ROWS))
    done = run_release(job, job.config.releases["weekly_test"], WINDOW)
    table = pl.read_parquet(done.folder / "data.parquet")
    assert table.columns == [
        "category", "city", "devices", "views", "devices_measured", "views_measured",
    ]  # fmt: skip
    assert table.height == 9
    assert {table.schema[name] for name in table.columns[2:]} == {pl.Int64}
    devices, views = table.filter(category="cars", city="almaty").row(0)[2:4]
    assert abs(devices - 400) < 40
    assert devices <= views <= 3 * devices
    assert pl.read_csv(done.folder / "data.csv").equals(table)
    assert b"." not in (done.folder / "data.csv").read_bytes()


def test_a_second_run_gives_the_same_bytes_and_reads_nothing(home: Path) -> None:
    rows = StillRows(ROWS)
    job = make_job(home, rows)
    release = job.config.releases["weekly_test"]
    first = run_release(job, release, WINDOW)
    bytes_then, reads = read_artefact(first.folder), rows.reads
    changed = release.model_copy(update={"suppress_below": 6})
    for again in (run_release(job, release, WINDOW), run_release(job, changed, WINDOW)):
        assert again == replace(first, is_new=False)
        assert read_artefact(again.folder) == bytes_then
    assert rows.reads == reads
    assert len(spends_of(job)) == 1


def test_two_draws_of_the_same_rows_differ(home: Path) -> None:
    tables = []
    for name in ("one", "two"):
        (home / name).mkdir()
        job = make_job(home / name, StillRows(ROWS))
        done = run_release(job, job.config.releases["weekly_test"], WINDOW)
        tables.append((done.folder / "data.csv").read_bytes())
    assert tables[0] != tables[1]


def test_the_budget_is_spent_before_a_row_is_read(home: Path) -> None:
    seen: list[list[tuple[str, str]]] = []
    rows = StillRows(ROWS)
    job = make_job(home, rows)
    rows.before = lambda: seen.append(spends_of(job))
    run_release(job, job.config.releases["weekly_test"], WINDOW)
    assert seen
    assert all([state for _, state in at] == ["reserved"] for at in seen)


def test_a_failed_run_wastes_budget_and_the_next_pays_again(home: Path) -> None:
    rows = StillRows(ROWS, fails=True)
    job = make_job(home, rows)
    release = job.config.releases["weekly_test"]
    with pytest.raises(Unavailable):
        run_release(job, release, WINDOW)
    assert [state for _, state in spends_of(job)] == ["reserved"]
    assert list_artefacts(job.folder) == []
    rows.fails = False
    done = run_release(job, release, WINDOW)
    states = dict(spends_of(job))
    assert sorted(states.values()) == ["published", "void_spent"]
    assert done.release_id.endswith("-2")
    manifest = json.loads((done.folder / "manifest.json").read_bytes())
    assert Fraction(manifest["rho_year_to_date"]) == 2 * release.budget.rho


def test_an_exhausted_budget_refuses_before_reading(home: Path) -> None:
    rows = StillRows(ROWS)
    job = make_job(home, rows, rho_cap="1/10")
    with pytest.raises(BudgetExhausted):
        run_release(job, job.config.releases["weekly_test"], WINDOW)
    assert rows.reads == 0
    assert spends_of(job) == []


def test_a_year_of_weeks_stops_at_the_cap(home: Path) -> None:
    job = make_job(home, StillRows(ROWS), rho_cap=Fraction(303, 1000))
    release = job.config.releases["weekly_test"]
    for week in ("2026-W20", "2026-W46", "2026-W33"):
        run_release(job, release, week_of(week))
    with pytest.raises(BudgetExhausted):
        run_release(job, release, week_of("2026-W21"))
    assert run_release(job, release, week_of("2025-W10")).is_new


def test_an_attack_that_succeeds_stops_the_release(home: Path) -> None:
    rows = StillRows(ROWS)
    job = make_job(home, rows, attack=lambda _: replace(SOUND, pairs_broken=1))
    with pytest.raises(ReleaseRefused, match="attack"):
        run_release(job, job.config.releases["weekly_test"], WINDOW)
    assert (rows.reads, spends_of(job)) == (0, [])


def test_a_window_must_be_over_and_waited_for(home: Path) -> None:
    clock = HandClock(WINDOW.end + timedelta(hours=24) - timedelta(milliseconds=1))
    job = make_job(home, StillRows(ROWS), clock=clock)
    release = job.config.releases["weekly_test"]
    with pytest.raises(ReleaseRefused, match="not over"):
        run_release(job, release, WINDOW)
    clock.now += timedelta(milliseconds=1)
    assert run_release(job, release, WINDOW).is_new


def test_a_release_past_its_review_runs_no_more(home: Path) -> None:
    job = make_job(home, StillRows(ROWS), make_release(review_by=NOW.date() - timedelta(days=1)))
    with pytest.raises(ReleaseRefused, match="review_by"):
        run_release(job, job.config.releases["weekly_test"], WINDOW)


def test_overlapping_windows_of_one_name_are_refused(home: Path) -> None:
    job = make_job(home, StillRows(ROWS))
    release = job.config.releases["weekly_test"]
    run_release(job, release, WINDOW)
    shifted = Window(WINDOW.start + timedelta(days=1), WINDOW.end, "2026-W46-1")
    with pytest.raises(ReleaseRefused, match="overlaps"):
        run_release(job, release, shifted)


def test_a_correction_is_a_new_release_at_a_new_cost(home: Path) -> None:
    job = make_job(home, StillRows(ROWS))
    release = job.config.releases["weekly_test"]
    first = run_release(job, release, WINDOW)
    second = run_release(job, release, WINDOW, "a site was missing")
    manifest = json.loads((second.folder / "manifest.json").read_bytes())
    assert manifest["supersedes"] == first.release_id
    assert manifest["supersedes_reason"] == "a site was missing"
    assert run_release(job, release, WINDOW).release_id == second.release_id
    assert first.folder.is_dir()
    assert len(spends_of(job)) == 2


def test_weeks_where_the_keys_change_become_two_windows(home: Path) -> None:
    release = make_release()
    starts = [week_of(f"{year}-W{week:02}") for year in range(2024, 2036) for week in range(1, 53)]
    (home / "still").mkdir()
    still = make_job(home / "still", StillRows(ROWS))
    cut = [week for week in starts if len(windows_of(still, release, week)) == 2]
    assert 8 <= len(cut) <= 12
    by_person = make_release(unit="person")
    assert all(len(windows_of(still, by_person, week)) == 1 for week in cut)
    job = make_job(home, StillRows(ROWS), clock=HandClock(cut[0].end + timedelta(days=9)))
    with pytest.raises(ReleaseRefused, match="keys"):
        run_release(job, release, cut[0])
    parts = [run_release(job, release, window) for window in windows_of(job, release, cut[0])]
    assert [part.release_id.split("-")[3] for part in parts] == ["1", "2"]


@pytest.mark.parametrize(("sites", "parts"), [((), 2), (("soq", "zan"), 2), (("zan",), 1)])
def test_a_rotation_cuts_the_week_of_the_releases_that_read_its_site(
    home: Path, sites: tuple[str, ...], parts: int
) -> None:
    job = make_job(home, StillRows(ROWS))
    job.keyring.rotate("soq", "device", WINDOW.start + timedelta(days=3))
    job.keyring.rotate("soq", "person", WINDOW.start)
    cut = windows_of(job, make_release(sites=sites), WINDOW)
    assert len(cut) == parts
    assert cut[0].start == WINDOW.start and cut[-1].end == WINDOW.end
    assert len(windows_of(job, make_release(unit="person", sites=sites), WINDOW)) == 1
