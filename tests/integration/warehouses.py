"""A real embedded warehouse for tests, and rows of events to put into it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from config.policy_file import load_policy
from config.settings import Settings, load_settings
from storage.migrations import migrate
from storage.schemas import EVENTS, NO_ID
from tests.helpers import ROOT, free_port

START_SECONDS_MAX = 90.0
"""How long the engine may take to come up on a busy machine."""

_EMPTY: dict[type[pl.DataType] | str, Any] = {"String": "", "Binary": NO_ID, "Boolean": False}


@contextmanager
def serve_warehouse(home: Path) -> Iterator[Settings]:
    """Run `sanaq embedded` over a home until the block ends; tables are there."""
    environ = {
        "SANAQ_HOME": str(home),
        "SANAQ_CONFIG": str(ROOT / "config"),
        "SANAQ_EMBEDDED": f"127.0.0.1:{free_port()}",
        "SANAQ_MASTER_KEY": bytes(range(32)).hex(),
    }
    command = [sys.executable, str(ROOT / "cli.py"), "embedded"]
    # The engine's own log lines go nowhere: an unread pipe would stop it when full.
    process = subprocess.Popen(
        command, env={**os.environ, **environ}, cwd=ROOT, stderr=subprocess.DEVNULL
    )
    settings = load_settings(environ)
    try:
        _wait(process, settings)
        policy = load_policy(settings.config_dir)
        migrate(settings, {name: policy.retention_days(name) for name in policy.purposes})
        yield settings
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def make_events(rows: list[dict[str, Any]], received_at: datetime) -> pl.DataFrame:
    """Rows of the events table; every column that a row does not name is empty."""
    frame = pl.DataFrame([_fill(row, received_at) for row in rows], schema=EVENTS)
    return frame


def _fill(row: dict[str, Any], received_at: datetime) -> dict[str, Any]:
    properties = row.get("properties", {})
    filled: dict[str, Any] = {}
    for name, kind in EVENTS.items():
        if isinstance(kind, pl.List):
            filled[name] = []
        else:
            text = str(kind() if isinstance(kind, type) else kind)
            filled[name] = _EMPTY.get(text)
    given = {
        "event_id": str(uuid.uuid4()),
        "batch_id": str(uuid.UUID(int=1)),
        "received_at": received_at,
        **row,
        "properties": [{"key": key, "value": value} for key, value in properties.items()],
    }
    return {**filled, **given}


def _wait(process: subprocess.Popen[bytes], settings: Settings) -> None:
    until = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < until:
        assert process.poll() is None, "the embedded warehouse ended"
        try:
            with urllib.request.urlopen(f"http://{settings.embedded}/ping", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the embedded warehouse did not come up")
