"""Ways to write a text so that a careless reader passes over it."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote

LOOK_ALIKES = str.maketrans("aeopcxyAEOPCXYKMTHB", "аеорсхуАЕОРСХУКМТНВ")
"""Latin letters and the Cyrillic ones that look the same."""

ZERO_WIDTH = "\u200b"


def _escape_all(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in text)


def _percent_all(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def _widen(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


def _to_arabic_digits(text: str) -> str:
    return "".join(chr(0x660 + int(char)) if char in "0123456789" else char for char in text)


DISGUISES: dict[str, Callable[[str], str]] = {
    "plain": str,
    "upper": str.upper,
    "percent": lambda text: quote(text, safe=""),
    "percent_all": _percent_all,
    "percent_twice": lambda text: quote(_percent_all(text), safe=""),
    "entities": lambda text: "".join(f"&#{ord(char)};" for char in text),
    "entities_hex": lambda text: "".join(f"&#x{ord(char):x};" for char in text),
    "json": _escape_all,
    "json_in_json": lambda text: json.dumps(json.dumps(text)),
    "wide": _widen,
    "zero_width": ZERO_WIDTH.join,
    "arabic_digits": _to_arabic_digits,
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64_url": lambda text: b64encode(text.encode()).decode().rstrip("=").replace("+", "-"),
    "look_alikes": lambda text: text.translate(LOOK_ALIKES),
}
"""Name -> what it makes of a text."""
