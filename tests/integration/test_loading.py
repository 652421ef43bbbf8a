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
from storage.schemas import ID_COLUMN, TABLES
from storage.spool import SpooledBatch
from storage.spool_rows import encode_rows
from tests.integration.warehouses import serve_warehouse
from tests.storage.warehouses import frame_of

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with serve_warehouse(tmp_path_factory.mktemp("w")) as served:
        yield served


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    with closing(warehouse.connect(settings, "sanaq_writer")) as connected:
        yield connected


@pytest.mark.parametrize("table", TABLES)
def test_of_a_batch_that_is_there_in_part_the_rest_is_loaded_site_by_site(
    client: Client, table: str
) -> None:
    batch_id, row_id, column = uuid4(), str(uuid4()), ID_COLUMN[table]
    rows = [
        {"site": site, column: one, "batch_id": str(batch_id), "received_at": utc_now()}
        for site in ("aul", "soq")
        for one in (row_id, str(uuid4()))
    ]
    frame = frame_of(table, rows)
    # Of both sites' rows with the same id, one site's made it before the loader died.
    warehouse.insert_frame(client, table, frame.head(1), f"sanaq-load-{uuid4().hex}")
    batch = SpooledBatch(1, batch_id.bytes, table, 4, encode_rows(table, frame), b"", 0, True)
    assert Loader(client, lambda seconds: None).load(table, [batch]).loaded == [1]
    assert _rows_of(client, table, batch_id) == sorted((row["site"], row[column]) for row in rows)
    # And what is there whole is left alone.
    Loader(client, lambda seconds: None).load(table, [batch])
    assert len(_rows_of(client, table, batch_id)) == 4


def _rows_of(client: Client, table: str, batch_id: UUID) -> list[tuple[str, str]]:
    name = f"toString({ID_COLUMN[table]})"
    query = (
        f"SELECT site, {name} FROM sanaq.{table} WHERE batch_id = {{batch:UUID}} "
        f"ORDER BY site, {name}"
    )
    return [(row[0], row[1]) for row in client.query(query, {"batch": batch_id}).result_rows]
