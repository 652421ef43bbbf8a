"""The warehouse's values as JSON takes them (contract: `sql --json`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

INTEGER_MAX = 2**53
"""Beyond this, programs that read JSON numbers as floats lose digits."""


def to_json(value: Any) -> Any:
    """Give a value of the warehouse in a form that JSON and every reader of it keeps.

    Binary becomes lower-case hex, integers over 53 bits text, times ISO 8601 with milliseconds
    and `Z`, what is no number null; lists and maps are gone through.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= INTEGER_MAX else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date):
        return _show_moment(value)
    if isinstance(value, Mapping):
        return {str(to_json(key)): to_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_json(item) for item in value]
    return str(value)


def _show_moment(value: date) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    moment = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
