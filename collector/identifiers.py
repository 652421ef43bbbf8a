"""Canonical forms: what two spellings of one identifier have in common before it is digested.

Source: anonymisation notes 5.1 (canonicalise first; empty and zeroed ids are no ids, since a
digest of one would make thousands of people a single subject).
"""

from __future__ import annotations

import re
import unicodedata
from uuid import UUID

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_USUAL_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@.]+(?:\.[^\s@.]+)+")
_PHONE = re.compile(r"\+(?:[ ().-]*[0-9]){8,15}")
_BETWEEN_DIGITS = re.compile(r"[^0-9]+")
_ZEROES = re.compile(r"[0\-]+|f{8}(?:-?f{4}){3}-?f{12}")

NO_IDS = frozenset({
    "", "unknown", "null", "(null)", "<null>", "none", "undefined", "nil", "nan", "n/a", "-1",
    "false", "true", "[object object]", "anonymous", "guest", "not_authenticated",
    "c0ffeec0-ffee-ffee-ffee-c0ffeec0ffee",
    "9774d56d682e549c", "0123456789abcdef", "02:00:00:00:00:00", "00:00:00:00:00:00",
})  # fmt: skip
"""Values that SDKs send for an absent id, or scripts for none; the last are what Glean sends for
a client that wants none, and what many Android devices give for theirs."""

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\x00"
"""Signs around an id that nobody sees; files and forms leave them there."""

FRAGMENT_CHARS_MIN = 6
"""A shorter identifier is too common among the 32 digits of a UUID to be told from chance."""


LETTERS_MIN = 4
"""Likewise where each of its letters takes two digits."""


def canonical_id(text: str | None) -> bytes | None:
    """Give the canonical form of a person, device or session id; None where it is no id.

    UUIDs in any case or grouping become lower-case dashed text. Other ids are trimmed, composed
    (Unicode NFC) and keep their case, since an operator's ids may differ by it; where an operator
    names people by e-mail or international phone number, those are lower-case and bare digits.
    """
    if text is None or is_no_id(text):
        return None
    trimmed = _trim(text)
    uuid = read_uuid(trimmed)
    if uuid is not None:
        return uuid.encode()
    if trimmed.startswith("+") and _PHONE.fullmatch(trimmed):
        trimmed = f"+{_BETWEEN_DIGITS.sub('', trimmed)}"
    elif "@" in trimmed and _EMAIL.fullmatch(trimmed):
        trimmed = trimmed.lower()
    return unicodedata.normalize("NFC", trimmed).encode("utf-8", "replace")


def is_no_id(text: str) -> bool:
    """Tell whether a value stands for an absent id."""
    lowered = _trim(text).lower()
    return lowered in NO_IDS or _ZEROES.fullmatch(lowered) is not None


def _trim(text: str) -> str:
    """Give an id without the blanks and the invisible signs around it."""
    return text.strip().strip(INVISIBLE).strip()


def read_uuid(text: str) -> str | None:
    """Give a UUID in lower-case dashed form, or None where the text is none."""
    if _USUAL_UUID.fullmatch(text):
        return text.lower()
    return str(UUID(text)) if _UUID.fullmatch(text) else None


def tells_of(uuid: str, identifier: str) -> bool:
    """Tell whether a dashed UUID holds an identifier, or is held by one, in whatever grouping."""
    digits = uuid.replace("-", "")
    bare = identifier.replace("-", "").strip().lower()
    if digits in bare:
        return True
    if len(bare) >= FRAGMENT_CHARS_MIN and bare in digits:
        return True
    # Nor may its letters stand there, as the numbers of their code.
    letters = identifier.strip().encode("utf-8", "replace")
    return len(letters) >= LETTERS_MIN and letters.hex() in digits


def uuid_of_digest(digest: bytes) -> UUID:
    """Give a 16-byte digest as a UUID of version 8 (RFC 9562, custom)."""
    number = int.from_bytes(digest, "big") & ~(0xF << 76) & ~(0x3 << 62)
    return UUID(int=number | 8 << 76 | 2 << 62)
