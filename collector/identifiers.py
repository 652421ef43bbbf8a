"""Canonical forms: what two spellings of one identifier have in common before it is digested.

Source: anonymisation notes 5.1 (canonicalise first; empty and zeroed ids are no ids, since a
digest of one would make thousands of people a single subject).
"""

from __future__ import annotations

import re
from uuid import UUID

_UUID = re.compile(r"[0-9a-fA-F]{8}(?:-?[0-9a-fA-F]{4}){3}-?[0-9a-fA-F]{12}")
_ZEROES = re.compile(r"[0\-]+")

NO_IDS = frozenset({"", "unknown", "null", "none", "undefined", "nil", "9774d56d682e549c"})
"""Values that SDKs send for an absent id; the last is an old Android fault shared by many."""


def canonical_id(text: str | None) -> bytes | None:
    """Give the canonical form of a person, device or session id; None where it is no id.

    UUIDs in any case or grouping become lower-case dashed text; other ids are trimmed and keep
    their case, since an operator's ids may differ by it.
    """
    trimmed = (text or "").strip()
    if trimmed.lower() in NO_IDS or _ZEROES.fullmatch(trimmed):
        return None
    uuid = read_uuid(trimmed)
    return (uuid or trimmed).encode("utf-8", "replace")


def read_uuid(text: str) -> str | None:
    """Give a UUID in lower-case dashed form, or None where the text is none."""
    return str(UUID(text)) if _UUID.fullmatch(text) else None
