"""What vendors' fields fill here, as tables: the same table maps events and writes the docs.

A *target* names what a value becomes: an identifier, a part of the page, a column, consent. A value
that is not of its target's kind is passed over; it never costs the event.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

TEXT_CHARS_MAX = 16_384
"""Longest text of a field; what is longer is cut, the stages cut shorter still."""

STACK_CHARS_MAX = 262_144
IDENTIFIER_CHARS_MAX = 512
"""Longer identifiers are none."""

MOMENT_CHARS_MAX = 64
MILLISECONDS_MAX = 253_402_300_800_000
"""The end of year 9999; later moments are none, and so are those as far before 1970."""

Draft = dict[str, Any]
"""Target -> value, of one event."""

Reader = Callable[[Any], Any]


def read_text(value: Any) -> str | None:
    """Give a text, a number as text; None for anything else and for empty text."""
    if isinstance(value, str):
        return value[:TEXT_CHARS_MAX] or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def read_identifier(value: Any) -> str | None:
    """Give an identifier as text, None where there is none, or one that is too long to be one."""
    text = read_text(value)
    return text if text is not None and len(text) <= IDENTIFIER_CHARS_MAX else None


def read_number(value: Any) -> float | None:
    """Give a finite number, of a number or of text that is one."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def read_pixels(value: Any) -> int | None:
    """Give a number of pixels."""
    number = read_number(value)
    return int(number) if number is not None and 0 <= number <= 65_535 else None


def read_moment(value: Any) -> int | None:
    """Give an ISO 8601 moment as UTC milliseconds since 1970; without a zone it is UTC."""
    if not isinstance(value, str) or len(value) > MOMENT_CHARS_MAX:
        return None
    try:
        moment = datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError):
        return None


def read_since_1970(per_second: int) -> Reader:
    """Give a reader of moments that are counted since 1970, so many a second."""

    def read(value: Any) -> int | None:
        number = read_number(value)
        if number is None or not abs(number) < MILLISECONDS_MAX * per_second / 1000:
            return None
        return round(number * 1000 / per_second)

    return read


def _read_stack(value: Any) -> str | None:
    return value[:STACK_CHARS_MAX] if isinstance(value, str) and value else None


def _between(low: float, high: float) -> Reader:
    def read(value: Any) -> float | None:
        number = read_number(value)
        return number if number is not None and low <= number <= high else None

    return read


def _as_it_is(value: Any) -> Any:
    return value


TEXTS = (
    *("url", "referrer", "title", "locale", "timezone", "currency", "app_version", "device_model"),
    *("user_agent", "campaign_source", "campaign_medium", "campaign_name", "campaign_term"),
    *("campaign_content", "exception_type", "exception_message", "release", "environment"),
    *("name", "kind", "sdk_name", "sdk_version"),
)

IDENTIFIERS = ("event_id", "person", "device", "advertising_id", "session", "other_id", "address")

READERS: dict[str, Reader] = {
    **dict.fromkeys(TEXTS, read_text),
    **dict.fromkeys(IDENTIFIERS, read_identifier),
    **dict.fromkeys(("screen_width", "screen_height"), read_pixels),
    "exception_stack": _read_stack,
    "revenue": read_number,
    "latitude": _between(-90, 90),
    "longitude": _between(-180, 180),
    "occurred_at": read_moment,
    "occurred_at_s": read_since_1970(1),
    "occurred_at_ms": read_since_1970(1_000),
    "occurred_at_us": read_since_1970(1_000_000),
    "occurred_at_ns": read_since_1970(1_000_000_000),
    "sent_at": read_moment,
    "sent_at_s": read_since_1970(1),
    "sent_at_ms": read_since_1970(1_000),
    "consent": _as_it_is,
}
"""Target -> reader of its values."""

GROUPS = ("consent.", "switch.")
"""Targets with names of their own below: parts of a consent object, switches of a device."""


class FieldMap:
    """A table from a vendor's fields to targets.

    Keys are paths with dots between names, `context.page.url`; with `flat` they are names as they
    stand, dots included.
    """

    def __init__(self, table: Mapping[str, str], flat: bool = False) -> None:
        for target in table.values():
            if target not in READERS and not target.startswith(GROUPS):
                raise ValueError(f"no target is called {target}")
        self.table = table
        """Field -> target."""
        self._flat = flat
        self._paths = [
            ((field,) if flat else tuple(field.split(".")), target, READERS.get(target, _as_it_is))
            for field, target in table.items()
        ]

    def read(self, item: Mapping[str, Any], draft: Draft) -> Draft:
        """Fill a draft from an event; of several fields for one target the first that is there.

        What else stands for the target of an identifier is looked for in texts all the same.
        """
        for path, target, reader in self._paths:
            value: Any = item
            for name in path:
                value = value.get(name) if isinstance(value, dict) else None
            if value is not None and (read := reader(value)) is not None:
                put(draft, target, read)
        return draft

    def take(self, properties: dict[str, Any], draft: Draft) -> Draft:
        """Likewise from an event's properties, which lose what was taken."""
        for path, target, reader in self._paths:
            value = properties.pop(path[0], None)
            if value is not None and (read := reader(value)) is not None:
                put(draft, target, read)
        return draft


_SCREEN = FieldMap({"width": "screen_width", "height": "screen_height"})


def put_screen(text: object, draft: Draft) -> None:
    """Fill the size of a screen that is written 800x600; any other text fills nothing."""
    width, _, height = text.partition("x") if isinstance(text, str) else ("", "", "")
    _SCREEN.read({"width": width, "height": height}, draft)


def below(name: str, *maps: FieldMap) -> dict[str, str]:
    """Give the tables of objects that stand under a name, with whole paths; to be shown."""
    return {f"{name}.{field}": to for one in maps for field, to in one.table.items()}


def put(draft: Draft, target: str, value: Any) -> None:
    """Fill a target that is not filled; a second identifier becomes one to be looked for."""
    if target == "other_id" or (target in IDENTIFIERS and draft.get(target, value) != value):
        draft.setdefault("other_ids", []).append(value)
    elif target.startswith(GROUPS):
        group, _, name = target.partition(".")
        draft.setdefault(group + "_parts", {}).setdefault(name, value)
    else:
        draft.setdefault(target, value)
