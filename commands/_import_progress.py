"""How far an import came: kept on disk while it is unfinished.

A file is known by the digest of all that it holds, so nobody's line is told apart by it; imports
that fit into one request leave nothing behind.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

from commands._import_kinds import Kind, Rules
from commands._import_source import digest_file
from commands._importer import Tally
from config.settings import Settings

STATE_SECONDS_MAX = 30 * 24 * 3_600
"""How long an unfinished import may be taken up again."""


class Progress:
    """How much of one file the collector has answered for."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    @classmethod
    def of(
        cls, settings: Settings, now: datetime, kind: Kind, rules: Rules, file: Path
    ) -> Progress:
        """Give the progress of a file that is imported so; of standard input there is none.

        Errors: ImportFailed where the file cannot be read.
        """
        if str(file) == "-":
            return cls(None)
        told = repr((kind.name, rules.site, rules.origin, sorted(rules.options.items())))
        name = blake2b(digest_file(file) + told.encode(), digest_size=20).hexdigest()
        folder = settings.path("imports")
        _forget_old(folder, now)
        return cls(folder / f"{name}.json")

    def load(self) -> tuple[int, Tally]:
        """Give how many pieces were answered, and what became of them; nothing where unknown."""
        if self._file is None:
            return 0, Tally()
        try:
            held = json.loads(self._file.read_text())
            tally = Tally(**(held["tally"] | {"reasons": Counter(held["tally"]["reasons"])}))
            return int(held["pieces"]), tally
        except (OSError, ValueError, TypeError, KeyError):
            return 0, Tally()

    def save(self, pieces: int, tally: Tally) -> None:
        """Note that so many pieces were answered; on disk when this returns."""
        if self._file is None:
            return
        # What was left out is counted anew: the file is read from its beginning.
        told = {name: value for name, value in vars(tally).items() if name != "left_out"}
        fresh = self._file.with_suffix(".new")
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            json.dump({"pieces": pieces, "tally": told}, stream)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(self._file)

    def end(self) -> None:
        """Forget it: the next import of the file begins at its beginning."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)


def _forget_old(folder: Path, now: datetime) -> None:
    """Remove what nobody took up again."""
    for file in folder.iterdir():
        with suppress(FileNotFoundError):
            if now.timestamp() - file.stat().st_mtime > STATE_SECONDS_MAX:
                file.unlink()
