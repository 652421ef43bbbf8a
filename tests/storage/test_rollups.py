"""The analysts' hourly table: right counts, no ids, no small cells."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.client import Client

from storage.rollups import SUBJECTS_MIN, refresh_day, refresh_hourly
from storage.schemas import TABLES
from storage.warehouse import connect, insert_frame, run_query
from tests.storage.warehouses import NOW, Server, frame_of

HOURLY = (
    "SELECT dimension, value, events, subjects FROM hourly WHERE site = {site:String} "
    "AND dimension IN ('', 'country') ORDER BY hour, dimension, value"
)


@pytest.fixture
def client(warehouse: Server) -> Iterator[Client]:
    made = connect(warehouse.settings)
    yield made
    made.close()


def add(client: Client, site: str, country: str, subjects: Sequence[int], **more: Any) -> None:
    """Insert one event for each subject, by number."""
    rows = [
        {"site": site, "country": country, "subject_id": n.to_bytes(16, "big"), **more}
        for n in subjects
    ]
    insert_frame(client, "events", frame_of("events", rows), uuid.uuid4().hex)


def read(warehouse: Server, site: str) -> list[tuple[Any, ...]]:
    """Give what an analyst sees of a site."""
    return list(run_query(warehouse.settings, HOURLY, {"site": site}, "sanaq_analyst").rows)


def test_small_cells_are_folded_or_left_out(warehouse: Server, client: Client) -> None:
    site = f"s-{uuid.uuid4().hex[:8]}"
    add(client, site, "KZ", [1, 2, 3, 4, 5, 5])
    add(client, site, "UZ", [6, 7, 8])
    add(client, site, "KG", [8, 9, 10])
    add(client, site, "TM", [], is_bot=True)
    add(client, site, "KZ", range(100, 200), is_bot=True)
    insert_frame(client, "events", frame_of("events", [{"site": site, "country": "KZ"}]), "none")
    assert NOW.date() in refresh_hourly(client, NOW - timedelta(minutes=1))
    assert read(warehouse, site) == [
        ("", "", 13, 10),
        ("country", "(other)", 6, 5),
        ("country", "KZ", 7, 5),
    ]


def test_nothing_is_shown_of_few(warehouse: Server, client: Client) -> None:
    site = f"s-{uuid.uuid4().hex[:8]}"
    add(client, site, "KZ", list(range(1, SUBJECTS_MIN)) * 3)
    refresh_day(client, NOW.date())
    assert read(warehouse, site) == []


def test_a_day_is_made_anew_and_never_added_to(warehouse: Server, client: Client) -> None:
    site = f"s-{uuid.uuid4().hex[:8]}"
    add(client, site, "KZ", [1, 2, 3, 4, 5])
    for _ in range(2):
        refresh_day(client, NOW.date())
        assert read(warehouse, site) == [("", "", 5, 5), ("country", "KZ", 5, 5)]
    client.command(
        f"DELETE FROM sanaq.events WHERE site = '{site}' AND subject_id = unhex('{1:032x}')"
    )
    refresh_day(client, NOW.date())
    assert read(warehouse, site) == []


def test_only_touched_days_are_made_anew(warehouse: Server, client: Client) -> None:
    late = NOW + timedelta(days=3_000)
    add(client, "late", "KZ", [1], received_at=late, occurred_at=NOW - timedelta(days=900))
    assert refresh_hourly(client, late) == [NOW.date() - timedelta(days=900)]
    assert refresh_hourly(client, late + timedelta(seconds=1)) == []


def test_the_table_has_no_column_of_an_id(warehouse: Server) -> None:
    found = run_query(warehouse.settings, "DESCRIBE TABLE hourly", role="sanaq_analyst")
    kinds = {row[0]: row[1] for row in found.rows}
    ids = {name for name in TABLES["events"] if name.endswith("_id")}
    assert not ids & kinds.keys()
    assert not [kind for kind in kinds.values() if "FixedString" in kind or "Aggregate" in kind]
