"""A shop's rows come in as native events, and people and sessions are counted exactly."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.ecom import to_native
from tests.integration.importing import ECOM, awk, of_kind, run_import
from tests.service import Service, running

pytestmark = [pytest.mark.needs_shared, pytest.mark.timeout(300)]

SITE = "shop"
ORIGIN = ("--source", "shop-export", "--basis", "consent")

ROWS_AWK = r"""
BEGIN { FS = "," }
NR == 1 { next }
{ day = substr($4, 1, 10); n["rows"]++; n["name\tshop_" $3]++; n["platform\t" $5]++
  n["day\t" day]++
  if (!person[$1]++) n["people"]++
  if (!session[day, $2]++) n["sessions\t" day]++
  if (!daily[day, $1]++) n["daily people\t" day]++ }
END { for (key in n) print n[key] "\t" key }
"""


@pytest.fixture(scope="module")
def counted() -> Counter[str]:
    """What awk says of the rows."""
    counts = awk(ROWS_AWK, ECOM)
    assert counts["rows"] == 31_106
    return counts


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The rows as native events."""
    file = tmp_path_factory.mktemp("ecom") / "events.ndjson.gz"
    to_native(ECOM, file)
    return file


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, file: Path) -> Iterator[Service]:
    """A service that the rows were imported into."""
    with running(tmp_path_factory.mktemp("s")) as one:
        run_import(one, "events", str(file), "--site", SITE, *ORIGIN)
        one.await_loaded()
        yield one


def test_every_row_is_stored(service: Service, counted: Counter[str]) -> None:
    ledger = service.ledger("--site", SITE)
    assert ledger["received"] == ledger["stored"] == counted["rows"]
    assert ledger["reasons"] == {}


def test_names_and_platforms(service: Service, counted: Counter[str]) -> None:
    found = service.sql(
        "SELECT event_name AS name, properties['platform'] AS platform, count() AS n"
        f" FROM sanaq.events WHERE site = '{SITE}' GROUP BY name, platform"
    )
    names: Counter[str] = Counter()
    platforms: Counter[str] = Counter()
    for row in found:
        names[row["name"]] += row["n"]
        platforms[row["platform"]] += row["n"]
    assert names == of_kind(counted, "name")
    assert platforms == of_kind(counted, "platform")


def test_people_and_sessions_are_counted_exactly(service: Service, counted: Counter[str]) -> None:
    days = service.sql(
        "SELECT toString(toDate(occurred_at)) AS day, count() AS n,"
        " uniqExact(session_id) AS sessions, uniqExact(person_id) AS people,"
        " (SELECT uniqExact(person_id) FROM sanaq.events WHERE site = 'shop') AS everyone"
        f" FROM sanaq.events WHERE site = '{SITE}' GROUP BY day"
    )
    assert {row["everyone"] for row in days} == {counted["people"]}
    assert {row["day"]: row["n"] for row in days} == of_kind(counted, "day")
    assert {row["day"]: row["sessions"] for row in days} == of_kind(counted, "sessions")
    assert {row["day"]: row["people"] for row in days} == of_kind(counted, "daily people")


def test_rows_say_where_they_came_from_and_name_nobody(service: Service) -> None:
    (row,) = service.sql(
        "SELECT groupUniqArray(source) AS sources, groupUniqArray(basis) AS bases,"
        " groupUniqArray(subject_kind) AS kinds, countIf(is_bot) AS bots,"
        " groupUniqArray(country) AS countries, countIf(visit_id != toFixedString('', 16)) AS v"
        f" FROM sanaq.events WHERE site = '{SITE}'"
    )
    assert row == {
        "sources": ["shop-export"],
        "bases": ["consent"],
        "kinds": ["person"],
        "bots": 0,
        "countries": [""],
        "v": 0,
    }
    some = service.sql(f"SELECT * FROM sanaq.events WHERE site = '{SITE}' LIMIT 500")
    assert "user_0" not in str(some) and "sess_0" not in str(some)


def test_importing_them_again_stores_nothing(
    service: Service, file: Path, counted: Counter[str]
) -> None:
    again = run_import(service, "events", str(file), "--site", SITE, *ORIGIN)
    assert (again["accepted"], again["duplicate"]) == (0, counted["rows"])
    service.await_loaded()
    (row,) = service.sql(
        "SELECT count() AS n, uniqExact(event_id) AS ids FROM sanaq.events WHERE site = 'shop'"
    )
    assert row == {"n": counted["rows"], "ids": counted["rows"]}


def test_lines_that_are_no_events_are_rejected_and_the_others_stored(
    service: Service, tmp_path: Path
) -> None:
    good = {"name": "call", "occurred_at": "2019-02-03T04:05:06Z"}
    lines = [
        b"\xef\xbb\xbf" + json.dumps(good).encode(),
        json.dumps(good).encode(),
        json.dumps(good | {"event_id": "call-1"}).encode(),
        json.dumps(good | {"event_id": "call-1"}).encode(),
        b'{"name": "lone \\ud800", "occurred_at": "2019-02-03T04:05:06Z"}',
        b'{"name": "cut',
        b"[1, 2]",
        b"null",
        b"NaN",
        b"{}",
        b'{"name": "x", "occurred_at": "yesterday"}',
        b"[" * 100_000,
        b'{"name": "long", "properties": {"x": "' + b"y" * 10_000_000 + b'"}}',
        json.dumps(good | {"occurred_at": "2100-01-01T00:00:00Z"}).encode(),
        json.dumps(good | {"occurred_at": "1960-01-01T00:00:00Z"}).encode(),
    ]
    file = tmp_path / "odd.ndjson"
    file.write_bytes(b"\n".join(lines))
    told = run_import(service, "events", str(file), "--site", "odd", *ORIGIN)
    assert told["received"] == len(lines)
    assert told["reasons"] == {"event_invalid": 8, "too_early": 1, "too_late": 1}
    assert (told["accepted"], told["duplicate"]) == (4, 1)
    again = run_import(service, "events", str(file), "--site", "odd", *ORIGIN)
    assert (again["accepted"], again["rejected"]) == (0, told["rejected"])
