"""The loader against a real warehouse that holds a batch in part."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from uuid import UUID, uuid4

import pytest
from clickhouse_connect.driver.client import Client

from collector.loading import Loader
from config.settings import Settings
from storage import warehouse
from storage.clock import utc_now
from storage.spool import SpooledBatch
from storage.spool_rows import encode_rows
from tests.integration.warehouses import make_events, serve_warehouse

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with serve_warehouse(tmp_path_factory.mktemp("w")) as served:
        yield served


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    with closing(warehouse.connect(settings, "sanaq_writer")) as connected:
        yield connected


def test_of_a_batch_that_is_there_in_part_the_rest_is_loaded_site_by_site(client: Client) -> None:
    batch_id, event_id = uuid4(), str(uuid4())
    rows = [
        {"site": site, "event_id": one, "batch_id": str(batch_id), "event_name": "page_view"}
        for site in ("aul", "soq")
        for one in (event_id, str(uuid4()))
    ]
    frame = make_events(rows, utc_now())
    # Of both sites' events with the same id, one site's made it before the loader died.
    warehouse.insert_frame(client, "events", frame.head(1), f"sanaq-load-{uuid4().hex}")
    batch = SpooledBatch(1, batch_id.bytes, "events", 4, encode_rows("events", frame), b"", 0, True)
    assert Loader(client, lambda seconds: None).load("events", [batch]).loaded == [1]
    assert _rows_of(client, batch_id) == sorted((row["site"], row["event_id"]) for row in rows)
    # And what is there whole is left alone.
    Loader(client, lambda seconds: None).load("events", [batch])
    assert len(_rows_of(client, batch_id)) == 4


def _rows_of(client: Client, batch_id: UUID) -> list[tuple[str, str]]:
    query = (
        "SELECT site, toString(event_id) FROM sanaq.events WHERE batch_id = {batch:UUID} "
        "ORDER BY site, toString(event_id)"
    )
    return [(row[0], row[1]) for row in client.query(query, {"batch": batch_id}).result_rows]
