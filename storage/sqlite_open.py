"""How our SQLite files are opened, so that processes that start together do not trip."""

from __future__ import annotations

import sqlite3
import time

ATTEMPTS_MAX = 200
"""How often a pragma is tried while another process changes the same file's journal mode."""

PAUSE_SECONDS = 0.02
"""Pause between two attempts."""


def set_pragmas(connection: sqlite3.Connection, *pragmas: str) -> None:
    """Set pragmas such as `journal_mode=WAL`, waiting while another process sets them too.

    Why the loop: SQLite does not call its busy handler while a file changes to WAL, so the
    second of two starting processes gets SQLITE_BUSY at once, whatever its timeout.
    Errors: sqlite3.OperationalError when the file stays locked.
    """
    for pragma in pragmas:
        for attempt in range(ATTEMPTS_MAX):
            try:
                connection.execute(f"PRAGMA {pragma}").fetchall()
                break
            except sqlite3.OperationalError:
                if attempt == ATTEMPTS_MAX - 1:
                    raise
                time.sleep(PAUSE_SECONDS)
