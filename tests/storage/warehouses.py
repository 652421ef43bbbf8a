"""What the warehouse's tests share: a real embedded server, rows for it, a plain HTTP client."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import polars as pl

from config.policy_file import load_policy
from config.settings import Settings, load_settings
from storage.embedded.roles import secret_file
from storage.migrations import migrate
from storage.schemas import NO_ID, TABLES
from tests.helpers import ROOT, free_port

START_SECONDS_MAX = 60
PROGRAM = (
    "from storage.embedded.server import run_embedded\n"
    "from config.settings import load_settings\n"
    "run_embedded(load_settings())"
)
NOW = datetime(2026, 11, 22, 5, 11, 12, 345_000, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def code(self) -> int:
        """ClickHouse's code for the fault; 0 for none."""
        return int(self.headers.get("x-clickhouse-exception-code", "0"))


@dataclass
class Server:
    """One embedded warehouse in a process of its own."""

    environ: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    settings: Settings = field(init=False)

    def __post_init__(self) -> None:
        self.settings = load_settings(self.environ)

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env={**os.environ, **self.environ},
            stderr=subprocess.PIPE,
        )
        until = time.monotonic() + START_SECONDS_MAX
        while not self.answers():
            assert self.process.poll() is None, "the server ended before it answered"
            assert time.monotonic() < until, "the server did not start in time"
            time.sleep(0.05)

    def answers(self) -> bool:
        """Say whether it takes connections."""
        try:
            return self.ask("", method="GET", path="/ping", role=None).status == 200
        except OSError:
            return False

    def kill(self, number: int = signal.SIGKILL) -> bytes:
        """End it and give what it wrote on standard error."""
        assert self.process is not None
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=START_SECONDS_MAX)
        return errors or b""

    def password(self, role: str) -> str:
        """Give a role's password."""
        return secret_file(self.settings.home / "warehouse", role).read_text()

    def ask(
        self,
        body: str | bytes,
        role: str | None = "sanaq_reader",
        *,
        method: str = "POST",
        path: str = "/",
        headers: Mapping[str, str] | None = None,
        **fields: str,
    ) -> Told:
        """Send one request by hand; `fields` go into the address."""
        sent = dict(headers or {})
        if role:
            sent = {"X-ClickHouse-User": role, "X-ClickHouse-Key": self.password(role)} | sent
        address = f"{path}?{urlencode(fields)}" if fields else path
        data = body.encode() if isinstance(body, str) else body
        connection = http.client.HTTPConnection(str(self.settings.embedded), timeout=60)
        try:
            connection.request(method, address, data if method == "POST" else None, sent)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Told(answer.status, told, answer.read())
        finally:
            connection.close()


def make_server(home: Path, **more: str) -> Server:
    """Describe a server over a home folder; it is not started."""
    environ = {
        "SANAQ_HOME": str(home),
        "SANAQ_CONFIG": str(ROOT / "config"),
        "SANAQ_EMBEDDED": f"127.0.0.1:{free_port()}",
    }
    return Server({**environ, **more})


@contextmanager
def run_server(home: Path, *, tables: bool = True, **more: str) -> Iterator[Server]:
    """Run a server over a home folder, with its tables unless told otherwise."""
    server = make_server(home, **more)
    server.start()
    try:
        if tables:
            migrate(server.settings, shipped_retention())
        yield server
    finally:
        if server.process is not None and server.process.poll() is None:
            server.kill(signal.SIGTERM)


def shipped_retention() -> dict[str, int]:
    """Give the retention of the policy that comes with the product."""
    policy = load_policy(ROOT / "config")
    return {name: policy.retention_days(name) for name in policy.purposes}


def frame_of(table: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Fill rows up to the table's schema: texts empty, numbers null, ids absent, times equal."""
    schema = TABLES[table]
    columns = {
        name: [row.get(name, _default(name, kind)) for row in rows] for name, kind in schema.items()
    }
    return pl.DataFrame(columns, schema=schema)


def _default(name: str, kind: Any) -> Any:
    if name in ("event_id", "batch_id", "consent_id"):
        return str(uuid.uuid4())
    if name in ("occurred_at", "received_at", "decided_at"):
        return NOW
    if name == "is_bot":
        return False
    if kind in (pl.Float64, pl.UInt16):
        return None
    return {pl.String: "", pl.Binary: NO_ID}.get(kind, [])
