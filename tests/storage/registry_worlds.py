"""What the registry's tests share: an empty registry whose clock is set by hand."""

from __future__ import annotations

from pathlib import Path

from storage.registry import Registry, open_dsn
from tests.storage.keyring_worlds import HandClock

ACTOR = "cli:0"
"""Who changes things in tests."""


def open_registry_in(folder: Path, clock: HandClock | None = None) -> Registry:
    """Open the registry in a folder, made if it is missing."""
    return open_dsn(f"sqlite:///{folder}/registry.sqlite", clock or HandClock())
