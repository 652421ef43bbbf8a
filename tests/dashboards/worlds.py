"""What the dashboards' tests share: a real installation, rows for it, and a signed-in browser.

Embedded warehouse and dashboards run as processes of their own, as they do for an operator. Tests
share them and keep apart by site: each makes a site of its own name.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import polars as pl

from config.settings import Settings, load_settings
from config.vocabulary import load_vocabulary
from dashboards.warehouse_reads import WarehouseReads
from storage.migrations import migrate
from storage.registry import Registry, open_registry
from storage.registry.sites import add_site
from storage.registry.users import Role, add_user, link_path
from storage.schemas import EVENTS, NO_ID
from storage.warehouse import connect, insert_frame
from tests.helpers import ROOT, free_port

START_SECONDS_MAX = 60
PASSWORD = "seven brown foals by the river"
ZONE = "Asia/Almaty"
EMBEDDED = "from storage.embedded.server import run_embedded as run"
DASHBOARDS = "from dashboards.app import run_dashboards as run"

Row = Mapping[str, Any]
"""Columns of an event that a test cares about; the rest is filled in by `frame_of`."""


@dataclass(frozen=True)
class World:
    """One running installation."""

    settings: Settings
    registry: Registry
    reads: WarehouseReads

    @property
    def address(self) -> str:
        """Where the dashboards are."""
        return f"http://{self.settings.dashboards}"

    def add_site(self, prefix: str = "soq", zone: str = ZONE) -> str:
        """Make a site that no other test has, and give its name."""
        name = f"{prefix}-{uuid.uuid4().hex[:8]}"
        add_site(self.registry, name, "cli:0", timezone=zone)
        return name

    def insert(self, site: str, rows: Sequence[Row]) -> None:
        """Put events into the warehouse."""
        client = connect(self.settings)
        try:
            insert_frame(client, "events", frame_of(site, rows), uuid.uuid4().hex)
        finally:
            client.close()

    def invite(self, role: Role = "analyst") -> tuple[str, str]:
        """Make a user; give the e-mail and the path of the one-time link."""
        email = f"{uuid.uuid4().hex[:12]}@soq.example"
        return email, link_path(add_user(self.registry, email, role, "cli:0"))


def frame_of(site: str, rows: Sequence[Row]) -> pl.DataFrame:
    """Fill rows up to the table's schema: texts empty, numbers null, ids absent, times equal."""
    filled = [_fill(site, row) for row in rows]
    columns = {name: [row[name] for row in filled] for name in EVENTS}
    return pl.DataFrame(columns, schema=EVENTS)


def _fill(site: str, row: Row) -> dict[str, Any]:
    somebody = row.get("subject_id", NO_ID) != NO_ID
    return {
        **{name: _absent(kind) for name, kind in EVENTS.items()},
        "event_id": str(uuid.uuid4()),
        "batch_id": str(uuid.UUID(int=1)),
        "event_name": "page_view",
        "site": site,
        "received_at": row["occurred_at"],
        "subject_kind": "device" if somebody else "",
        "is_bot": False,
        **row,
    }


def _absent(kind: Any) -> Any:
    if kind in (pl.Float64, pl.UInt16):
        return None
    return {pl.String: "", pl.Binary: NO_ID}.get(kind, [])


def subject(number: int) -> bytes:
    """The digest of a subject, by number from 1."""
    return number.to_bytes(16, "big")


@contextmanager
def run_world(home: Path) -> Iterator[World]:
    """Start warehouse and dashboards over an empty home, and stop them afterwards."""
    environ = {
        "SANAQ_HOME": str(home),
        "SANAQ_CONFIG": str(ROOT / "config"),
        "SANAQ_EMBEDDED": f"127.0.0.1:{free_port()}",
        "SANAQ_DASHBOARDS": f"127.0.0.1:{free_port()}",
    }
    settings = load_settings(environ)
    registry = open_registry(settings)
    reads = WarehouseReads(settings)
    with _process(EMBEDDED, environ):
        _wait_for(f"http://{settings.embedded}/ping")
        _make_tables(settings)
        with _process(DASHBOARDS, environ):
            _wait_for(f"http://{settings.dashboards}/readyz")
            yield World(settings, registry, reads)
            reads.close()
            registry.close()


@contextmanager
def _process(role: str, environ: Mapping[str, str]) -> Iterator[None]:
    code = f"{role}; from config.settings import load_settings; run(load_settings())"
    process = subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, **environ}
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_for(address: str) -> None:
    end = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            if httpx.get(address, timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert time.monotonic() < end, "a process did not begin to answer"
        time.sleep(0.1)


def _make_tables(settings: Settings) -> None:
    policy = load_vocabulary(settings.config_dir).policy
    migrate(settings, {purpose: policy.retention_days(purpose) for purpose in policy.purposes})


@contextmanager
def open_client(world: World) -> Iterator[httpx.Client]:
    """A program that keeps cookies, not signed in."""
    with httpx.Client(base_url=world.address, timeout=30) as client:
        yield client


@contextmanager
def signed_in(world: World, role: Role = "analyst") -> Iterator[httpx.Client]:
    """A program that keeps cookies, signed in by a fresh link."""
    _, path = world.invite(role)
    with open_client(world) as client:
        answer = post_form(client, path, password=PASSWORD, again=PASSWORD)
        assert answer.status_code == 303
        yield client


def post_form(client: httpx.Client, path: str, **fields: str) -> httpx.Response:
    """Load the page of a form and send the form with its hidden value."""
    page = client.get(path)
    csrf = page.text.partition('name="csrf" value="')[2].partition('"')[0]
    return client.post(path, data={"csrf": csrf, **fields})


def moment(text: str) -> datetime:
    """A moment in UTC from ISO text without a zone."""
    return datetime.fromisoformat(f"{text}+00:00")
