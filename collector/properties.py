"""Properties of one event: from JSON text to checked pairs of text."""

from __future__ import annotations

from typing import Any

import msgspec

from collector.protocols.lenient import mend_text
from config.catalogue import EventType, Property
from config.limits import Limits

_DECODER = msgspec.json.Decoder(dict[str, Any])

Pairs = list[dict[str, str]]


def check_properties(
    raw: bytes, declared: EventType | None, limits: Limits
) -> tuple[Pairs, str | None]:
    """Give an event's properties as key-value pairs of text, or the reason to reject it.

    Numbers and booleans are kept in their JSON form, lists and objects as JSON text; null is
    absent. A property that the event type declares must fit its declaration.
    """
    values = _read(raw)
    if values is None:
        return [], "property_invalid"
    if len(values) > limits.properties_per_event_max:
        return [], "properties_too_many"
    pairs: Pairs = []
    for key, value in values.items():
        if value is None:
            continue
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        if not _fits(key, value, text, declared, limits):
            return [], "property_invalid"
        pairs.append({"key": key, "value": text.replace("\x00", "")})
    return pairs, None


def _read(raw: bytes) -> dict[str, Any] | None:
    """Give the decoded object, or None where the text is no JSON object (JSON null is empty)."""
    for text in (raw, None):
        try:
            return _DECODER.decode(raw if text is not None else mend_text(raw))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            if raw.strip() == b"null":
                return {}
    return None


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
