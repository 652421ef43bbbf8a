"""What a request carries about consent, and what a signal says: granted, refused, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Evidence:
    """Everything a sender may have said of consent; memory only."""

    headers: Mapping[str, str]
    """Headers of the request, names in lower case."""
    cookies: Mapping[str, str]
    """Cookies of the request, values as sent."""
    query: Mapping[str, str]
    """Parameters of the request's query."""
    consent: object | None
    """The native consent object of the payload, read from JSON."""
    device: object | None
    """What the payload says of the device's own switches."""
