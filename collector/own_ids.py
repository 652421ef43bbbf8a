"""An event's own identifiers, found again in its text."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from collector.identifiers import is_no_id, read_uuid
from collector.unfold import is_odd, read_oddly

MARK = "[own_id]"
"""What stands where an event's own identifier stood."""

REMARK = "own_id"

SEPARATOR = "\x1f"
"""Between joined texts and joined identifiers; an identifier that holds it is looked for in
pieces."""

TOKEN_CHARS_MIN = 3
"""Shorter identifiers are not looked for: they would match everywhere and tell nothing."""

SUBSTRING_CHARS_MIN = 6
"""From this length an identifier is found inside longer words too."""

USER_AGENT_CHARS_MIN = 16
"""Shorter user agents are common words."""

SENDERS_CACHED_MAX = 4_096
"""Senders whose address and user agent are kept ready; past it the oldest are forgotten."""

ROUNDS_MAX = 12
"""How often one text is looked at again after an identifier was found in it."""

REMOVED = "[removed]"
"""What stands for a text that still holds identifiers after so many rounds: doubt removes."""


_CYRILLIC = "авсеніјкморѕтху"
_LOOK_ALIKES = bytes.maketrans(_CYRILLIC.encode("cp1251"), b"abcehijkmopstxy")
"""Cyrillic letters and the Latin ones that they look like in one of their cases, as bytes."""

ORDINARY = re.compile(r"[A-Za-z0-9 ._:;,()/+@|=-]*")
"""Text that is written in one way only."""

_SOFTWARE = re.compile(r"[A-Za-z][A-Za-z._-]*/[0-9]{1,4}(?:\.[0-9]{1,4}){1,2}")
"""A user agent that is software and its version, as SDKs of servers have it."""

_THIS_HOST = re.compile(r"127(?:\.[0-9]{1,3}){3}|::1")
"""Loopback addresses: everybody's who tries things on one machine."""


class OwnIds(NamedTuple):
    """The identifiers of one event in lower case, in all their spellings, longest first."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, joined: str, address: str, user_agent: str) -> OwnIds:
        """Take the identifiers that were sent, the peer's address and its user agent."""
        spelled = set(_sender_spellings(address, user_agent))
        for one in joined.split(SEPARATOR):
            if not is_no_id(one):
                spelled.update(_spellings(one.strip()))
        long_enough = [one for one in spelled if len(one) >= TOKEN_CHARS_MIN]
        return cls(tuple(sorted(long_enough, key=len, reverse=True)))

    def occur_in(self, text: str) -> bool:
        """Tell quickly whether any of them may stand in a text, however it is written."""
        lowered = _lower(text)
        if any(one in lowered for one in self.texts):
            return True
        folded = None if text.isascii() else _fold(lowered)
        if folded and any(one in folded for one in self.texts if one.isascii()):
            return True
        return is_odd(text) and any(
            one in _lower(reading.text) for reading in read_oddly(text) for one in self.texts
        )

    def replace_in(self, text: str) -> str:
        """Put the mark where an identifier stands, as it is or hidden by escapes and odd signs."""
        for _ in range(ROUNDS_MAX):
            replaced = self._replace_once(text)
            if replaced == text:
                return text
            text = replaced
        return REMOVED

    def _replace_once(self, text: str) -> str:
        """Replace what one reading shows: the text as it is, else the first odd one that does."""
        spans = self._find(text)
        if spans:
            return _splice(text, spans)
        for reading in read_oddly(text) if is_odd(text) else ():
            spans = [(reading.starts[a], reading.ends[b - 1]) for a, b in self._find(reading.text)]
            if spans:
                return _splice(text, spans)
        return text

    def _find(self, text: str) -> list[tuple[int, int]]:
        """Give the places of all identifiers, none overlapping, in the order of the text.

        No pattern is compiled: identifiers differ from event to event, and compiling costs a
        hundred times the search.
        """
        lowered = _lower(text)
        spans = _find_in(lowered, self.texts)
        if spans or text.isascii() or (folded := _fold(lowered)) is None:
            return spans
        return _find_in(folded, [one for one in self.texts if one.isascii()])


def _find_in(lowered: str, wanted: Iterable[str]) -> list[tuple[int, int]]:
    """Give the places of texts, none overlapping, in the order of the text."""
    spans: list[tuple[int, int]] = []
    for one in wanted:
        at = lowered.find(one)
        while at >= 0:
            end = at + len(one)
            if len(one) >= SUBSTRING_CHARS_MIN or _is_word(lowered, at, end):
                spans.append((at, end))
                lowered = lowered[:at] + "\0" * len(one) + lowered[end:]
            at = lowered.find(one, end)
    return sorted(spans)


def is_agent_sought(user_agent: str) -> bool:
    """Tell whether a user agent says more of a sender than the SDK's name and version, which are
    kept as such."""
    return len(user_agent) >= USER_AGENT_CHARS_MIN and not _SOFTWARE.fullmatch(user_agent.strip())


def is_address_sought(address: str) -> bool:
    """Tell whether an address leads to anybody."""
    return bool(address) and not _THIS_HOST.fullmatch(address.strip())


@lru_cache(maxsize=SENDERS_CACHED_MAX)
def _sender_spellings(address: str, user_agent: str) -> frozenset[str]:
    """Give the spellings of what all events of one sender share."""
    texts = [user_agent.strip()] if is_agent_sought(user_agent) else []
    if is_address_sought(address):
        # Providers put addresses into host names: 95-56-10-20.pool.example.
        texts += {address.strip().replace(".", sign) for sign in ".-_"}
    return frozenset(one for text in texts for one in _spellings(text))


def _spellings(identifier: str) -> Iterable[str]:
    """Give an identifier in lower case: a UUID with and without its dashes, other text as it is,
    as it stands inside JSON text and a URL, composed and decomposed (Unicode NFC, NFD), and as it
    is read where it is odd itself."""
    if (uuid := read_uuid(identifier)) is not None:
        return uuid, uuid.replace("-", "")
    # In a URL too, since a percent sign right before it would make its escapes read otherwise.
    quoted = {quote(identifier, safe, errors="replace") for safe in ("/", "")}
    if ORDINARY.fullmatch(identifier):
        return {one.lower() for one in (identifier, *quoted)}
    spellings = {identifier, msgspec.json.encode(identifier).decode()[1:-1], *quoted}
    composed = unicodedata.normalize("NFC", identifier)
    spellings |= {composed, unicodedata.normalize("NFD", identifier)}
    for one in [one for one in spellings if is_odd(one)]:
        # What the texts' own odd readings show of it: decomposed, without its marks.
        spellings.update(reading.text for reading in read_oddly(one))
    return {_lower(one) for one in spellings}


def _lower(text: str) -> str:
    """Give a text in lower case, every character in its place.

    A few letters change their length in lower case; they stay as they are.
    """
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(char.lower() if len(char.lower()) == 1 else char for char in text)


def fold_text(text: str) -> str:
    """Give a text in lower case with Latin letters for the Cyrillic ones that look like them."""
    if text.isascii():
        return text.lower()
    lowered = _lower(text)
    return _fold(lowered) or lowered


def _fold(lowered: str) -> str | None:
    """Give a text with Latin letters for the Cyrillic ones that look like them, every character in
    its place; None where there is none of them. Letters of other scripts become what matches no
    identifier. Through bytes, since that takes a twentieth of the time.
    """
    plain = lowered.encode("cp1251", "replace")
    folded = plain.translate(_LOOK_ALIKES)
    return None if folded == plain else folded.decode("latin-1")


def _splice(text: str, spans: list[tuple[int, int]]) -> str:
    """Put the mark in the place of each span."""
    pieces: list[str] = []
    at = 0
    for start, end in spans:
        pieces += [text[at:start], MARK]
        at = max(at, end)
    return "".join([*pieces, text[at:]])


def _is_word(text: str, start: int, end: int) -> bool:
    """Tell whether no letter or digit touches a place in a text."""
    before = start == 0 or not text[start - 1].isalnum()
    return before and (end == len(text) or not text[end].isalnum())
