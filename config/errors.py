"""The one error that an operator's own files can cause."""

from __future__ import annotations

from pathlib import Path


class ConfigError(Exception):
    """A configuration file is wrong: which file, which line, and what to do about it.

    Who handles it: `cli` prints one sentence and exits with 2.
    """

    def __init__(self, file: Path | str, line: int, what: str) -> None:
        super().__init__(f"{file}:{line}: {what}" if line else f"{file}: {what}")
        self.file = str(file)
        """The file as the operator knows it, relative to the working folder where possible."""
        self.line = line
        """Line number, from 1; 0 where the whole file is meant."""
        self.what = what
        """What is wrong and what to do, one sentence, without any value that is a secret."""
