"""The tables: made once, the same as the schemas, and kept as long as the policy says."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.policy_file import load_policy
from storage.migrations import RETENTION, TABLES_DIR, list_migrations, migrate, render
from storage.schemas import NO_ID, TABLES
from storage.warehouse import connect, insert_frame, run_query
from tests.helpers import ROOT
from tests.storage.warehouses import Server, frame_of, run_server, shipped_retention


def test_steps_are_numbered_and_hold_one_statement() -> None:
    steps = list_migrations()
    assert [step.version for step in steps] == list(range(1, len(steps) + 1))
    assert all("IF NOT EXISTS" in step.sql for step in steps)


@pytest.mark.parametrize("table", TABLES)
def test_tables_have_the_columns_of_the_schemas(warehouse: Server, table: str) -> None:
    sql = "SELECT name FROM system.columns WHERE database = 'sanaq' AND table = {table:String}"
    found = run_query(warehouse.settings, f"{sql} ORDER BY position", {"table": table})
    assert [row[0] for row in found.rows] == list(TABLES[table])


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_kept_as_long_as_its_purpose(warehouse: Server, table: str) -> None:
    policy = load_policy(ROOT / "config")
    found = run_query(warehouse.settings, f"SHOW CREATE TABLE sanaq.{table}").rows[0][0]
    columns, _, rows = found.partition("ENGINE = ")
    row_days = _days(rows)
    assert row_days is not None
    for column in TABLES[table]:
        (line,) = [line for line in columns.splitlines() if line.strip().startswith(f"`{column}` ")]
        expected = policy.retention_days(policy.purpose_of(table, column))
        assert min(_days(line) or row_days, row_days) == min(expected, row_days), column


def _days(text: str) -> int | None:
    if "TTL " not in text:
        return None
    return int(text.split("toIntervalDay(")[1].split(")")[0])


def test_migrating_again_changes_nothing(warehouse: Server) -> None:
    assert migrate(warehouse.settings, shipped_retention()) == []


def test_another_policy_is_applied_and_recorded(home: Path) -> None:
    days = shipped_retention()
    with run_server(home, tables=False) as server:
        first = migrate(server.settings, days)
        assert first == [*(step.name for step in list_migrations()), RETENTION]
        assert migrate(server.settings, {**days, "analytics": 7}) == [RETENTION]
        assert migrate(server.settings, {**days, "analytics": 7}) == []
        found = run_query(server.settings, "SHOW CREATE TABLE sanaq.events").rows[0][0]
        assert _days(next(line for line in found.splitlines() if "`person_id`" in line)) == 7


def test_what_is_past_its_time_goes(home: Path) -> None:
    now = datetime.now(UTC)
    days = shipped_retention()
    with run_server(home) as server:
        client = connect(server.settings)
        rows = [
            {"site": "soq", "person_id": b"p" * 16, "latitude": 43.2, "received_at": now - age}
            for age in (
                timedelta(days=1),
                timedelta(days=days["geolocation"] + 1),
                timedelta(days=days["analytics"] + 1),
                timedelta(days=days["necessary"] + 1),
            )
        ]
        insert_frame(client, "events", frame_of("events", rows), uuid.uuid4().hex)
        client.command("OPTIMIZE TABLE sanaq.events FINAL")
        sql = "SELECT person_id, latitude FROM sanaq.events ORDER BY received_at DESC"
        found = [tuple(row) for row in client.query(sql).result_rows]
        assert found == [(b"p" * 16, 43.2), (b"p" * 16, None), (NO_ID, None)]
        client.close()


def test_a_warehouse_of_another_version_is_left_alone(home: Path) -> None:
    with run_server(home) as server:
        client = connect(server.settings)
        client.command(
            "INSERT INTO sanaq.migrations (version, name, sha256) SELECT 9999, 'later', 'x'"
        )
        client.close()
        with pytest.raises(ConfigError, match="another version of sanaq"):
            migrate(server.settings, shipped_retention())


def test_retention_needs_every_purpose() -> None:
    sql = (TABLES_DIR / f"{RETENTION}.sql").read_text()
    assert "$" not in render(sql, shipped_retention())
    with pytest.raises(KeyError):
        render(sql, {"necessary": 1})
