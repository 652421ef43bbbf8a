"""How far an import came: kept on disk while it is unfinished, and shown to a person who watches.

A file is known by the digest of all that it holds, so nobody's line is told apart by it; imports
that fit into one request leave nothing behind.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime
from hashlib import blake2b
from pathlib import Path

import click

from commands._import_kinds import Kind, Rules
from commands._import_source import digest_file
from commands._importer import Tally
from config.settings import Settings

STATE_SECONDS_MAX = 30 * 24 * 3_600
"""How long an unfinished import may be taken up again."""

PROGRESS_SECONDS = 0.2
"""How often a person who watches is told."""

BAR_SIGNS = 20


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


class Watch:
    """Shows a person who watches how far a long work is; nothing to anybody else."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._is_watched = sys.stderr.isatty()
        self._done = 0
        self._share: float | None = None
        self._started = self._told_at = time.monotonic()

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *fault: object) -> None:
        if self._is_watched:
            self._show()
            click.echo("", err=True)

    def add(self, done: int, share: float) -> None:
        """Note that so much more was done, and which share of the whole that is."""
        self.tell(done, (self._share or 0.0) + share)

    def tell(self, done: int, share: float | None) -> None:
        """Note that so much more was done, and how much of the whole is done now."""
        self._done, self._share = self._done + done, share
        if self._is_watched and time.monotonic() - self._told_at > PROGRESS_SECONDS:
            self._told_at = time.monotonic()
            self._show()

    def _show(self) -> None:
        """Write the progress line over the one before it."""
        rate = self._done / max(time.monotonic() - self._started, 0.001)
        part = "" if self._share is None else _draw(self._share)
        text = f"\r{part}{self._done:,} {self._what} sent, {rate:,.0f} a second "
        click.echo(text, nl=False, err=True)


def _draw(share: float) -> str:
    """Draw a bar, and say it in percent."""
    return f"[{'#' * round(share * BAR_SIGNS):<{BAR_SIGNS}}] {min(share, 1.0):4.0%}  "
