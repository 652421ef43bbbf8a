"""Reads the warehouse for the pages, with connections that are kept between requests."""

from __future__ import annotations

from collections.abc import Mapping
from queue import Empty, Full, LifoQueue
from typing import Any

from clickhouse_connect.driver.client import Client

from config.settings import Settings
from storage.warehouse import connect, errors

CLIENTS_IDLE_MAX = 8
"""Most connections that are kept open while nobody asks."""


class WarehouseReads:
    """Runs queries as `sanaq_reader`, each on a connection of its own; safe between threads.

    Why kept connections: making one asks the server four things first, a query asks one.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._idle: LifoQueue[Client] = LifoQueue(CLIENTS_IDLE_MAX)

    def read(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Give all rows of a query with parameters (`{name:Type}`).

        Errors: `Unavailable`; `Refused`. The connection of a query that failed is not used again.
        """
        client = self._take()
        try:
            with errors():
                rows = client.query(sql, parameters=dict(parameters)).result_rows
        except BaseException:
            client.close()
            raise
        self._give_back(client)
        return [tuple(row) for row in rows]

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while True:
            try:
                self._idle.get_nowait().close()
            except Empty:
                return

    def _take(self) -> Client:
        try:
            return self._idle.get_nowait()
        except Empty:
            return connect(self._settings, "sanaq_reader")

    def _give_back(self, client: Client) -> None:
        try:
            self._idle.put_nowait(client)
        except Full:
            client.close()
