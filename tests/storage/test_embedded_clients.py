"""clickhouse-connect, sync and async, against the embedded warehouse: unchanged, as to a server."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from typing import Any

import clickhouse_connect
import polars as pl
import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError

from tests.storage.warehouses import Server

COLUMNS = "a UInt64, b String, c DateTime64(3, 'UTC'), d FixedString(2), e Map(String, UInt8)"
ROWS = [
    [1, "х", datetime(2026, 11, 22, 5, 11, 12, 345_000, tzinfo=UTC), b"\x00\xff", {"k": 1}],
    [2**63, "", datetime(1970, 1, 1, tzinfo=UTC), b"ab", {}],
]
NAMES = ["a", "b", "c", "d", "e"]


def options(server: Server, role: str) -> dict[str, Any]:
    """Give what anyone needs to connect."""
    listens = server.settings.embedded
    password = server.password(role)
    return {
        "host": listens.host,
        "port": listens.port,
        "username": role,
        "password": password,
        "tz_mode": "aware",
    }


@contextmanager
def synchronous(server: Server, role: str = "sanaq_writer", **more: Any) -> Iterator[Client]:
    client = clickhouse_connect.get_client(**options(server, role), **more)
    try:
        yield client
    finally:
        client.close()


@asynccontextmanager
async def asynchronous(server: Server, role: str = "sanaq_writer") -> AsyncIterator[AsyncClient]:
    client = await clickhouse_connect.get_async_client(**options(server, role))
    try:
        yield client
    finally:
        await client.close()


def new_table() -> str:
    return f"sanaq.t_{uuid.uuid4().hex[:8]}"


@pytest.mark.parametrize(
    "more", [{}, {"compress": False}, {"compress": "gzip"}, {"compress": "br"}]
)
def test_the_sync_client_inserts_and_reads(warehouse: Server, more: dict[str, Any]) -> None:
    table = new_table()
    with synchronous(warehouse, **more) as client:
        client.command(f"CREATE TABLE {table} ({COLUMNS}) ENGINE = MergeTree ORDER BY a")
        summary = client.insert(table, ROWS, column_names=NAMES)
        assert summary.written_rows == 2
        result = client.query(f"SELECT * FROM {table} ORDER BY a")
        assert [list(row) for row in result.result_rows] == ROWS
        assert result.column_names == tuple(NAMES)
        sql = "SELECT b FROM {t:Identifier} WHERE a = {a:UInt64}"
        assert client.command(sql.replace("{t:Identifier}", table), {"a": 1}) == "х"
        assert client.ping()
        assert (client.server_version or "").startswith("26.")


def test_the_async_client_inserts_and_reads(warehouse: Server) -> None:
    table = new_table()

    async def work() -> None:
        async with asynchronous(warehouse) as client:
            await client.command(f"CREATE TABLE {table} ({COLUMNS}) ENGINE = MergeTree ORDER BY a")
            await client.insert(table, ROWS, column_names=NAMES)
            result = await client.query(f"SELECT * FROM {table} ORDER BY a")
            assert [list(row) for row in result.result_rows] == ROWS
            many = [client.query("SELECT {n:UInt16}", parameters={"n": n}) for n in range(20)]
            rows = [answer.result_rows[0][0] for answer in await asyncio.gather(*many)]
            assert rows == list(range(20))

    asyncio.run(work())


def test_clients_of_readers_connect_and_read(warehouse: Server) -> None:
    for role in ("sanaq_reader", "sanaq_operator", "sanaq_analyst"):
        with synchronous(warehouse, role) as client:
            assert client.query("SELECT 1 AS one").first_item == {"one": 1}
            with pytest.raises(DatabaseError) as refused:
                client.command("CREATE TABLE mine (a UInt8) ENGINE = Memory")
            assert refused.value.code == 497


def test_large_answers_are_streamed_to_both_clients(warehouse: Server) -> None:
    sql = "SELECT number, toString(number) FROM numbers(500000)"
    with synchronous(warehouse) as client, client.query_row_block_stream(sql) as blocks:
        assert sum(len(block) for block in blocks) == 500_000

    async def work() -> int:
        async with (
            asynchronous(warehouse) as client,
            await client.query_row_block_stream(sql) as blocks,
        ):
            return sum([len(block) async for block in blocks])

    assert asyncio.run(work()) == 500_000


@pytest.mark.parametrize(
    ("sql", "code"), [("SELECT throwIf(number = 900000) FROM numbers(1000000)", 395), ("SELEC", 62)]
)
def test_both_clients_learn_of_faults(warehouse: Server, sql: str, code: int) -> None:
    with synchronous(warehouse) as client, pytest.raises(DatabaseError, match=f"Code: {code}"):
        client.query(sql)

    async def work() -> None:
        async with asynchronous(warehouse) as client:
            await client.query(sql)

    with pytest.raises(DatabaseError, match=f"Code: {code}"):
        asyncio.run(work())


def test_a_fault_in_a_stream_reaches_the_client(warehouse: Server) -> None:
    sql = "SELECT number, throwIf(number = 9000000) FROM numbers(10000000)"
    with (
        synchronous(warehouse) as client,
        pytest.raises(DatabaseError, match="Code: 395"),
        client.query_row_block_stream(sql) as blocks,
    ):
        assert sum(len(block) for block in blocks) < 10_000_000


def test_columnar_answers_need_no_pyarrow(warehouse: Server) -> None:
    with synchronous(warehouse, "sanaq_reader") as client:
        sql = "SELECT number AS n, toString(number) AS s FROM numbers(100000)"
        frame = pl.read_ipc_stream(client.raw_query(sql, fmt="ArrowStream"))
        assert frame["n"].sum() == sum(range(100_000))
        assert frame.schema["s"] == pl.String


def test_long_lists_travel_as_forms(warehouse: Server) -> None:
    with synchronous(warehouse, "sanaq_reader", form_encode_query_params=True) as client:
        ids = [str(uuid.UUID(int=number)) for number in range(20_000)]
        sql = "SELECT length({ids:Array(UUID)})"
        assert client.query(sql, parameters={"ids": ids}).result_rows == [(20_000,)]
