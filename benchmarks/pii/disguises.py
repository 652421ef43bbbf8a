"""How a piece is written so that it passes for something else: escapes, odd digits, other letters.

Called by `benchmarks.pii.corpus`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote

LOOK_ALIKES = {"a": "а", "e": "е", "o": "о", "c": "с", "p": "р", "x": "х", "0": "О", "3": "З"}
"""Sign -> the Cyrillic letter that looks like it."""

ZERO_WIDTH = "\u200b"
SOFT_HYPHEN = "\u00ad"


def percent(text: str) -> str:
    """Escape as for a URL, every sign that is no letter or digit."""
    return quote(text, safe="").replace("-", "%2D").replace(".", "%2E")


def look_alike(text: str) -> str:
    """Put Cyrillic letters in the place of those they look like; the first digit stays."""
    return text[:1] + "".join(LOOK_ALIKES.get(sign, sign) for sign in text[1:])


def full_width(text: str) -> str:
    """Write every sign as wide as an East Asian one."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def arabic_digits(text: str) -> str:
    """Write the digits as Arabic ones."""
    return "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in text)


def spaced(text: str) -> str:
    """Put a blank between all digits."""
    return " ".join(c for c in text if c.isdigit())


DISGUISES: dict[str, Callable[[str], str]] = {
    "percent": percent,
    "double_percent": lambda text: percent(percent(text)),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "json": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "entities": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "full_width": full_width,
    "arabic_digits": arabic_digits,
    "keycaps": lambda text: "".join(f"{c}\ufe0f\u20e3" if c.isdigit() else c for c in text),
    "zero_width": lambda text: ZERO_WIDTH.join(text),
    "soft_hyphen": lambda text: SOFT_HYPHEN.join(text),
    "look_alike": look_alike,
    "spaced": spaced,
}
"""Name -> what writes a piece so."""
