"""What a consent signal says of each purpose: granted, refused, or nothing."""

from __future__ import annotations

from typing import NamedTuple


class Signal(NamedTuple):
    """What one consent signal says."""

    granted: int
    """Purposes granted, as bits over the policy's purposes."""
    refused: int
    """Purposes refused, likewise."""


SILENT = Signal(0, 0)
"""A signal that says nothing."""


class Statement(NamedTuple):
    """What one source of consent said with a request or an event."""

    source: str
    """Name of the source, as the policy's `[signals]` name it."""
    granted: int
    """Purposes granted, as bits over the policy's purposes."""
    refused: int
    """Purposes refused, likewise."""
    readable: bool = True
    """False where the source was there and could not be read: it says nothing and is counted."""
