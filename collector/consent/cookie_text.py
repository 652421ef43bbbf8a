"""Values of cookies: bounded, and unquoted as often as they were quoted."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from collector.consent.json_object import read_json

COOKIE_CHARS_MAX = 8_192
"""Longest value of a cookie that is read."""

TIMES_QUOTED_MAX = 2
"""How often a value may have been URL-encoded; proxies and frameworks add a round."""


def is_too_long(values: Mapping[str, str]) -> bool:
    """Tell whether any of these values is too long to be read."""
    return any(len(value) > COOKIE_CHARS_MAX for value in values.values())


def unquote_value(raw: str) -> Iterator[str]:
    """Give a value as sent, then with each round of URL-encoding taken off."""
    text = raw[1:-1] if len(raw) > 1 and raw[0] == raw[-1] == '"' else raw
    yield text
    for _ in range(TIMES_QUOTED_MAX):
        plain = unquote(text)
        if plain == text:
            return
        text = plain
        yield text


def read_json_value(raw: str) -> dict[str, Any] | None:
    """Give the JSON object that a value holds, None where it holds none."""
    for text in unquote_value(raw):
        value = read_json(text.encode("utf-8", "replace"))
        if isinstance(value, dict):
            return value
    return None


def read_base64_json(raw: str) -> dict[str, Any] | None:
    """Give the JSON object that a value holds in base64 of either alphabet, None without one."""
    text = list(unquote_value(raw))[-1].rstrip("=").replace("-", "+").replace("_", "/")
    try:
        inner = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    value = read_json(inner)
    return value if isinstance(value, dict) else None
