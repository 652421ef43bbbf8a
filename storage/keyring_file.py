"""The keyring's SQLite file: sealed keys, rotations, names of the destroyed, counters of others.

Called by the keyring alone, which holds a lock around every call. `secure_delete` zeroes what is
deleted, VACUUM writes the file anew without what splitting pages left behind, and a truncating
checkpoint empties the write-ahead log: after `drive_out` the file holds the living keys only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, Self

from config.errors import ConfigError
from storage.errors import Unavailable
from storage.key_epochs import KeyClass
from storage.key_sealing import Unsealable, seal, unseal
from storage.sqlite_open import set_pragmas

LOCK_SECONDS_MAX = 30.0
"""How long a call waits for another process's lock before the keyring counts as unavailable."""

CHECK_NAME = ("", "check", "0")
"""Name of the seal that tells whether a master key is this keyring's; it holds zeros, no key."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    site TEXT NOT NULL, class TEXT NOT NULL, epoch TEXT NOT NULL, sealed BLOB NOT NULL,
    made_at TEXT NOT NULL, used_at TEXT NOT NULL, PRIMARY KEY (site, class, epoch));
CREATE TABLE IF NOT EXISTS destroyed (
    site TEXT NOT NULL, class TEXT NOT NULL, epoch TEXT NOT NULL, destroyed_at TEXT NOT NULL,
    recorded INTEGER NOT NULL, PRIMARY KEY (site, class, epoch));
CREATE TABLE IF NOT EXISTS rotations (
    site TEXT NOT NULL, class TEXT NOT NULL, starts_at TEXT NOT NULL,
    PRIMARY KEY (site, class, starts_at));
CREATE TABLE IF NOT EXISTS counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS seal_check (one INTEGER PRIMARY KEY CHECK (one = 1), sealed BLOB);
"""
"""Tables, made in one transaction at the first opening."""


class KeyName(NamedTuple):
    """What a key is called; bound into its seal."""

    site: str
    key_class: KeyClass
    epoch: str


@dataclass(frozen=True)
class StoredKey:
    """One living key as the file holds it."""

    name: KeyName
    sealed: bytes
    """The key under the master key; 60 bytes."""
    made_at: datetime
    used_at: datetime
    """Last day on which it was asked for, kept for the classes whose life follows retention."""


class KeyringFile:
    """One connection to the keyring's file."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path, master_key: bytes) -> Self:
        """Open the file, made if it is missing, and check that the master key is its own.

        Errors: ConfigError when another master key seals it; Unavailable.
        """
        with _translated():
            connection = sqlite3.connect(
                path, timeout=LOCK_SECONDS_MAX, isolation_level=None, check_same_thread=False
            )
            # In memory: VACUUM's copy of the file must not lie in a temporary folder.
            pragmas = ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON")
            set_pragmas(connection, *pragmas, "temp_store=MEMORY")
            file = cls(connection)
            with file._transaction():
                for statement in SCHEMA.split(";"):
                    connection.execute(statement)
                file._check(path, master_key)
            return file

    def find(self, name: KeyName) -> StoredKey | None:
        """Give a living key, None where there is none (yet, or any more)."""
        with _translated():
            return self._select(name)

    def insert_or_find(self, name: KeyName, sealed: bytes, now: datetime) -> StoredKey | None:
        """Keep this key unless another process was first; give the one that stands.

        None when a key of this name was destroyed before: it never comes back.
        """
        with self._transaction():
            gone = "SELECT 1 FROM destroyed WHERE (site, class, epoch) = (?, ?, ?)"
            if self._connection.execute(gone, name).fetchone():
                return None
            row = (*name, sealed, now.isoformat(), now.isoformat())
            insert = "INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING"
            self._connection.execute(insert, row)
            return self._select(name)

    def note_use(self, name: KeyName, now: datetime) -> None:
        """Note that the key was asked for at this moment."""
        update = "UPDATE keys SET used_at = ? WHERE (site, class, epoch) = (?, ?, ?)"
        with self._transaction():
            self._connection.execute(update, (now.isoformat(), *name))

    def list_keys(self) -> list[StoredKey]:
        """Give all living keys by site, class and epoch."""
        query = f"SELECT {_COLUMNS} FROM keys ORDER BY site, class, epoch"
        with _translated():
            return [_read(row) for row in self._connection.execute(query)]

    def rotate(self, site: str, key_class: KeyClass, starts_at: datetime) -> None:
        """Note that a new epoch of a site's class begins at this moment."""
        insert = "INSERT INTO rotations VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
        with self._transaction():
            self._connection.execute(insert, (site, key_class, starts_at.isoformat()))

    def list_rotations(self) -> list[tuple[str, KeyClass, datetime]]:
        """Give site, class and beginning of every rotation, oldest first."""
        query = "SELECT site, class, starts_at FROM rotations ORDER BY starts_at"
        with _translated():
            rows = self._connection.execute(query).fetchall()
        return [(site, key_class, datetime.fromisoformat(at)) for site, key_class, at in rows]

    def list_destroyed(self) -> list[tuple[KeyName, datetime]]:
        """Give name and end of every destroyed key, by site, class and epoch."""
        query = "SELECT site, class, epoch, destroyed_at FROM destroyed ORDER BY 1, 2, 3"
        with _translated():
            rows = self._connection.execute(query).fetchall()
        return [(KeyName(*row[:3]), datetime.fromisoformat(row[3])) for row in rows]

    def destroy(self, names: list[KeyName], now: datetime) -> list[KeyName]:
        """Take these keys out, remember their names, and give those that were there.

        Their bytes are out of the file after `drive_out`, and not before.
        """
        gone = []
        with self._transaction():
            for name in names:
                delete = "DELETE FROM keys WHERE (site, class, epoch) = (?, ?, ?)"
                if self._connection.execute(delete, name).rowcount:
                    gone.append(name)
                    remember = "INSERT OR REPLACE INTO destroyed VALUES (?, ?, ?, ?, 0)"
                    self._connection.execute(remember, (*name, now.isoformat()))
            if gone:
                self._set_counter(_DRIVE_OUT_DUE, 1)
        return gone

    def note_end(self, name: KeyName, now: datetime) -> None:
        """Note that a key which was never here is destroyed, and on the audit log elsewhere."""
        remember = "INSERT OR IGNORE INTO destroyed VALUES (?, ?, ?, ?, 1)"
        with self._transaction():
            self._connection.execute(remember, (*name, now.isoformat()))

    def follow(self, now: datetime) -> None:
        """Take over what other hosts did; one host alone has none."""

    def drive_out(self) -> None:
        """Rewrite file and log without what was destroyed, if anything was since the last time.

        Errors: Unavailable when a reader holds the old pages; the debt stays noted.
        """
        with _translated():
            if not self._counter(_DRIVE_OUT_DUE):
                return
            self._connection.execute("VACUUM")
            self._checkpoint()
            with self._transaction():
                self._set_counter(_DRIVE_OUT_DUE, 0)

    def unrecorded(self) -> list[KeyName]:
        """Give the names of destroyed keys that `mark_recorded` has not seen."""
        query = "SELECT site, class, epoch FROM destroyed WHERE recorded = 0 ORDER BY 1, 2, 3"
        with _translated():
            return [KeyName(*row) for row in self._connection.execute(query)]

    def mark_recorded(self, names: list[KeyName]) -> None:
        """Note that these destructions stand on the audit log."""
        update = "UPDATE destroyed SET recorded = 1 WHERE (site, class, epoch) = (?, ?, ?)"
        with self._transaction():
            self._connection.executemany(update, names)

    def witness(self, counter: str, value: int) -> bool:
        """Keep the highest value a counter ever had; False when this one is lower."""
        with self._transaction():
            seen = self._counter(counter)
            if value > seen:
                self._set_counter(counter, value)
        return value >= seen

    def seen(self, counter: str) -> int:
        """Give the highest value that `witness` saw; 0 for none."""
        with _translated():
            return self._counter(counter)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with _translated():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _check(self, path: Path, master_key: bytes) -> None:
        row = self._connection.execute("SELECT sealed FROM seal_check").fetchone()
        if row is None:
            sealed = seal(master_key, bytes(32), *CHECK_NAME)
            self._connection.execute("INSERT INTO seal_check VALUES (1, ?)", (sealed,))
            return
        try:
            unseal(master_key, row[0], *CHECK_NAME)
        except Unsealable as error:
            what = "this master key did not seal this keyring; give the one it was made with"
            raise ConfigError(path, 0, what) from error

    def _select(self, name: KeyName) -> StoredKey | None:
        query = f"SELECT {_COLUMNS} FROM keys WHERE (site, class, epoch) = (?, ?, ?)"
        row = self._connection.execute(query, name).fetchone()
        return _read(row) if row else None

    def _counter(self, name: str) -> int:
        query = "SELECT value FROM counters WHERE name = ?"
        row = self._connection.execute(query, (name,)).fetchone()
        return int(row[0]) if row else 0

    def _set_counter(self, name: str, value: int) -> None:
        self._connection.execute("INSERT OR REPLACE INTO counters VALUES (?, ?)", (name, value))

    def _checkpoint(self) -> None:
        busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise Unavailable("keyring")


_COLUMNS = "site, class, epoch, sealed, made_at, used_at"
_DRIVE_OUT_DUE = "drive_out_due"


def _read(row: tuple[str, KeyClass, str, bytes, str, str]) -> StoredKey:
    made_at, used_at = (datetime.fromisoformat(text) for text in row[4:])
    return StoredKey(KeyName(*row[:3]), row[3], made_at, used_at)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise Unavailable("keyring") from error
