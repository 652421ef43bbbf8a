"""Disk space kept back for the way out of a full disk.

Emptying the spool needs writing: a batch is marked as loaded, pages are moved from the log to
the file. On a disk that is full to the last byte not even that would succeed, and the spool
could never drain. So some space is held by a file. It is given up for the loader's changes and
for tidying, never for commits, which are refused until it could be held again.
"""

from __future__ import annotations

import os
from pathlib import Path

FILE_NAME = "reserve"
"""Name of the file in the spool's folder."""

RESERVE_BYTES = 32_000_000
"""Space that is kept back: the database's log at its usual length, twice, and some more."""


class Reserve:
    """Space on the disk, held or given up."""

    def __init__(self, folder: Path, size: int = RESERVE_BYTES) -> None:
        """Name the folder; nothing is held yet."""
        self._path = folder / FILE_NAME
        self._size = size
        self.is_held = False
        """Whether the space is kept back now."""

    def hold(self) -> bool:
        """Keep the space back, where the disk has it; tell whether it is."""
        if not self.is_held:
            try:
                with self._path.open("ab") as file:
                    os.posix_fallocate(file.fileno(), 0, self._size)
                self.is_held = True
            except OSError:
                # Half of a reserve would only make the disk fuller.
                self.give_up()
        return self.is_held

    def give_up(self) -> bool:
        """Give the space to others; tell whether there was any."""
        was_held, self.is_held = self.is_held, False
        self._path.unlink(missing_ok=True)
        return was_held
