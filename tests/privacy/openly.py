"""A service whose stores are readable byte by byte, and what is sent to it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from contextlib import closing
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import polars as pl
from clickhouse_connect.driver.client import Client

from config.settings import Settings, load_settings
from storage import warehouse
from storage.clock import utc_now
from storage.migrations import list_migrations
from storage.spool_client import SpoolClient
from storage.spool_protocol import Commit, Part
from storage.spool_rows import encode_rows
from storage.spooler import spooler_socket
from tests.privacy.planting import HEADERS, Planted
from tests.service import Service, wait_until
from tests.storage.warehouses import frame_of

MIGRATED_SECONDS_MAX = 60.0

OPEN_COLUMNS = """
SELECT table, groupArray(name) FROM system.columns
WHERE database = 'sanaq' AND table IN (
    SELECT name FROM system.tables WHERE database = 'sanaq' AND engine LIKE '%MergeTree'
) GROUP BY table
"""


def environ_of(folder: Path) -> dict[str, str]:
    """Give the environment of a service that compresses nothing in its spool and whose temporary
    files lie in its own folder."""
    (folder / "tmp").mkdir(exist_ok=True)
    return {"SANAQ_SPOOL_COMPRESSION": "uncompressed", "TMPDIR": str(folder / "tmp")}


def settings_of(service: Service) -> Settings:
    """Give the settings that a service runs with."""
    return load_settings(service.environ)


def leave_uncompressed(service: Service) -> None:
    """Let every table of the warehouse write what comes as it is."""
    wait_until(partial(_is_migrated, settings_of(service)), MIGRATED_SECONDS_MAX)
    with closing(warehouse.connect(settings_of(service), "sanaq_writer")) as client:
        for table, columns in client.query(OPEN_COLUMNS).result_rows:
            _leave_uncompressed(client, table, columns)


def _leave_uncompressed(client: Client, table: str, columns: Iterable[str]) -> None:
    changes = ", ".join(f"MODIFY COLUMN `{column}` CODEC(NONE)" for column in columns)
    client.command(f"ALTER TABLE sanaq.`{table}` {changes}")


def _is_migrated(settings: Settings) -> bool:
    """Tell whether every table is there: `up` is ready before the loader has made them."""
    sql = "SELECT count() FROM system.tables WHERE database = 'sanaq' AND name = 'migrations'"
    steps = {step.name for step in list_migrations()}
    with closing(warehouse.connect(settings, "sanaq_writer")) as client:
        if client.query(sql).result_rows != [(1,)]:
            return False
        done = client.query("SELECT name FROM sanaq.migrations").result_rows
    return steps <= {row[0] for row in done}


def send(service: Service, planted: Iterable[Planted], keys: Iterable[str]) -> bytes:
    """Send every request with every key; give all that was answered."""
    todo = list(planted)
    with httpx.Client(timeout=60) as client:
        return b"".join(_send(client, service, one, key) for key in keys for one in todo)


def _send(client: httpx.Client, service: Service, one: Planted, key: str) -> bytes:
    """Send one request and give its whole answer, without the origin that a browser must read."""
    headers = HEADERS | {"authorization": f"Bearer {key if one.key is None else one.key}"}
    if one.key == "":
        del headers["authorization"]
    raw = {name.encode(): value.encode() for name, value in (headers | one.headers).items()}
    url = service.collector + one.path
    answer = client.request(one.method, url, content=one.body, headers=raw)
    assert answer.status_code < 500 or answer.status_code == 503, "no request may raise"
    told = {k: v for k, v in answer.headers.items() if k != "access-control-allow-origin"}
    return json.dumps(told).encode() + answer.content


def slip_into_spool(service: Service, path: str) -> None:
    """Commit a row with a page's path to the spool, past every stage."""
    batch_id = uuid4()
    frame = _frame(str(batch_id), path)
    part = Part(
        batch_id=batch_id.bytes,
        table="events",
        rows=1,
        blob=encode_rows("events", frame, "uncompressed"),
        digests=batch_id.bytes,
        site_runs=[("control", 1)],
    )
    asyncio.run(_commit(spooler_socket(settings_of(service)), Commit([part], [])))


def slip_into_table(service: Service, path: str) -> None:
    """Insert a row with a page's path into the warehouse, past spool and loader."""
    with closing(warehouse.connect(settings_of(service), "sanaq_writer")) as client:
        warehouse.insert_frame(client, "events", _frame(str(uuid4()), path), f"c-{uuid4().hex}")


def _frame(batch_id: str, path: str) -> pl.DataFrame:
    row = {"event_id": str(uuid4()), "batch_id": batch_id, "site": "control", "page_path": path}
    now = utc_now()
    moments = {"received_at": now, "occurred_at": now}
    return frame_of("events", [row | moments | {"event_name": "page_view"}])


async def _commit(socket: Path, commit: Commit) -> None:
    client = SpoolClient(socket)
    await client.commit(commit)
    await client.close()
