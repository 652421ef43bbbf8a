"""Properties of one event: from JSON text to checked pairs of text."""

from __future__ import annotations

from typing import Any

import msgspec

from collector.protocols.lenient import mend_text
from config.catalogue import EventType, Property
from config.limits import Limits

_DECODER = msgspec.json.Decoder(dict[str, Any] | None)
_BLANKS = dict.fromkeys(range(32), " ") | {0: None}

Pairs = list[dict[str, str]]


def check_properties(
    raw: bytes, declared: EventType | None, limits: Limits
) -> tuple[Pairs, str | None]:
    """Give an event's properties as key-value pairs of text, or the reason to reject it.

    Numbers and booleans are kept in their JSON form, lists and objects as JSON text; null is
    absent. A property that the event type declares must fit its declaration; others are left out
    where the type says so.
    """
    values = _read(raw)
    if values is None:
        return [], "property_invalid"
    if declared is not None and not declared.keeps_undeclared:
        values = {key: value for key, value in values.items() if key in declared.properties}
    if len(values) > limits.properties_per_event_max:
        return [], "properties_too_many"
    pairs: Pairs = []
    for key, value in values.items():
        if value is None:
            continue
        text = _show(value)
        if not _fits(key, value, text, declared, limits):
            return [], "property_invalid"
        pairs.append({"key": key, "value": text})
    return pairs, None


def _read(raw: bytes) -> dict[str, Any] | None:
    """Give the decoded object, empty for JSON null, or None where the text is none of them."""
    try:
        return _DECODER.decode(raw) or {}
    except (msgspec.MsgspecError, UnicodeDecodeError):
        mended = mend_text(raw)
    try:
        return _DECODER.decode(mended) or {}
    except msgspec.MsgspecError:
        return None


def _show(value: Any) -> str:
    """Give a value as it is kept."""
    if isinstance(value, str):
        return value.replace("\x00", "")
    return msgspec.json.encode(_plain(value)).decode()


def _plain(value: Any) -> Any:
    """Give a value in the form in which identifiers cannot hide from those who look for them.

    Whole numbers without a point (`87012345678.0` is a telephone number too), and no control
    characters in nested texts, where JSON would put a letter after a backslash between digits.
    """
    if isinstance(value, float):
        return int(value) if value.is_integer() and abs(value) < 2**63 else value
    if isinstance(value, str):
        return value.translate(_BLANKS)
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {key.translate(_BLANKS): _plain(one) for key, one in value.items()}
    return value


def _fits(key: str, value: Any, text: str, declared: EventType | None, limits: Limits) -> bool:
    """Tell whether one property is within the limits and its declaration."""
    if not key or len(key) > limits.property_key_chars_max or "\x00" in key:
        return False
    rule = declared.properties.get(key) if declared is not None else None
    length_max = limits.text_chars_max if rule is None else rule.length_max or limits.text_chars_max
    if len(text) > length_max:
        return False
    return rule is None or _matches(value, rule)


def _matches(value: Any, rule: Property) -> bool:
    """Tell whether a value is of its declared kind and range."""
    if rule.kind in ("text", "free_text"):
        return isinstance(value, str)
    if rule.kind == "boolean":
        return isinstance(value, bool)
    if rule.kind == "choice":
        return value in rule.choices
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or (rule.kind == "integer" and value != int(value)):
        return False
    return (rule.min is None or value >= rule.min) and (rule.max is None or value <= rule.max)
