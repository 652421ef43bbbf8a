"""The loader's and readers' way to the warehouse, against the real embedded one."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from clickhouse_connect.driver.client import Client

from commands.sql import sql as sql_command
from config.settings import load_settings
from storage.errors import Unavailable
from storage.registry import audit, open_registry
from storage.schemas import ID_COLUMN, TABLES
from storage.warehouse import (
    Refused,
    connect,
    existing_event_ids,
    insert_frame,
    rows_of_batches,
    run_query,
    running_loads,
)
from tests.storage.warehouses import NOW, Server, frame_of, make_server

FULL: dict[str, Any] = {
    "event_name": "қарау",
    "sdk": "it's \\ \t\n\x00 \U0001f40e",
    "person_id": bytes(range(16)),
    "subject_id": b"\x00\n\t\\'\xff" + bytes(10),
    "subject_kind": "person",
    "purposes": ["analytics", "necessary"],
    "is_bot": True,
    "properties": [{"key": "category", "value": "жылқы"}, {"key": "", "value": ""}],
    "remarks": ["email:page_query"],
    "latitude": -0.0,
    "longitude": 1e-9,
    "revenue": 0.1,
    "screen_width": 65_535,
    "occurred_at": datetime(2015, 5, 17, 10, 5, 3, 7_000, tzinfo=UTC),
    "measurements": [{"name": "lcp", "value": 1.5, "unit": "s"}],
    "exception_stack": "a\nb" * 5_000,
}


@pytest.fixture
def client(warehouse: Server) -> Iterator[Client]:
    made = connect(warehouse.settings)
    yield made
    made.close()


def read_back(client: Client, table: str, site: str) -> pl.DataFrame:
    """Give a site's rows in the schema that they were inserted in."""
    columns = ", ".join(
        f"toString({name}) AS {name}" if name in (ID_COLUMN[table], "batch_id") else name
        for name in TABLES[table]
    )
    order = f"ORDER BY {ID_COLUMN[table]}"
    query = f"SELECT {columns} FROM sanaq.{table} WHERE site = {{site:String}} {order}"
    data = client.raw_query(query, parameters={"site": site}, fmt="ArrowStream")
    found = pl.read_ipc_stream(io.BytesIO(data))
    maps = [
        pl.col(name).cast(TABLES[table][name]) for name in found.columns if name == "properties"
    ]
    return found.with_columns(maps).cast(
        {name: kind for name, kind in TABLES[table].items() if name != "properties"}
    )


@pytest.mark.parametrize("table", TABLES)
def test_rows_come_back_as_they_went_in(client: Client, table: str) -> None:
    site = f"s-{uuid.uuid4().hex[:8]}"
    own = {name: value for name, value in FULL.items() if name in TABLES[table]}
    frame = frame_of(table, [{"site": site, **own}, {"site": site}]).sort(ID_COLUMN[table])
    insert_frame(client, table, frame, uuid.uuid4().hex)
    found = read_back(client, table, site)
    assert found.to_dicts() == frame.to_dicts()


def test_a_frame_of_another_shape_is_never_sent(client: Client) -> None:
    frame = frame_of("events", [{"site": "s"}])
    for wrong in (
        frame.drop("sdk"),
        frame.select(reversed(frame.columns)),
        frame.with_columns(_ip=pl.lit("192.0.2.1")),
        frame.cast({"latitude": pl.Float32}),
    ):
        with pytest.raises(ValueError, match="not of the table's schema"):
            insert_frame(client, "events", wrong, "x")


def test_an_empty_frame_is_no_trouble(client: Client) -> None:
    insert_frame(client, "events", frame_of("events", []), uuid.uuid4().hex)


def test_a_large_frame_arrives_whole(client: Client) -> None:
    site, batch = f"s-{uuid.uuid4().hex[:8]}", str(uuid.uuid4())
    one = frame_of("events", [{"site": site, "batch_id": batch, "page_path": "/ads"}])
    ids = pl.Series("event_id", [str(uuid.uuid4()) for _ in range(30_000)])
    frame = pl.concat([one] * 30_000).with_columns(ids)
    insert_frame(client, "events", frame, uuid.uuid4().hex)
    assert rows_of_batches(client, "events", [batch]) == {batch: 30_000}


def test_batches_are_counted_by_their_differing_rows(client: Client) -> None:
    batches = [str(uuid.uuid4()) for _ in range(3)]
    frame = frame_of("events", [{"site": "s", "batch_id": batches[0]}] * 3)
    insert_frame(client, "events", frame, uuid.uuid4().hex)
    insert_frame(client, "events", frame.head(2), uuid.uuid4().hex)
    insert_frame(
        client, "events", frame_of("events", [{"site": "s", "batch_id": batches[1]}]), "one"
    )
    found = rows_of_batches(client, "events", [batch.upper() for batch in batches])
    assert found == {batches[0]: 3, batches[1]: 1, batches[2]: 0}
    assert rows_of_batches(client, "events", []) == {}


def test_known_ids_are_found_by_site(client: Client) -> None:
    site, ids = f"s-{uuid.uuid4().hex[:8]}", [str(uuid.uuid4()) for _ in range(12_000)]
    rows = [{"site": site, "event_id": event_id} for event_id in ids[:3]]
    insert_frame(client, "events", frame_of("events", rows), uuid.uuid4().hex)
    assert existing_event_ids(client, "events", site, ids) == set(ids[:3])
    assert existing_event_ids(client, "events", "other", ids) == set()
    assert existing_event_ids(client, "diagnostics", site, ids) == set()
    assert existing_event_ids(client, "events", "x' OR '1'='1", ids) == set()
    with pytest.raises(ValueError, match="not a declared table"):
        existing_event_ids(client, "events; DROP TABLE events", site, ids)


def test_nothing_runs_when_nothing_runs(client: Client) -> None:
    assert running_loads(client, "load-") == 0


def test_a_refusal_has_its_code_and_none_of_its_text(warehouse: Server, client: Client) -> None:
    with pytest.raises(Refused) as refused:
        run_query(warehouse.settings, "SELECT secret FROM sanaq.events")
    assert refused.value.code == 47
    assert "secret" not in str(refused.value)
    with pytest.raises(Refused) as refused:
        run_query(warehouse.settings, "DROP TABLE sanaq.events", role="sanaq_operator")
    assert refused.value.code == 497


def test_a_warehouse_that_is_not_there_is_unavailable(home: Path, warehouse: Server) -> None:
    server = make_server(home)
    with pytest.raises(Unavailable, match="warehouse"):
        connect(server.settings)
    password = server.settings.path("warehouse") / "secrets" / "sanaq_writer"
    password.parent.mkdir()
    password.write_text("x")
    with pytest.raises(Unavailable, match="warehouse"):
        connect(server.settings)


def test_a_wrong_password_is_a_refusal(warehouse: Server) -> None:
    where = f"http://sanaq_reader:wrong@{warehouse.settings.embedded}/sanaq"
    settings = load_settings({**warehouse.environ, "SANAQ_CLICKHOUSE": where})
    with pytest.raises(Refused) as refused:
        connect(settings)
    assert refused.value.code == 516


def test_a_dsn_leads_to_a_server_of_ones_own(warehouse: Server) -> None:
    password = warehouse.password("sanaq_reader")
    where = f"clickhouse://sanaq_reader:{password}@{warehouse.settings.embedded}/sanaq_analyst"
    settings = load_settings({**warehouse.environ, "SANAQ_CLICKHOUSE": where})
    assert run_query(settings, "SELECT currentDatabase()").rows == (("sanaq_analyst",),)


def test_values_come_in_forms_that_json_keeps(warehouse: Server) -> None:
    sql = (
        "SELECT toFixedString('ab', 2) AS f, toUInt64(9007199254740992) AS a, "
        "toUInt64(9007199254740993) AS b, -toInt64(9007199254740993) AS c, nan AS n, "
        "map('k', toUInt64(18446744073709551615)) AS m, [toFixedString('c', 1)] AS l, "
        "{moment:DateTime64(3, 'UTC')} AS t, toDate('2026-11-22') AS d, toUUID({id:String}) AS u, "
        "NULL AS z, true AS y, toDecimal64(1.5, 2) AS x"
    )
    identity = str(uuid.uuid4())
    answer = run_query(warehouse.settings, sql, {"moment": NOW, "id": identity})
    assert answer.columns == tuple("fabcnmltduzyx")
    row = dict(zip(answer.columns, answer.rows[0], strict=True))
    assert row == {
        "f": "6162",
        "a": 2**53,
        "b": "9007199254740993",
        "c": "-9007199254740993",
        "n": None,
        "m": {"k": "18446744073709551615"},
        "l": ["63"],
        "t": "2026-11-22T05:11:12.345Z",
        "d": "2026-11-22",
        "u": identity,
        "z": None,
        "y": True,
        "x": "1.50",
    }


def test_sql_command_prints_rows_and_is_on_the_audit_log(
    warehouse: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in warehouse.environ.items():
        monkeypatch.setenv(name, value)
    asked = "SELECT 'canary-1' AS a, toFixedString('z', 1) AS b /* canary-2 */"
    told = CliRunner().invoke(sql_command, [asked, "--json"])
    assert (told.exit_code, json.loads(told.output)) == (
        0,
        {"rows": [{"a": "canary-1", "b": "7a"}]},
    )
    assert "canary-1" in CliRunner().invoke(sql_command, ["-"], input=asked).output
    for quoted in ('"canary@soq.example"', "`canary 3`", '"can""ary"', '"canary'):
        CliRunner().invoke(sql_command, [f"SELECT 1 FROM sanaq.events WHERE site = {quoted}"])
    refused = CliRunner().invoke(sql_command, ["DROP TABLE sanaq.events"])
    assert refused.exit_code == 1
    assert "ACCESS_DENIED" in refused.output
    registry = open_registry(warehouse.settings)
    entries = [entry for entry in audit.read_entries(registry) if entry.action == "sql.run"]
    registry.close()
    assert len(entries) == 7
    assert "canary" not in "".join(entry.details_json for entry in entries)
    assert "SELECT ? AS a" in entries[0].details_json
    assert "WHERE site = ?" in entries[2].details_json
