"""The analysts' table follows what the loader loads."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

import collector.hourly_refresh
from collector.hourly_refresh import HourlyRefresh
from storage.warehouse import connect, insert_frame
from tests.storage.warehouses import NOW, frame_of, run_server


def test_days_are_computed_anew_once_after_rows_were_loaded(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collector.hourly_refresh, "REFRESH_SECONDS", 0.0)
    with run_server(home) as server:
        client = connect(server.settings)
        hourly = HourlyRefresh(NOW)
        assert hourly.run_if_due(client) == 0
        insert_frame(client, "events", frame_of("events", [{"site": "soq"}]), "one")
        assert hourly.run_if_due(client) == 0, "nothing was noted"
        hourly.note(None)
        assert hourly.run_if_due(client) == 0
        hourly.note(NOW - timedelta(minutes=1))
        hourly.note(NOW)
        assert hourly.run_if_due(client) == 1
        assert hourly.run_if_due(client) == 0, "the day is up to date"
        client.close()
