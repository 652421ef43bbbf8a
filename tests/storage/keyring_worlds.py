"""What the keyring's tests share: a clock that is set by hand, and a way to search every byte."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

MASTER = bytes(range(32))
"""A master key for tests."""

NOW = datetime(2026, 11, 22, 5, 11, tzinfo=UTC)
"""When most tests begin."""


class HandClock:
    """A clock that stands still until it is set."""

    def __init__(self, now: datetime = NOW) -> None:
        self.now = now

    def __call__(self) -> datetime:
        """Give the moment that it was set to."""
        return self.now


def find_bytes(folder: Path, needle: bytes) -> list[str]:
    """Name the files under a folder that hold these bytes, raw, as hex or as base64."""
    forms = {needle, needle.hex().encode(), needle.hex().upper().encode()}
    for shift in range(3):
        # Base64 of bytes in the middle of others depends on their position modulo three: the
        # characters that two neighbours share are left out.
        text = base64.b64encode(bytes(shift) + needle)
        forms.add(text[-(-shift * 4 // 3) + (1 if shift else 0) : -4])
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return [path.name for path in files if any(form in read_if_there(path) for form in forms)]


def read_if_there(path: Path) -> bytes:
    """Give a file's bytes; a warehouse that runs may have taken it away since it was listed."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
