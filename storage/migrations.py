"""The warehouse's tables, brought to this version: `config/tables/NNNN_name.sql`, in order.

Each file is one statement, runs once and is recorded in `sanaq.migrations`. The retention of the
policy is applied apart, whenever it has changed. Called at start by the loader and by tests.
Every statement may run twice, so that two that start at once do no harm.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Template

from clickhouse_connect.driver.client import Client

from config.errors import ConfigError
from config.settings import Settings
from storage.warehouse import connect, errors

TABLES_DIR = Path(__file__).resolve().parent.parent / "config" / "tables"
"""Where the statements lie."""

RETENTION = "retention"
"""Name under which the retention that was applied last is recorded; its version is 0."""

_NAME = re.compile(r"(?P<version>\d{4})_(?P<name>[a-z_]+)")

_RECORD = """CREATE TABLE IF NOT EXISTS sanaq.migrations
(
    version UInt32,
    name LowCardinality(String),
    sha256 String,
    applied_at DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = MergeTree
ORDER BY (version, applied_at)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"""


@dataclass(frozen=True)
class Migration:
    """One step."""

    version: int
    """Number of the file, from 1."""
    name: str
    """Its name."""
    sql: str
    """One statement."""

    @property
    def sha256(self) -> str:
        """Digest of the statement, in hex."""
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrate(settings: Settings, retention_days: Mapping[str, int]) -> list[str]:
    """Bring the warehouse to this version; give the names of the steps that were taken.

    `retention_days` is by purpose, for every purpose that `retention.sql` names.
    Errors: `Unavailable`; `Refused`; `ConfigError` where the warehouse is newer than this
    program or a step that was taken has another text now.
    """
    client = connect(settings, "sanaq_writer")
    try:
        return _migrate(client, retention_days)
    finally:
        client.close()


def _migrate(client: Client, retention_days: Mapping[str, int]) -> list[str]:
    with errors():
        client.command(_RECORD)
    done = _read_done(client)
    _check_done(done)
    taken = []
    for step in list_migrations():
        if step.version not in done:
            _apply(client, step, [step.sql])
            taken.append(step.name)
    retention = render((TABLES_DIR / f"{RETENTION}.sql").read_text(), retention_days)
    step = Migration(version=0, name=RETENTION, sql=retention)
    if done.get(0) != step.sha256:
        _apply(client, step, list(_split(retention)))
        taken.append(step.name)
    return taken


def list_migrations() -> list[Migration]:
    """Give all steps, in order. A gap in their numbers is a mistake of ours: `AssertionError`."""
    steps = []
    for file in sorted(TABLES_DIR.glob("[0-9]*.sql")):
        found = _NAME.fullmatch(file.stem)
        assert found, "a file of a step is named NNNN_name.sql"
        (sql,) = _split(file.read_text())
        steps.append(Migration(int(found["version"]), found["name"], sql))
    versions = [step.version for step in steps]
    assert versions == list(range(1, len(steps) + 1)), "the steps are numbered without a gap"
    return steps


def render(sql: str, retention_days: Mapping[str, int]) -> str:
    """Put the days of each purpose where `$retention_<purpose>_days` stands.

    Errors: `KeyError` with the name of a purpose that has no days.
    """
    names = {f"retention_{name}_days": str(int(days)) for name, days in retention_days.items()}
    return Template(sql).substitute(names)


def _read_done(client: Client) -> dict[int, str]:
    """Give the digest of each version that was taken, the newest where there are several."""
    sql = "SELECT version, argMax(sha256, applied_at) FROM sanaq.migrations GROUP BY version"
    with errors():
        return {row[0]: row[1] for row in client.query(sql).result_rows}


def _check_done(done: Mapping[int, str]) -> None:
    """Refuse a warehouse that another version of the product has changed otherwise."""
    known = {step.version: step.sha256 for step in list_migrations()}
    for version, sha256 in done.items():
        if version and known.get(version) != sha256:
            what = "the warehouse was made by another version of sanaq; install that one or newer"
            raise ConfigError("config/tables", 0, what)


def _apply(client: Client, step: Migration, statements: list[str]) -> None:
    with errors():
        for sql in statements:
            client.command(sql)
        client.command(
            "INSERT INTO sanaq.migrations (version, name, sha256) "
            "SELECT {version:UInt32}, {name:String}, {sha256:String}",
            parameters={"version": step.version, "name": step.name, "sha256": step.sha256},
        )


def _split(sql: str) -> Iterator[str]:
    """Give the statements of a file, which end in `;` at the end of a line."""
    lines = [line for line in sql.splitlines() if not line.lstrip().startswith("--")]
    for statement in "\n".join(lines).split(";\n"):
        text = statement.strip().rstrip(";")
        if text:
            yield text
