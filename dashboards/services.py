"""What the pages lean on, handed to them as one value when the program starts."""

from __future__ import annotations

from dataclasses import dataclass

from config.settings import Settings
from dashboards.figures import Reads
from dashboards.templating import Templates
from storage.clock import Clock
from storage.logs import Log
from storage.registry import Registry


@dataclass(frozen=True)
class Services:
    """Neighbours and tools of the dashboards."""

    settings: Settings
    """This installation."""
    registry: Registry
    """Accounts and sites."""
    reads: Reads
    """The warehouse, to read from."""
    templates: Templates
    """Writes pages."""
    clock: Clock
    """The present moment."""
    log: Log
    """Where faults are told; never data."""
