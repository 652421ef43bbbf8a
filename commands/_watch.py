"""Shows a person at a terminal how far a long work is."""

from __future__ import annotations

import sys
import time

import click

PROGRESS_SECONDS = 0.2
"""How often a person who watches is told."""

BAR_SIGNS = 20


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

    def tell_part(self, done: int, whole: int) -> None:
        """Note that one more part is done, of so many."""
        self.tell(1, done / whole)

    def _show(self) -> None:
        """Write the progress line over the one before it."""
        rate = self._done / max(time.monotonic() - self._started, 0.001)
        part = "" if self._share is None else _draw(self._share)
        text = f"\r{part}{self._done:,} {self._what}, {rate:,.0f} a second "
        click.echo(text, nl=False, err=True)


def _draw(share: float) -> str:
    """Draw a bar, and say it in percent."""
    return f"[{'#' * round(share * BAR_SIGNS):<{BAR_SIGNS}}] {min(share, 1.0):4.0%}  "
