"""The spool's database file: its tables, how it is opened, and what it is worth after a crash.

One SQLite file, one writer (the spooler), readers beside it (loader, ledger). WAL with
`synchronous=FULL`: a transaction that returned has been handed to the disk with fsync.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from pathlib import Path

from config.settings import Settings
from storage.errors import Unavailable
from storage.sqlite_open import set_pragmas

FILE_NAME = "spool.sqlite"
"""Name of the database in the spool's folder."""

SPOOLED, LOADING, LOADED, PARKED = range(4)
"""States of a batch: waits; handed to the loader; in the warehouse; needs a person."""

BUSY_SECONDS = 10.0
"""How long a reader waits for a lock."""

WRITER_BUSY_SECONDS = 1.0
"""How long the writer waits for a lock; it is the only one who writes, so rarely at all."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batches (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    batch_id BLOB NOT NULL UNIQUE,
    table_name TEXT NOT NULL,
    schema_version INTEGER NOT NULL,
    rows INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    duplicates BLOB NOT NULL,
    sites BLOB NOT NULL,
    day INTEGER NOT NULL,
    span INTEGER NOT NULL,
    committed_at INTEGER NOT NULL,
    state INTEGER NOT NULL,
    claims INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    loaded_at INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS batches_waiting ON batches (seq) WHERE state IN (0, 1);
CREATE INDEX IF NOT EXISTS batches_kept ON batches (loaded_at) WHERE state = 2;
CREATE INDEX IF NOT EXISTS batches_parked ON batches (seq) WHERE state = 3;
CREATE TABLE IF NOT EXISTS blobs (seq INTEGER PRIMARY KEY, blob BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS spans (
    span INTEGER PRIMARY KEY AUTOINCREMENT,
    started_at INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS digests (
    seq INTEGER PRIMARY KEY,
    span INTEGER NOT NULL,
    digests BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS commits (
    number INTEGER PRIMARY KEY,
    commit_id BLOB NOT NULL UNIQUE,
    committed_at INTEGER NOT NULL,
    answer BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS counters (
    day INTEGER NOT NULL,
    site TEXT NOT NULL,
    table_name TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT NOT NULL,
    n INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (day, site, table_name, outcome, reason)
) WITHOUT ROWID;
"""


def spool_file(settings: Settings) -> Path:
    """Give the path of an installation's spool database; its folder is made."""
    return settings.path("spool") / FILE_NAME


def open_for_writing(
    path: Path, connection_class: type[sqlite3.Connection] = sqlite3.Connection
) -> sqlite3.Connection:
    """Open the database for its one writer, made where it is missing.

    Errors: sqlite3.Error.
    """
    path.touch(mode=0o600)
    connection = sqlite3.connect(
        path, WRITER_BUSY_SECONDS, isolation_level=None, factory=connection_class
    )
    set_pragmas(
        connection,
        "auto_vacuum=INCREMENTAL",
        "journal_mode=WAL",
        "synchronous=FULL",
        # What was deleted is overwritten: a forgotten row is in no free page.
        "secure_delete=ON",
        "wal_autocheckpoint=2000",
        "journal_size_limit=64000000",
        "cache_size=-16000",
    )
    connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}COMMIT;")
    # The file's own entry in its folder must outlive a power cut too.
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open the database for reading beside its writer, in one consistent view.

    Errors: Unavailable where there is no database yet.
    """
    address = f"{path.absolute().as_uri()}?mode=ro"
    try:
        connection = sqlite3.connect(address, BUSY_SECONDS, isolation_level=None, uri=True)
    except sqlite3.OperationalError:
        raise Unavailable("spool") from None
    try:
        # The view begins with the first reading, so that everything after is of one moment.
        connection.execute("BEGIN")
        connection.execute("SELECT count(*) FROM (SELECT 1 FROM counters LIMIT 1)").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        raise Unavailable("spool") from None
    return connection


def read_boot_id() -> bytes:
    """Give 16 bytes that differ from one start of the machine to the next.

    Where the system does not tell, every call gives another: each start counts as a reboot.
    """
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except OSError:
        return uuid.uuid4().bytes
    return uuid.UUID(text.strip()).bytes
