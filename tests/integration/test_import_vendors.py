"""Exports of other products come in once, killed or repeated, and no further than consent goes."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from config.settings import load_settings
from storage.imported import replace_days
from storage.warehouse import connect
from tests.commands.plausible_files import FILES, texts, write_archive
from tests.commands.vendor_files import (
    FIRST_AT,
    action,
    row,
    said,
    visit,
    whole_visit,
    write_lines,
)
from tests.integration.importing import run_import
from tests.service import Service, kill, running, wait_until

pytestmark = pytest.mark.timeout(300)

ORIGIN = ("--source", "old", "--basis", "consent")
AD_ID = "7d9f3c1e-5b2a-4e8f-9a6d-1c3b5e7f9a2d"
VISITS = 3_000


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that the tests of this file share."""
    with running(tmp_path_factory.mktemp("s")) as one:
        yield one


def many_visits() -> list[Any]:
    """Give visits of half as many visitors, each with two page views and, now and then, a goal."""
    visits = []
    for n in range(VISITS):
        moment: dict[str, Any] = {"timestamp": FIRST_AT + n}
        actions = [action(2 * n, **moment), action(2 * n + 1, **moment)]
        if n % 10 == 0:
            goal = {"goalId": "1", "goalPageId": str(2 * n), "revenue": "2.5"}
            actions.append({"type": "goal", **goal, **moment})
        visitor = f"{n // 2 + 1:016x}"
        visits.append(visit(n, actions, visitorId=visitor, firstActionTimestamp=FIRST_AT + n))
    return visits


def test_a_killed_import_goes_on_and_counts_once(service: Service, tmp_path: Path) -> None:
    visits = many_visits()
    expected = Counter("goal" if a["type"] == "goal" else "page_view"
                       for v in visits for a in v["actionDetails"])  # fmt: skip
    file = tmp_path / "visits.json.gz"
    file.write_bytes(gzip.compress(json.dumps(visits).encode(), 1))
    command = ("matomo", str(file), "--site", "mt", *ORIGIN, "--agreed", "analytics")
    process = subprocess.Popen(
        [sys.executable, "-m", "cli", "import", *command],
        cwd=service.folder, env=service.environ,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    state = service.home / "imports"
    wait_until(lambda: state.exists() and any(state.glob("*.json")), 60)
    kill(process.pid)
    process.wait(10)
    (noted,) = state.glob("*.json")
    answered = json.loads(noted.read_text())["pieces"]
    again = run_import(service, *command)
    assert 0 < answered < again["received"] == expected.total()
    assert again["accepted"] + again["duplicate"] == expected.total() and not any(state.iterdir())
    service.await_loaded()
    names = service.sql(
        "SELECT event_name AS name, count() AS n, uniqExact(event_id) AS ids,"
        " sum(revenue) AS money FROM sanaq.events WHERE site = 'mt' GROUP BY name"
    )
    assert {row["name"]: row["n"] for row in names} == expected
    assert {row["name"]: row["ids"] for row in names} == expected
    assert {row["name"]: row["money"] for row in names}["goal"] == 2.5 * VISITS / 10
    (row,) = service.sql(
        "SELECT uniqExact(device_id) AS devices, groupUniqArray(subject_kind) AS kinds,"
        " groupUniqArray(basis) AS bases, uniqExact(session_id) AS sessions"
        " FROM sanaq.events WHERE site = 'mt'"
    )
    assert row == {
        "devices": VISITS // 2, "kinds": ["device"], "bases": ["consent"], "sessions": VISITS,
    }  # fmt: skip
    third = run_import(service, *command)
    assert (third["accepted"], third["duplicate"]) == (0, expected.total())


def test_what_nobody_agreed_to_is_counted_alone(service: Service, tmp_path: Path) -> None:
    file = write_lines(tmp_path / "visits.ndjson", [whole_visit()])
    told = run_import(service, "matomo", str(file), "--site", "bare", *ORIGIN)
    assert told["left_out"] == {"kind_unwanted": 1} and told["reasons"] == {}
    service.await_loaded()
    found = service.sql("SELECT * FROM sanaq.events WHERE site = 'bare'")
    assert len(found) == told["accepted"] == 10
    nobody = "0" * 32
    for one in found:
        ids = {one[f"{name}_id"] for name in ("person", "device", "session", "visit", "subject")}
        assert (ids, one["properties"], one["source"]) == ({nobody}, {}, "old")
    assert "198.51.100" not in str(found) and "u-77" not in str(found)


def test_ga4s_consent_holds_row_by_row(service: Service, tmp_path: Path) -> None:
    said_of = {
        "both": said("Yes", "Yes"), "one": said("Yes", "No"), "none": said("No", "No"),
        "silent": said("Unset", "Unset"), "token": said(None, None, "Yes"),
    }  # fmt: skip
    device = {"advertising_id": AD_ID, "language": "kk", "is_limited_ad_tracking": "No"}
    rows = [
        row(n, name, privacy, user_id=f"user-{n}", device=device)
        for n, (name, privacy) in enumerate(said_of.items())
    ]
    file = write_lines(tmp_path / "events.json", [*rows, "no row"])
    preview = json.loads(
        service.sanaq("import", "ga4", str(file), "--site", "ga", *ORIGIN, "--dry-run", "--json")
    )
    assert (preview["events"], preview["permitted"]["analytics"]) == (5, 2)
    told = run_import(service, "ga4", str(file), "--site", "ga", *ORIGIN)
    assert (told["accepted"], told["reasons"]) == (5, {"event_invalid": 1})
    service.await_loaded()
    found = service.sql(
        "SELECT event_name AS name, subject_kind AS kind, notEmpty(page_title) AS titled,"
        " advertising_id != toFixedString('', 16) AS ad FROM sanaq.events WHERE site = 'ga'"
    )
    kept = {one["name"]: (one["kind"], one["titled"], one["ad"]) for one in found}
    nothing = ("", 0, 0)
    assert kept == {
        "both": ("person", 1, 1), "one": ("person", 1, 0),
        "none": nothing, "silent": nothing, "token": nothing,
    }  # fmt: skip
    every = str(service.sql("SELECT * FROM sanaq.events WHERE site = 'ga'"))
    assert "user-" not in every and "1146540" not in every and AD_ID not in every
    again = run_import(service, "ga4", str(file), "--site", "ga", *ORIGIN)
    assert (again["accepted"], again["duplicate"]) == (0, 5)


def import_figures(service: Service, file: Path, site: str = "fig") -> Any:
    """Import daily figures and give what is told."""
    words = ("import", "plausible-csv", str(file), "--site", site, *ORIGIN, "--json")
    return json.loads(service.sanaq(*words))


def test_figures_are_replaced_day_by_day_and_are_no_events(
    service: Service, tmp_path: Path
) -> None:
    day = {"event_id": "e1", "name": "page_view", "occurred_at": "2025-01-02T05:00:00Z"}
    own = write_lines(tmp_path / "own", [day])
    run_import(service, "events", str(own), "--site", "fig", *ORIGIN)
    service.await_loaded()
    before = service.ledger("--site", "fig")

    export = write_archive(tmp_path / "export.zip", texts())
    rows = sum(len(lines) for _, lines in FILES.values())
    for _ in range(2):
        told = import_figures(service, export)
        assert (told["rows"], told["written"], told["days_with_events"]) == (rows, rows, 1)
    with closing(connect(load_settings(service.environ))) as client, pytest.raises(KeyError):
        # What an import leaves that is killed before it wrote a dimension anew.
        replace_days(client, ("fig", "old", "total"), [date(2025, 1, 1)], map(_fail, [0]))
    assert import_figures(service, export)["written"] == rows
    found = service.sql(
        "SELECT dimension, toString(date) AS day, value, visitors FROM sanaq.imported"
        " WHERE site = 'fig' AND source = 'old' ORDER BY ALL"
    )
    assert len(found) == rows
    total = {one["day"]: int(one["visitors"]) for one in found if one["dimension"] == "total"}
    assert total == {"2025-01-01": 10, "2025-01-02": 20}
    pages = [one["value"] for one in found if one["dimension"] == "page"]
    assert pages == ["/", "/to/[email]"]
    # A later export of one day and one file replaces that alone.
    head = FILES["pages"][0]
    changed = write_archive(
        tmp_path / "later.zip",
        {"imported_pages_20250101_20250101.csv": f"{head}\n2025-01-01,h,/new,1,2,3,,,,\n"},
    )
    import_figures(service, changed)
    pages = service.sql(
        "SELECT value, parts, page_views, bounces, basis FROM sanaq.imported"
        " WHERE site = 'fig' AND dimension = 'page'"
    )
    assert pages == [
        {"value": "/new", "parts": {"host": "h"}, "page_views": 3, "bounces": None,
         "basis": "consent"}
    ]  # fmt: skip
    import_figures(service, export, "fig2")
    (row,) = service.sql("SELECT count() AS n FROM sanaq.imported WHERE site = 'fig'")
    assert row["n"] == rows - 1
    assert service.ledger("--site", "fig") == before
    assert "import.figures" in service.sanaq("audit", "show")


def test_nothing_that_identifies_is_told_anywhere(service: Service) -> None:
    stored = str(service.sql("SELECT * FROM sanaq.imported"))
    assert "[email]" in stored
    log = service.log_file.read_text()
    audited = service.sanaq("audit", "show", "--json")
    for told in (stored, log, audited):
        for secret in ("aigerim", "somebody", "198.51.100.77", "u-77", f"{41:016x}", AD_ID):
            assert secret not in told


def _fail(number: int) -> pl.DataFrame:
    """Fail instead of giving a frame."""
    raise KeyError(number)
