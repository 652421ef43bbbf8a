"""Ten thousand real requests of 2015 come in, and every figure equals an independent count."""

from __future__ import annotations

import gzip
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.importing import ACCESS_LOG, PAGE_VIEWS_AWK, awk, of_kind, run_import
from tests.service import Service, running

pytestmark = [pytest.mark.needs_shared, pytest.mark.timeout(300)]

LINES = 10_000
SITE = "weblog"
REASONS = ("asset", "http_error", "line_invalid", "method_unwanted")
NO_ID = "00" * 16


@pytest.fixture(scope="module")
def counted() -> Counter[str]:
    """What awk says of the log."""
    counts = awk(PAGE_VIEWS_AWK, ACCESS_LOG)
    assert sum(counts[name] for name in ("page", *REASONS)) == LINES
    return counts


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that the log was imported into."""
    with running(tmp_path_factory.mktemp("s")) as one:
        run_import(one, "access-log", str(ACCESS_LOG), "--site", SITE)
        one.await_loaded()
        yield one


@pytest.fixture(scope="module")
def rows(service: Service) -> list[dict[str, Any]]:
    """Every row that came of it, every column."""
    return service.sql(f"SELECT * FROM sanaq.events WHERE site = '{SITE}'")


def test_every_line_has_the_outcome_that_awk_gives_it(
    service: Service, counted: Counter[str]
) -> None:
    ledger = service.ledger("--site", SITE)
    assert ledger["received"] == LINES
    assert ledger["stored"] == counted["page"]
    assert ledger["reasons"] == {name: counted[name] for name in REASONS}
    assert (ledger["duplicate"], ledger["refused"], ledger["spooled"]) == (0, 0, 0)
    assert ledger["undecodable"] == 0


def test_page_views_by_path_and_by_day(service: Service, counted: Counter[str]) -> None:
    paths = service.sql(
        f"SELECT page_path AS path, count() AS n, countIf(NOT is_bot) AS people"
        f" FROM sanaq.events WHERE site = '{SITE}' GROUP BY path ORDER BY n DESC, path LIMIT 20"
    )
    by_path, by_people = of_kind(counted, "path"), of_kind(counted, "human path")
    top = sorted(by_path.items(), key=lambda one: (-one[1], one[0]))[:20]
    assert [(row["path"], row["n"]) for row in paths] == top
    assert [row["people"] for row in paths] == [by_people[path] for path, _ in top]
    days = service.sql(
        f"SELECT toString(toDate(occurred_at)) AS day, count() AS n, countIf(is_bot) AS bots,"
        f" uniqExact(visit_id) AS visits FROM sanaq.events WHERE site = '{SITE}' GROUP BY day"
    )
    assert {row["day"]: row["n"] for row in days} == of_kind(counted, "day")
    assert {row["day"]: row["bots"] for row in days} == of_kind(counted, "bots")
    assert {row["day"]: row["visits"] for row in days} == of_kind(counted, "visits")


def test_all_paths_are_kept_as_they_were(rows: list[dict[str, Any]], counted: Counter[str]) -> None:
    assert Counter(row["page_path"] for row in rows) == of_kind(counted, "path")
    assert {row["remarks"] == [] for row in rows} == {True}


def test_times_of_2015_are_kept_and_todays_are_of_the_receipt(rows: list[dict[str, Any]]) -> None:
    moments = sorted(row["occurred_at"] for row in rows)
    assert (moments[0][:16], moments[-1][:16]) == ("2015-05-17T10:05", "2015-05-20T21:05")
    assert min(row["received_at"] for row in rows) > "2026"
    assert {row["protocol"] for row in rows} == {"access_log"}
    assert {(row["source"], row["basis"]) for row in rows} == {
        ("access_log", "legitimate_interest")
    }


def test_visits_are_counted_and_nobody_is_known(rows: list[dict[str, Any]]) -> None:
    for name in ("person_id", "device_id", "session_id", "advertising_id"):
        assert {row[name] for row in rows} == {NO_ID}
    assert {row["subject_kind"] for row in rows} == {"visit"}
    assert all(row["visit_id"] == row["subject_id"] != NO_ID for row in rows)


def test_no_column_holds_an_address_a_user_agent_or_a_query(rows: list[dict[str, Any]]) -> None:
    kept = "\n".join({str(value) for row in rows for value in row.values()})
    lines = gzip.decompress(ACCESS_LOG.read_bytes()).decode("utf-8", "replace").splitlines()
    # A shorter user agent is a program's name, which is kept as the browser's.
    agents = {line.split('"')[5] for line in lines}
    queries = {
        query for line in lines if (query := line.split('"')[1].partition("?")[2].split(" ")[0])
    }
    told = {line.split(" ")[0] for line in lines} | queries | {a for a in agents if len(a) >= 16}
    assert len(told) > 2_000
    assert [one for one in told if one in kept] == []
    assert "?" not in kept
    assert {row["page_query"] for row in rows} == {""}


def test_an_odd_file_costs_its_odd_lines_alone(service: Service, tmp_path: Path) -> None:
    lines = gzip.decompress(ACCESS_LOG.read_bytes()).splitlines()[:2_500]
    pages = awk(PAGE_VIEWS_AWK, _pack(tmp_path / "good.gz", lines))["page"]
    noise = bytes(range(256)).replace(b"\n", b"") * 40_000
    odd = [*lines[:700], b"x" * 10_000_000, b"", noise, b"\xff\xfe", *lines[700:]]
    file = tmp_path / "odd.log"
    file.write_bytes(b"\r\n".join(odd))
    told = run_import(service, "access-log", str(file), "--site", "odd")
    assert told["received"] == len(lines) + 3
    assert told["accepted"] == pages
    assert told["reasons"]["line_invalid"] == 3


def test_a_cut_archive_gives_the_lines_before_the_cut(service: Service, tmp_path: Path) -> None:
    file = tmp_path / "cut.gz"
    file.write_bytes(ACCESS_LOG.read_bytes()[:100_000])
    told = service.sanaq("import", "access-log", str(file), "--site", "cut", check=False)
    received = service.ledger("--site", "cut")["received"]
    assert re.search(rf"received\s+{received:,}\n", told)
    assert 3_000 < received < 6_000
    whole = run_import(service, "access-log", str(ACCESS_LOG), "--site", "cut")
    assert whole["received"] == LINES
    assert whole["accepted"] + whole["duplicate"] == awk(PAGE_VIEWS_AWK, ACCESS_LOG)["page"]


def _pack(file: Path, lines: list[bytes]) -> Path:
    file.write_bytes(gzip.compress(b"\n".join(lines)))
    return file
