"""`sanaq release` as people use it: processes, exit codes, JSON, a changed byte found."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from aggregator.windows import last_closed_week
from config.settings import Settings
from storage.warehouse import connect, insert_frame
from tests.helpers import ROOT
from tests.integration.warehouses import make_events, serve_warehouse

GRACE = timedelta(hours=24)


def run_sanaq(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `sanaq release …` in a process of its own."""
    environ = {
        "SANAQ_HOME": str(settings.home),
        "SANAQ_CONFIG": str(settings.config_dir),
        "SANAQ_EMBEDDED": str(settings.embedded),
        "SANAQ_MASTER_KEY": str(settings.master_key),
    }
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "release", *arguments],
        env={**os.environ, **environ},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def read_json(settings: Settings, *arguments: str) -> Any:
    """What a command prints for programs."""
    done = run_sanaq(settings, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A warehouse with two weeks of willing devices, up to now."""
    now = datetime.now(UTC)
    rows = [
        {
            "event_name": "listing_view",
            "site": "soq",
            "occurred_at": now - timedelta(hours=7 * (device % 48) + 1),
            "device_id": device.to_bytes(16, "big"),
            "purposes": ["analytics", "partner_sharing"],
            "properties": {"category": "cars", "city": "almaty"},
        }
        for device in range(1, 3_001)
    ]
    with serve_warehouse(tmp_path_factory.mktemp("rc")) as settings:
        client = connect(settings)
        insert_frame(client, "events", make_events(rows, now), "rows")
        client.close()
        yield settings


@pytest.mark.timeout(300)
def test_from_its_cost_to_its_signature(installation: Settings, tmp_path: Path) -> None:
    before = read_json(installation, "budget")["events"]
    assert (before["rho_spent"], before["rho_left"], before["attempts"]) == ("0", "1/2", "0")
    week = last_closed_week(datetime.now(UTC), GRACE)
    done = read_json(installation, "run", "weekly_reach")["releases"]
    assert all(one["is_new"] for one in done)
    assert week.label in done[0]["release_id"]
    again = read_json(installation, "run", "weekly_reach", "--window", week.label)["releases"]
    assert [one | {"is_new": True} for one in again] == done
    listed = read_json(installation, "list")
    assert listed["declared"] == ["weekly_reach"]
    assert [one["release_id"] for one in listed["published"]] == [r["release_id"] for r in done]
    assert read_json(installation, "budget")["events"]["attempts"] == str(len(done))

    one = done[0]
    assert run_sanaq(installation, "verify", one["release_id"]).returncode == 0
    copy = tmp_path / "copy"
    shutil.copytree(one["folder"], copy)
    pem = tmp_path / "sanaq.pem"
    pem.write_text(run_sanaq(installation, "key").stdout)
    assert run_sanaq(installation, "verify", str(copy), "--public-key", str(pem)).returncode == 0
    data = copy / "data.parquet"
    data.write_bytes(data.read_bytes()[:-1] + b"!")
    harmed = run_sanaq(installation, "verify", str(copy), "--public-key", str(pem))
    assert (harmed.returncode, harmed.stderr) == (1, "Error: data.parquet was changed\n")


def test_explaining_spends_nothing(installation: Settings) -> None:
    spent = read_json(installation, "budget")
    facts = read_json(installation, "explain", "weekly_reach")
    assert facts["rho"] == "9/1000"
    assert facts["windows_per_year_affordable"] == 55
    epsilons = [cost["epsilon_window"] for cost in facts["cost_by_pseudonyms"]]
    assert epsilons == ["0.59", "1.24", "1.92"]
    assert read_json(installation, "budget") == spent
    page = run_sanaq(installation, "explain", "weekly_reach")
    assert page.returncode == 0
    assert "measure devices" in page.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "what"),
    [
        (("run", "no_such"), 2, "no release of this name"),
        (("explain", "no_such"), 2, "no release of this name"),
        (("run", "weekly_reach", "--window", "2026-46"), 2, "2026-W46"),
        (("run", "weekly_reach", "--window", "2090-W01"), 1, "not over"),
        (("verify", "no_such"), 1, "no such release"),
        (("verify", "no_such", "--public-key", "README.md"), 2, ""),
    ],
)
def test_a_wrong_wish_gets_one_sentence(
    installation: Settings, arguments: tuple[str, ...], code: int, what: str
) -> None:
    done = run_sanaq(installation, *arguments)
    assert done.returncode == code
    assert what in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_every_command_shows_an_example(installation: Settings) -> None:
    for command in ("list", "explain", "run", "verify", "budget", "key"):
        assert "Example: sanaq release" in run_sanaq(installation, command, "--help").stdout
