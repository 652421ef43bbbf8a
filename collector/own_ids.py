"""An event's own identifiers, found again in its text."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

MARK = "[own_id]"
"""What stands where an event's own identifier stood."""

REMARK = "own_id"

SEPARATOR = "\x1f"
"""Between joined texts and joined identifiers; it occurs in neither."""

TOKEN_CHARS_MIN = 3
"""Shorter identifiers are not looked for: they would match everywhere and tell nothing."""

SUBSTRING_CHARS_MIN = 6
"""From this length an identifier is found inside longer words too."""

USER_AGENT_CHARS_MIN = 16
"""Shorter user agents are common words."""


class OwnIds(NamedTuple):
    """The identifiers of one event in lower case, longest first."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, joined: str, address: str, user_agent: str) -> OwnIds:
        """Take the identifiers that were sent, the peer's address and its user agent."""
        found = {one.strip().lower() for one in joined.split(SEPARATOR)}
        found.add(address.lower())
        if len(user_agent) >= USER_AGENT_CHARS_MIN:
            found.add(user_agent.lower())
        long_enough = (one for one in found if len(one) >= TOKEN_CHARS_MIN)
        return cls(tuple(sorted(long_enough, key=len, reverse=True)))

    def occur_in(self, text: str) -> bool:
        """Tell quickly whether any of them may stand in a text, as it is or percent-encoded."""
        lowered = text.lower()
        if any(one in lowered for one in self.texts):
            return True
        if "%" not in lowered:
            return False
        plain = unquote(unquote(lowered))
        return any(one in plain for one in self.texts)

    def replace_in(self, text: str) -> str:
        """Put the mark where an identifier stands; a text that hides one by encoding is decoded."""
        if not self.occur_in(text):
            return text
        replaced = _replace_all(text, self.texts)
        if "%" in text and replaced == text:
            plain = unquote(unquote(text))
            mended = _replace_all(plain, self.texts)
            return text if mended == plain else mended
        return replaced


def _replace_all(text: str, identifiers: tuple[str, ...]) -> str:
    """Replace every identifier; short ones only where they are whole words."""
    for one in identifiers:
        lowered = text.lower()
        if one not in lowered:
            continue
        if len(lowered) != len(text):
            # A few letters change their length in lower case; places then do not agree.
            text = re.sub(re.escape(one), MARK, text, flags=re.IGNORECASE)
            continue
        text = _replace_one(text, lowered, one)
    return text


def _replace_one(text: str, lowered: str, one: str) -> str:
    """Replace one identifier, found by its lower-case form. No pattern is compiled: identifiers
    differ from event to event, and compiling costs a hundred times the search."""
    pieces, start, at = [], 0, lowered.find(one)
    while at >= 0:
        end = at + len(one)
        if len(one) >= SUBSTRING_CHARS_MIN or _is_word(lowered, at, end):
            pieces += [text[start:at], MARK]
            start = end
        at = lowered.find(one, end)
    return "".join([*pieces, text[start:]])


def _is_word(text: str, start: int, end: int) -> bool:
    """Tell whether no letter or digit touches a place in a text."""
    before = start == 0 or not text[start - 1].isalnum()
    return before and (end == len(text) or not text[end].isalnum())
