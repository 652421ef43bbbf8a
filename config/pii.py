"""The PII rules: what is removed from free text, and which properties are removed whole.

Read from `pii.toml` by `config.pii_file`; applied by `collector.pii`.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from config.loading import Strict

FLAGS = re.IGNORECASE | re.VERBOSE
"""How every pattern is read."""

WORDS_MAX = 16
"""Most words of a property's name that are compared."""

Check = Literal[
    "none", "iin", "iin_dated", "bin_dated", "card", "iban", "imei", "phone_kz", "phone_national",
    "phone_international", "ipv4", "ipv6", "mac", "coordinates",
]  # fmt: skip
Mark = Annotated[str, Field(pattern=r"^\[[a-z_]{1,30}\]$")]
Pattern = Annotated[str, Field(min_length=1, max_length=4_000)]
Example = Annotated[str, Field(min_length=1, max_length=500)]
Examples = Annotated[tuple[Example, ...], Field(min_length=2)]

_BETWEEN = re.compile(r"[\W_]+")


class PiiRule(Strict):
    """One kind of text that is removed."""

    mark: Mark
    """What stands in its place."""
    pattern: Pattern
    """Regular expression; its group `pii`, where it has one, is what is removed."""
    check: Check = "none"
    """Arithmetic that a match has to pass, by name."""
    digits: bool = False
    """True where every match holds a digit; such rules do not look inside protected text."""
    needs_any: tuple[Annotated[str, Field(min_length=1, max_length=32)], ...] = ()
    """Lower-case pieces, one of which stands in every text that may match; a cheap first test."""
    gate: Pattern | None = None
    """Cheap expression that is found in every text that may match."""
    must_match: Examples
    """Texts in which the rule finds something."""
    must_not_match: Examples
    """Texts in which it finds nothing."""


class Protected(Strict):
    """One kind of text that only looks like a number with a meaning."""

    pattern: Pattern
    """Regular expression of the whole piece."""


class FieldRule(Strict):
    """Properties whose value is removed whole, whatever it looks like."""

    mark: Mark
    """What stands in its place."""
    names: Annotated[tuple[str, ...], Field(min_length=1)]
    """Names as words joined by `_`; a property is meant if its name ends with these words."""


class PiiRules(Strict):
    """All rules of one installation, with the shared parts put into their patterns."""

    parts: dict[str, str] = Field(default_factory=dict)
    """Name -> piece that patterns share as `{{name}}`."""
    protected: dict[str, Protected] = Field(default_factory=dict)
    """Name -> text in which rules with `digits` do not look."""
    rules: dict[str, PiiRule]
    """Name -> rule, in the order in which they are tried."""
    fields: dict[str, FieldRule] = Field(default_factory=dict)
    """Name -> properties that are removed whole."""

    def field_of(self, key: str) -> str | None:
        """Give the name of the field rule that a property's name falls under, or none."""
        words = split_words(key)
        for first in range(len(words)):
            found = self._field_of.get(words[first:])
            if found is not None:
                return found
        return None

    @cached_property
    def _field_of(self) -> dict[tuple[str, ...], str]:
        return {
            split_words(name): rule_name
            for rule_name, rule in self.fields.items()
            for name in rule.names
        }


def split_words(key: str) -> tuple[str, ...]:
    """Give the words of a property's name in lower case: `userFirstName` has three.

    Signs between words do not count; of very long names only the last words do.
    """
    words = [word for piece in _BETWEEN.split(key) for word in _split_case(piece)]
    return tuple(word.lower() for word in words[-WORDS_MAX:])


def _split_case(piece: str) -> list[str]:
    """Split before a capital after a small letter, and before the last of several capitals."""
    words: list[str] = []
    start = 0
    for at in range(1, len(piece)):
        before, char, after = piece[at - 1], piece[at], piece[at + 1 : at + 2]
        if char.isupper() and (not before.isupper() or after.islower()):
            words.append(piece[start:at])
            start = at
    return [*words, piece[start:]] if piece else []
