"""The way to the warehouse, embedded or a cluster: connect, insert, ask.

Called by the loader, the migrations, the aggregator, the dashboards and `sanaq sql`. Everything
goes over HTTP through clickhouse-connect. No text of the server's reaches an exception or a log:
it may quote data.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import SplitResult, unquote, urlsplit

import clickhouse_connect
import polars as pl
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import Error, ProgrammingError

from config.residency import hold_store
from config.settings import Settings
from storage.embedded.roles import secret_file
from storage.errors import Unavailable
from storage.json_values import to_json
from storage.schemas import ID_COLUMN, TABLES, WRITTEN

RoleName = Literal["sanaq_writer", "sanaq_reader", "sanaq_operator", "sanaq_analyst"]
"""Who asks. With a cluster given by DSN, the DSN's own user asks, whatever the role."""

CONNECT_SECONDS_MAX = 5
"""Longest wait for a connection, in seconds."""

ANSWER_SECONDS_MAX = 300
"""Longest wait for the next piece of an answer, in seconds."""

IDS_PER_QUERY_MAX = 10_000
"""Ids go to the server in lists of so many; a list of more would be a query of megabytes."""

INSERT_BYTES = 1_000_000
"""An insert's body leaves in pieces of so many bytes."""

WAIT_CODES = frozenset({159, 202, 203, 209, 210, 216, 241, 242, 243, 252, 319, 394, 425, 999})
"""The server's codes for trouble that passes: busy, slow, out of memory or disk, too many parts."""

ARROW_SETTINGS = {"enable_nullable_tuple_type": 0}
"""A nullable struct of Arrow's is read as a plain tuple, which is what a Map is made of. Servers
before tuples could be null do not know the setting and do not need it."""

# The client tells its own log of failures, with addresses and the server's words.
logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)


class Refused(Exception):
    """The server understood and said no: the statement or the rows are at fault, not the moment.

    Who handles it: the loader parks the batch; commands exit with 1.
    """

    def __init__(self, code: int, detail: str = "") -> None:
        super().__init__(f"the warehouse refused, code {code}")
        self.code = code
        """ClickHouse's number for the fault; 0 where none was given."""
        self.detail = detail
        """The server's own words. May quote data: for the person who asked, never for a log."""


@dataclass(frozen=True)
class Answer:
    """Rows of a query as people and JSON take them."""

    columns: tuple[str, ...]
    """Names, in the query's order."""
    rows: tuple[tuple[Any, ...], ...]
    """Values that JSON knows; binary as lower-case hex, integers over 53 bits as text."""


def connect(settings: Settings, role: RoleName = "sanaq_writer") -> Client:
    """Connect to the warehouse; the caller closes the client.

    A client is for one thread at a time and asks nothing by itself after this.
    Errors: `Unavailable`, also while the embedded warehouse has never run; `Refused` where the
    server does not take the credentials; `ConfigError` where the policy does not declare its host.
    """
    with errors():
        return clickhouse_connect.get_client(
            **_address(settings, role),
            compress=False,
            connect_timeout=CONNECT_SECONDS_MAX,
            send_receive_timeout=ANSWER_SECONDS_MAX,
            autogenerate_session_id=False,
            autogenerate_query_id=True,
            # Lists of ids are too long for an address.
            form_encode_query_params=True,
            show_clickhouse_errors="scrub",
            tz_mode="aware",
        )


def _address(settings: Settings, role: RoleName) -> dict[str, Any]:
    """Give host, port, database and credentials for clickhouse-connect."""
    hold_store(settings, "warehouse")
    if settings.clickhouse is not None:
        return _read_dsn(urlsplit(settings.clickhouse))
    try:
        password = secret_file(settings.home / "warehouse", role).read_text()
    except FileNotFoundError:
        raise Unavailable("warehouse") from None
    return {
        "interface": "http",
        "host": settings.embedded.host,
        "port": settings.embedded.port,
        "username": role,
        "password": password,
    }


def _read_dsn(dsn: SplitResult) -> dict[str, Any]:
    secure = dsn.scheme == "https"
    return {
        "interface": "https" if secure else "http",
        "host": dsn.hostname,
        "port": dsn.port or (8443 if secure else 8123),
        "username": unquote(dsn.username or "default"),
        "password": unquote(dsn.password or ""),
        "database": dsn.path.strip("/") or "sanaq",
    }


@contextmanager
def errors() -> Iterator[None]:
    """Turn what clickhouse-connect raises into `Unavailable` or `Refused`, without its text."""
    try:
        yield
    except ProgrammingError as error:
        raise Refused(error.code or 0, str(error)) from None
    except Error as error:
        code = error.code or 0
        if code == 0 or code in WAIT_CODES:
            raise Unavailable("warehouse") from None
        raise Refused(code, str(error)) from None


def insert_frame(client: Client, table: str, frame: pl.DataFrame, query_id: str) -> None:
    """Insert rows of the declared schema, under the name `query_id`.

    Shape: exactly `WRITTEN[table]`, in order.
    Errors: `ValueError` where the shape differs; `Refused`; `Unavailable`. After either of the
    last two some rows may be in, or may still come: see `running_loads` and `rows_of_batches`.
    Why a generator: clickhouse-connect sends a body of bytes again when the connection breaks,
        and the first one may have arrived.
    """
    if frame.schema != pl.Schema(WRITTEN[table]):
        raise ValueError("the frame is not of the table's schema")
    body = io.BytesIO()
    frame.write_ipc_stream(body, compat_level=pl.CompatLevel.oldest())
    known = {k: v for k, v in ARROW_SETTINGS.items() if k in client.server_settings}
    with errors():
        client.raw_insert(
            f"sanaq.{table}",
            column_names=list(frame.columns),
            insert_block=_pieces(body.getvalue()),
            settings={**known, "query_id": query_id, "log_comment": query_id},
            fmt="ArrowStream",
        )


def existing_event_ids(client: Client, table: str, site: str, ids: Sequence[str]) -> set[str]:
    """Give those of the row ids of a site that the table holds, as lower-case UUIDs.

    Shape: event ids, or what else `ID_COLUMN` names.
    """
    name = _table(table)
    sql = (
        f"SELECT DISTINCT toString({ID_COLUMN[name]}) FROM sanaq.{name} "
        f"WHERE site = {{site:String}} AND {ID_COLUMN[name]} IN {{ids:Array(UUID)}}"
    )
    found: set[str] = set()
    for part in _parts(ids):
        rows = _rows(client, sql, {"site": site, "ids": part})
        found.update(row[0] for row in rows)
    return found


def rows_of_batches(client: Client, table: str, batch_ids: Sequence[str]) -> dict[str, int]:
    """Give how many rows of each batch the table holds, by lower-case UUID; 0 for none.

    Counts differing events, so that a row that was written twice and not yet merged is one.
    """
    name = _table(table)
    sql = (
        f"SELECT toString(batch_id), uniqExact(site, {ID_COLUMN[name]}) "
        f"FROM sanaq.{name} WHERE batch_id IN {{ids:Array(UUID)}} GROUP BY batch_id"
    )
    counts = {batch_id.lower(): 0 for batch_id in batch_ids}
    for part in _parts(batch_ids):
        counts.update((row[0], row[1]) for row in _rows(client, sql, {"ids": part}))
    return counts


def running_loads(client: Client, prefix: str) -> int:
    """Give how many queries whose id starts with `prefix` may still have an effect.

    The embedded warehouse fills `requests_held` with all requests that it holds, those that wait
    and those whose body is still coming included; a server of another kind leaves it empty.
    """
    sql = (
        "SELECT toUInt64(arrayCount(id -> startsWith(id, {prefix:String}), "
        "{requests_held:Array(String)})) + (SELECT count() FROM system.processes "
        "WHERE startsWith(query_id, {prefix:String})) AS running"
    )
    held: list[str] = []
    rows = _rows(client, sql, {"prefix": prefix, "requests_held": held})
    return int(rows[0][0])


def run_query(
    settings: Settings,
    sql: str,
    parameters: Mapping[str, Any] | None = None,
    role: RoleName = "sanaq_reader",
) -> Answer:
    """Run one reading query with parameters (`{name:Type}`) and give its rows.

    Errors: `Unavailable`; `Refused`.
    """
    client = connect(settings, role)
    try:
        with errors():
            result = client.query(sql, parameters=dict(parameters or {}))
    finally:
        client.close()
    rows = tuple(tuple(to_json(value) for value in row) for row in result.result_rows)
    return Answer(tuple(result.column_names), rows)


def _pieces(data: bytes) -> Generator[bytes, None, None]:
    view = memoryview(data)
    for start in range(0, len(view), INSERT_BYTES):
        yield bytes(view[start : start + INSERT_BYTES])


def _table(name: str) -> str:
    """Give a declared table's name; any other is a mistake of ours and never reaches SQL."""
    if name not in TABLES:
        raise ValueError("not a declared table")
    return name


def _parts(ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ids), IDS_PER_QUERY_MAX):
        yield list(ids[start : start + IDS_PER_QUERY_MAX])


def _rows(client: Client, sql: str, parameters: dict[str, Any]) -> Sequence[Sequence[Any]]:
    with errors():
        rows: Sequence[Sequence[Any]] = client.query(sql, parameters=parameters).result_rows
    return rows
