"""Other readings of a text: escapes and base64 decoded, odd digits plain, invisible signs gone.

Called by `collector.pii`, so that a number does not pass because somebody wrote it oddly. Each
reading knows where in the original each of its characters came from.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from base64 import urlsafe_b64decode
from typing import NamedTuple

LEVELS_MAX = 3
"""How often escapes within escapes are decoded."""

SEPARATOR = "\x1f"
"""Stands between texts that are looked at together; left as it is."""

_BASE64 = r"(?:[I-Za-f][C-HS-Xi-nyz0-3][ABEFIJMNQRUVYZcdghklopstwx014589][A-Za-z0-9+/_-]){3,4096}"
"""Base64 of plain ASCII text: every third byte below 128 leaves each sign half of its choices."""

_LOOK_ALIKES = {"O": "0", "o": "0", "О": "0", "о": "0", "З": "3", "з": "3"}
"""Latin and Cyrillic letters that are written for digits."""

_NAMED = {"commat": "@", "period": ".", "plus": "+", "lowbar": "_", "nbsp": " ", "colon": ":"}
"""Signs that HTML has names for, of those that identifiers are written with."""

_NAMES = "|".join(_NAMED)

_ESCAPE = re.compile(
    r"(?P<base64>" + _BASE64 + r"[A-Za-z0-9+_-]{0,3}={0,2})"
    r"|(?<![^\W\d_])"
    r"(?P<alike>(?:(?<=[0-9])|(?<=[0-9][ \-()]))[OoОоЗз]{1,16}|[OoОоЗз]{1,16}(?=[0-9]))(?![^\W\d_])"
    r"|(?P<percent>(?:%[0-9A-Fa-f]{2})+)|%u(?P<old>[0-9A-Fa-f]{4})|\\u(?P<json>[0-9A-Fa-f]{4})"
    r"|\\u\{(?P<point>[0-9A-Fa-f]{1,6})\}|\\x(?P<hex>[0-9A-Fa-f]{2})"
    r"|&\#[xX]0{0,8}(?P<sgml>[0-9A-Fa-f]{1,6});?|&\#0{0,8}(?P<entity>[0-9]{1,7});?"
    rf"|&(?P<named>{_NAMES});"
)


class Reading(NamedTuple):
    """One way to read a text."""

    text: str
    """What is read."""
    starts: list[int]
    """Where in the original each character begins."""
    ends: list[int]
    """Where it ends."""


def _plain_form(char: str) -> str | None:
    """Give what an odd character is read as, or none where it is no odd one."""
    category = unicodedata.category(char)
    if char in "\t\n\r" or char == SEPARATOR or category in ("Cs", "Co", "Cn"):
        return None
    if category in ("Cf", "Cc", "Mn", "Me"):
        return ""
    form = unicodedata.normalize("NFKC", char)
    if category == "Nd" and not char.isascii():
        return str(unicodedata.digit(char))
    if form == char or not form.isascii() or form.isspace():
        return None
    return form if len(form) == 1 or any(sign.isdigit() for sign in form) else None


def _odd_characters() -> dict[str, str]:
    """Give every odd character with what it is read as."""
    places = [*range(0x10000), *range(0x1D400, 0x1D800), *range(0x1F100, 0x1F10D)]
    places += [*range(0x1FBF0, 0x1FBFA), *range(0xE0000, 0xE01F0)]
    forms = ((chr(place), _plain_form(chr(place))) for place in places)
    return {char: form for char, form in forms if form is not None}


_PLAIN = _odd_characters()


def _char_class(chars: list[str]) -> str:
    """Give the inside of a character class that holds the characters, as ranges."""
    ranges: list[list[int]] = []
    for place in sorted(ord(char) for char in chars):
        if ranges and ranges[-1][1] == place - 1:
            ranges[-1][1] = place
        else:
            ranges.append([place, place])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


# One range stands for all planes above the first: with many, the class would be searched slowly.
_ODD_CLASS = _char_class([char for char in _PLAIN if char <= "\uffff"]) + r"\U00010000-\U0010ffff"
_ODD = re.compile(f"[{_ODD_CLASS}]")
_ODD_ASCII = re.compile(r"[%\\&\x00-\x08\x0b\x0c\x0e-\x1e\x7f]")
_ESCAPE_START = (
    rf"%[0-9A-Fa-f]{{2}}|%u|\\[ux]|&(?:\#|(?:{_NAMES});)|[\x00-\x08\x0b\x0c\x0e-\x1e\x7f]"
)
_ESCAPES = re.compile(_ESCAPE_START)
_HIDDEN_PATTERN = r"[0-9][Oo]{1,16}[0-9]|" + _BASE64
_HIDDEN = re.compile(_HIDDEN_PATTERN)
_CYRILLIC_PATTERN = r"[0-9][ОоЗз]|[ОЗ][0-9]"
_CYRILLIC = re.compile(_CYRILLIC_PATTERN)

ODD_PATTERN = f"{_ESCAPE_START}|{_HIDDEN_PATTERN}|{_CYRILLIC_PATTERN}|[{_ODD_CLASS}]"
"""What stands in every text that can be read in another way, for Polars' expressions."""


def is_odd(text: str) -> bool:
    """Tell whether a text can be read in another way than as it stands."""
    if not text.isascii() and (_ODD.search(text) or _CYRILLIC.search(text)):
        return True
    if _ODD_ASCII.search(text) is not None and _ESCAPES.search(text) is not None:
        return True
    return _HIDDEN.search(text) is not None


def read_oddly(text: str) -> list[Reading]:
    """Give the other readings of a text, each one level of escapes deeper; none for plain text."""
    if not is_odd(text):
        return []
    places = range(len(text))
    reading = Reading(text, list(places), [place + 1 for place in places])
    readings: list[Reading] = []
    for _ in range(LEVELS_MAX):
        deeper = _make_plain(_decode(reading))
        if deeper.text == reading.text:
            break
        readings.append(deeper)
        reading = deeper
    return readings


def _make_plain(reading: Reading) -> Reading:
    """Replace odd characters by plain ones and leave out the invisible."""
    if _ODD.search(reading.text) is None:
        return reading
    pieces = [_PLAIN.get(char, char) for char in reading.text]
    starts = [at for piece, at in zip(pieces, reading.starts, strict=True) for _ in piece]
    ends = [at for piece, at in zip(pieces, reading.ends, strict=True) for _ in piece]
    return Reading("".join(pieces), starts, ends)


def _decode(reading: Reading) -> Reading:
    """Decode one level of escapes."""
    text, starts, ends = reading
    pieces: list[str] = []
    new_starts: list[int] = []
    new_ends: list[int] = []
    at = 0
    for found in _ESCAPE.finditer(text):
        pieces.append(text[at : found.start()])
        new_starts += starts[at : found.start()]
        new_ends += ends[at : found.start()]
        for char, first, last in _decoded(found):
            pieces.append(char)
            new_starts.append(starts[first])
            new_ends.append(ends[last - 1])
        at = found.end()
    pieces.append(text[at:])
    return Reading("".join(pieces), new_starts + starts[at:], new_ends + ends[at:])


def _decoded(found: re.Match[str]) -> list[tuple[str, int, int]]:
    """Give the characters of one escape, each with the span of its text."""
    start, end = found.span()
    if found.group("base64"):
        return [(char, start, end) for char in _base64_decoded(found.group())]
    if found.group("alike"):
        return [(_LOOK_ALIKES[c], at, at + 1) for at, c in enumerate(found.group(), start)]
    if found.group("percent"):
        return _percent_decoded(found.group("percent"), found.start())
    if found.group("named"):
        return [(_NAMED[found.group("named")], found.start(), found.end())]
    entity = found.group("entity")
    hexadecimal = next((g for g in found.group("old", "json", "point", "hex", "sgml") if g), "0")
    code = int(entity) if entity else int(hexadecimal, 16)
    char = chr(code) if code <= sys.maxunicode else ""
    return [(char, found.start(), found.end())] if char else []


def _percent_decoded(escaped: str, offset: int) -> list[tuple[str, int, int]]:
    """Decode a run of `%XX` as UTF-8; a byte that is none stands for itself, as in Latin-1."""
    data = bytes.fromhex(escaped.replace("%", ""))
    decoded: list[tuple[str, int, int]] = []
    at = 0
    while at < len(data):
        lead = data[at]
        size = 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
        try:
            char = data[at : at + size].decode("utf-8")
        except UnicodeDecodeError:
            size, char = 1, chr(lead)
        decoded.append((char, offset + 3 * at, offset + 3 * (at + size)))
        at += size
    return decoded


def _base64_decoded(text: str) -> str:
    """Decode a run of base64, in either alphabet; bytes that are no text become a sign."""
    signs = text.rstrip("=").replace("+", "-").replace("/", "_")
    whole = signs[: len(signs) - (len(signs) % 4 == 1)]
    return urlsafe_b64decode(whole + "=" * (-len(whole) % 4)).decode("utf-8", "replace")
