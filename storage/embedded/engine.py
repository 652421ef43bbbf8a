"""The engine in this process: one data folder, a connection for each query, a role on each.

Promises that a statement never meets what an earlier one left behind: its connection is made for
it (2 ms), given its settings and role, and closed after it. The engine releases Python's lock
while it works, so queries of several threads run side by side; one connection belongs to one
thread at a time.
"""

from __future__ import annotations

import fcntl
import importlib
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import ConfigError
from storage.embedded.engine_files import ENGINE_ROLE, write_engine_files
from storage.embedded.failures import ServerError

DATABASES = ("sanaq", "sanaq_analyst")
"""The databases that exist from the first start."""


@dataclass(frozen=True)
class Chunk:
    """A piece of an answer."""

    data: bytes
    """Bytes in the format that was asked for."""
    rows: int
    """Rows in it."""


@dataclass(frozen=True)
class Totals:
    """What a statement cost, as far as the engine tells."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0


class Session:
    """One connection to the engine, for one thread at a time."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def run(
        self, sql: str, form: str = "TabSeparated", parameters: Mapping[str, str] | None = None
    ) -> tuple[bytes, Totals]:
        """Run one statement and give its whole answer in the format `form`, with its cost.

        `parameters` are texts as ClickHouse's HTTP interface takes them.
        Errors: `ServerError`.
        """
        with _engine_errors():
            result = self._connection.query(sql, form, params=dict(parameters or {}))
        data = result.bytes() if result.size() else b""
        return data, Totals(
            read_rows=result.storage_rows_read(),
            read_bytes=result.storage_bytes_read(),
            written_rows=result.rows_written(),
            written_bytes=result.bytes_written(),
            result_rows=result.rows_read(),
            result_bytes=len(data),
        )

    def stream(
        self, sql: str, form: str, parameters: Mapping[str, str]
    ) -> Generator[Chunk, None, None]:
        """Run one SELECT and give its answer block by block; each is whole in the format `form`.

        Close it before the session ends, whether it is used up or not: that cancels the query.
        Errors: `ServerError`, at any block.
        """
        with _engine_errors():
            stream = self._connection.send_query(sql, form, params=dict(parameters))
        ended = False
        try:
            while not ended:
                with _engine_errors():
                    block = self._connection.streaming_fetch_result(stream)
                ended = block is None or block.rows_read() == 0
                if block is not None and block.size():
                    yield Chunk(block.bytes(), block.rows_read())
        finally:
            if not ended:
                with _engine_errors():
                    self._connection.streaming_cancel_query(stream)

    def insert(self, sql: str, form: str, blocks: Iterator[bytes]) -> Totals:
        """Insert rows in the format `form` by an INSERT without data; give what was written.

        Errors: `ServerError`; some rows may have been written before it.
        """
        with _engine_errors():
            inserting = self._connection.send_insert(sql, form)
        finished = False
        try:
            for block in blocks:
                with _engine_errors():
                    self._connection.insert_append(inserting, block)
            with _engine_errors():
                result = self._connection.insert_done(inserting)
            finished = True
        finally:
            if not finished:
                self._cancel_insert(inserting)
        return Totals(written_rows=result.rows_written(), written_bytes=result.bytes_written())

    def _cancel_insert(self, inserting: Any) -> None:
        try:
            self._connection.insert_cancel(inserting)
        except RuntimeError:
            return  # The engine had already ended it with the error that is on its way up.

    def set(self, settings: Mapping[str, str]) -> None:
        """Give the connection settings, all or none.

        Errors: `ServerError` where the engine does not know one or its value.
        """
        if settings:
            listed = ", ".join(f"{name} = {quote(value)}" for name, value in settings.items())
            self.run(f"SET {listed}")

    def become(self, role: str) -> None:
        """Leave the connection with the grants of `role` alone.

        Errors: `ServerError`; the connection must then not be used.
        """
        self.run(f"SET ROLE {role}")


class Engine:
    """ClickHouse in this process, over one data folder that no other process holds."""

    def __init__(self, warehouse: Path, memory_bytes_max: int) -> None:
        self._lock = _lock(warehouse)
        os.environ["TZ"] = "UTC"  # The engine's time zone; it takes it from nowhere else.
        # Half a second and 300 MB that only this role needs, so it is not imported above.
        chdb: Any = importlib.import_module("chdb")
        self._connect = chdb._chdb.connect
        # The engine's handlers would swallow our SIGTERM; the process needs its own.
        chdb._chdb.reset_signal_handlers()
        config = write_engine_files(warehouse, memory_bytes_max)
        self._address = f"{warehouse / 'data'}?config-file={config}"
        with _engine_errors():
            # The engine lives as long as one connection does.
            self._root = Session(self._connect(self._address))
        self.version: str = self._root.run("SELECT version()")[0].decode().strip()
        """Version of ClickHouse, as clients see it."""
        for name in DATABASES:
            self._root.run(f"CREATE DATABASE IF NOT EXISTS {name}")

    @contextmanager
    def session(self, role: str = ENGINE_ROLE) -> Iterator[Session]:
        """Lend a connection with the grants of `role`, made for the caller and closed after it.

        Errors: `ServerError`.
        """
        with _engine_errors():
            connection = self._connect(self._address)
        try:
            session = Session(connection)
            session.become(role)
            yield session
        finally:
            connection.close()

    def cancel(self, query_id: str) -> None:
        """Ask the engine to end the query of this id; one that has ended already is no error."""
        with self.session() as session:
            session.run(
                "KILL QUERY WHERE Settings['log_comment'] = {query_id:String} ASYNC",
                parameters={"query_id": escape_parameter(query_id)},
            )

    def cancel_all(self) -> None:
        """Ask the engine to end all queries."""
        self._root.run("KILL QUERY WHERE query_id != queryID() ASYNC")

    def close(self) -> None:
        """End the engine; every session must be closed before."""
        self._root._connection.close()
        os.close(self._lock)


def quote(text: str) -> str:
    """Write a text as a literal of ClickHouse's SQL."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def escape_parameter(text: str) -> str:
    """Write a text as the value of a String parameter, which is read with TSV's escapes."""
    for plain, escaped in (("\\", "\\\\"), ("\t", "\\t"), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(plain, escaped)
    return text.replace("\0", "\\0")


@contextmanager
def _engine_errors() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise ServerError.of_engine(str(error)) from None


def _lock(warehouse: Path) -> int:
    """Hold the folder for this process; give the descriptor that holds it."""
    descriptor = os.open(warehouse / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        what = "another process serves this warehouse; stop it, or set another SANAQ_HOME"
        raise ConfigError(str(warehouse), 0, what) from None
    return descriptor
