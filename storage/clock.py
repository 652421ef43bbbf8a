"""The one place where time comes from; everything else takes a `Clock` or a `now`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Gives the present moment, in UTC."""


def utc_now() -> datetime:
    """Give the machine's present moment, in UTC."""
    return datetime.now(UTC)


def unix_ms(moment: datetime) -> int:
    """Give whole milliseconds since 1970, the form in which moments are stored."""
    return int(moment.timestamp() * 1000)
