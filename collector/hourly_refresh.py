"""Keeps the analysts' hourly table behind the events by a few minutes at most."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from clickhouse_connect.driver.client import Client

from storage.rollups import refresh_hourly

REFRESH_SECONDS = 120.0
"""How often days with new events are computed anew."""

LOOK_BACK = timedelta(days=1)
"""How far back the first refresh looks: what a loader that died had loaded and not refreshed."""


class HourlyRefresh:
    """Remembers since when days are out of date, and brings them up to date now and then."""

    def __init__(self, now: datetime) -> None:
        self._since: datetime | None = now - LOOK_BACK
        self._next_at = 0.0

    def note(self, received_from: datetime | None) -> None:
        """Take into account rows that were loaded, by when the first of them was received."""
        if received_from is not None:
            self._since = min(self._since or received_from, received_from)

    def run_if_due(self, client: Client) -> int:
        """Compute the touched days anew when it is time; give how many.

        Errors: Unavailable, Refused; the days stay noted.
        """
        if self._since is None or time.monotonic() < self._next_at:
            return 0
        self._next_at = time.monotonic() + REFRESH_SECONDS
        days = refresh_hourly(client, self._since)
        self._since = None
        return len(days)
