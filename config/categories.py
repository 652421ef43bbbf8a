"""Categories of data about a person that are never collected, and how one is recognised.

Read from `categories.toml` by `config.categories_file`; called by the stage that refuses such
properties and by the check of the catalogue. A name is meant as a whole: `user_religion_id` is of
a category, `religion_books_price` is not.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Annotated

from pydantic import Field

from config.loading import Strict
from config.pii import split_words
from config.policy_rules import Text

TOGETHER_MIN = 2
"""How many words that tell little alone make a list of choices a list of a category."""

VALUE_CHARS_MAX = 200
"""Longer values are prose, and no words of a list."""

CONTAINERS = frozenset(
    [
        "trait",
        "traits",
        "property",
        "properties",
        "prop",
        "props",
        "attribute",
        "attributes",
        "attr",
        "attrs",
        "custom",
        "param",
        "params",
        "field",
    ]
)
"""Words that senders put before a name when they make one list of nested objects."""

NUMBERS = "0123456789_- "
"""What may stand behind a name that is one of several."""

NAMES_REMEMBERED = 4_096
"""Names whose category is remembered, since few differ."""

LOOK_ALIKES = str.maketrans("аеорсухікмнтвѕјԁһАВЕКМНОРСТХІ", "aeopcyxikmhtbsjdhABEKMHOPCTXI")
"""Cyrillic letters -> the Latin ones that they are drawn like."""

_LATIN = re.compile(r"[a-z]")
_BETWEEN = re.compile(r"[\W_]+")
_LISTED = re.compile(r"[,;|/\n]")

Words = tuple[Annotated[str, Field(min_length=1, max_length=64)], ...]


class Category(Strict):
    """One kind of data about a person, and the words that give it away."""

    description: Text
    """What it is, for people."""
    names: Annotated[Words, Field(min_length=1)]
    """Names of properties, as words joined by `_`, alone or with a word before or after."""
    of_person: Words = ()
    """Names that are meant only after a word for a person: `user_health`, not `health`."""
    values: Words = ()
    """Values that tell the category under whatever name."""
    values_together: Words = ()
    """Values that tell it where a list of choices holds two of them."""


class Categories(Strict):
    """Everything that is never collected."""

    before: Words
    """Words that may stand before a name."""
    after: Words
    """Words that may stand after one."""
    categories: dict[str, Category]
    """Name -> category, for every one of `config.policy.CATEGORIES`."""

    def of_name(self, name: str) -> str | None:
        """Give the category that the name of a property or an event tells, or none."""
        return self._of_name(name)

    @cached_property
    def _of_name(self) -> Callable[[str], str | None]:
        return lru_cache(NAMES_REMEMBERED)(self._find_name)

    def _find_name(self, name: str) -> str | None:
        folded = fold(name)
        return self._find_words(folded) or self._find_words(folded.rstrip(NUMBERS))

    def _find_words(self, folded: str) -> str | None:
        """Look a name up, with and without the words that may stand before and after."""
        words = split_words(folded)
        while words and words[0] in CONTAINERS:
            words = words[1:]
        while words:
            found = self._find_before_tails(words, self._names)
            if found is not None or words[0] not in self._before:
                return found
            words = words[1:]
            found = self._find_before_tails(words, self._names_of_person)
            if found is not None:
                return found
        return None

    def of_value(self, value: str) -> str | None:
        """Give the category that a value tells, alone or within a list of words, or none."""
        if value.isalnum():
            return self._values.get(_squeeze(fold(value)) if not value.isascii() else value.lower())
        if len(value) > VALUE_CHARS_MAX:
            return None
        for piece in _LISTED.split(fold(value)):
            found = self._values.get(_squeeze(piece))
            if found is not None:
                return found
        return None

    def of_choices(self, choices: tuple[str, ...]) -> str | None:
        """Give the category that a declared list of choices tells, or none."""
        told: dict[str, int] = {}
        for choice in choices:
            found = self.of_value(choice)
            if found is not None:
                return found
            hinted = self._values_together.get(_squeeze(fold(choice)))
            if hinted is not None:
                told[hinted] = told.get(hinted, 0) + 1
        return next((name for name, n in told.items() if n >= TOGETHER_MIN), None)

    def _find_before_tails(self, words: tuple[str, ...], known: dict[str, str]) -> str | None:
        """Look words up, the last ones left off as long as they may stand after a name."""
        while words:
            found = known.get("".join(words))
            if found is not None or words[-1] not in self._after:
                return found
            words = words[:-1]
        return None

    @cached_property
    def _before(self) -> frozenset[str]:
        return frozenset(fold(word).lower() for word in self.before)

    @cached_property
    def _after(self) -> frozenset[str]:
        return frozenset(self.after)

    @cached_property
    def _names(self) -> dict[str, str]:
        return {_squeeze(fold(w)): name for name, one in self._all() for w in one.names}

    @cached_property
    def _names_of_person(self) -> dict[str, str]:
        named = {_squeeze(fold(w)): name for name, one in self._all() for w in one.of_person}
        return self._values | named

    @cached_property
    def _values(self) -> dict[str, str]:
        return {_squeeze(fold(w)): name for name, one in self._all() for w in one.values}

    @cached_property
    def _values_together(self) -> dict[str, str]:
        return {_squeeze(fold(w)): name for name, one in self._all() for w in one.values_together}

    def _all(self) -> list[tuple[str, Category]]:
        return list(self.categories.items())


def fold(text: str) -> str:
    """Give a text as it is read: plain signs, nothing invisible, no letters of two alphabets.

    A word with Latin letters in it is read as Latin; capitals stay, since they divide words.
    """
    if text.isascii():
        return text
    plain = unicodedata.normalize("NFKC", text)
    plain = "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Cc", "Mn"))
    return re.sub(r"[^\W_]+", _read_as_one_alphabet, plain)


def _read_as_one_alphabet(found: re.Match[str]) -> str:
    word = found.group()
    return word.translate(LOOK_ALIKES) if _LATIN.search(word.lower()) else word


def _squeeze(text: str) -> str:
    """Give a text in small letters, without what stands between its words."""
    return _BETWEEN.sub("", text.lower())
