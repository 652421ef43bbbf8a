"""Which texts of a batch need a closer look: every distinct text once, most of them never again.

Called by the scrub stage. Titles, paths, hosts and names of browsers recur from event to event, so
that the screen remembers a bounded number of short texts in which no rule found anything. A text
in which one did is not remembered. Pure but for that memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import polars as pl

from collector.pii import Scrubber
from collector.pii_columns import find_doubtful
from collector.unfold import SEPARATOR, is_odd

KNOWN_CHARS_MAX = 128
"""Longer texts seldom recur and are not remembered."""

KNOWN_TEXTS_MAX = 16_384
"""Texts that are remembered; past it all are forgotten."""

COLUMNAR_TEXTS_MIN = 16
"""From so many new texts on, one expression over all is cheaper than a look at each."""


@dataclass
class Seen:
    """What a first look at the texts of a batch gives."""

    suspects: set[str] = field(default_factory=set)
    """Texts that the rules may change."""
    odd: set[str] = field(default_factory=set)
    """Texts that can be read in another way than as they stand."""
    is_long: bool = False
    """True where some text may be longer than `chars_max`, or holds a NUL character."""


class Screen:
    """Tells which texts are to be looked at closely, and remembers which are not."""

    def __init__(self, scrubber: Scrubber) -> None:
        self._scrubber = scrubber
        self._known: dict[str, bool] = {}
        """Text that the rules leave alone -> whether it is odd."""

    @staticmethod
    @lru_cache(maxsize=16)
    def of(scrubber: Scrubber) -> Screen:
        """Give the screen of some rules, the same one every time."""
        return Screen(scrubber)

    def look(self, columns: Iterable[Sequence[str | None]], chars_max: int) -> Seen:
        """Look at all texts of a batch.

        Shape: columns of texts, of which several may be joined by U+001F in one. A text that is
        in neither set comes out of `Scrubber.scrub_text` unchanged and is not odd.
        """
        texts: set[str | None] = set().union(*columns)
        seen = Seen(is_long=chars_max < KNOWN_CHARS_MAX)
        fresh: list[str] = []
        for text in texts:
            if text:
                odd = self._known.get(text)
                if odd:
                    seen.odd.add(text)
                elif odd is None:
                    fresh.append(text)
        self._judge(fresh, seen)
        seen.is_long = seen.is_long or any(len(t) > chars_max or "\0" in t for t in fresh)
        return seen

    def forget(self, texts: Iterable[str | None]) -> None:
        """Forget texts that turned out to identify."""
        for text in texts:
            if text is not None:
                self._known.pop(text, None)

    def _judge(self, fresh: Sequence[str], seen: Seen) -> None:
        """Sort texts that are not remembered into the sets, and remember what may be."""
        for text, doubt in zip(fresh, self._doubts(fresh), strict=True):
            odd = doubt and is_odd(text)
            if odd:
                seen.odd.add(text)
            if doubt and self._changes(text):
                seen.suspects.add(text)
            elif len(text) <= KNOWN_CHARS_MAX and "\0" not in text:
                if len(self._known) >= KNOWN_TEXTS_MAX:
                    self._known.clear()
                self._known[text] = odd

    def _doubts(self, texts: Sequence[str]) -> Sequence[bool]:
        """Tell of each text whether it is worth a look at all."""
        if len(texts) < COLUMNAR_TEXTS_MIN:
            return [True] * len(texts)
        return find_doubtful(self._scrubber, pl.Series("text", texts, pl.String)).to_list()

    def _changes(self, text: str) -> bool:
        """Tell whether the rules may change a text; exactly, unless several are joined in it."""
        if not self._scrubber.is_suspect(text):
            return False
        return SEPARATOR in text or bool(self._scrubber.scrub_text(text)[1])
