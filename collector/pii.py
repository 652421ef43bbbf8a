"""The scrubber: takes identifying matches out of free text, and says which rules found some.

Called by the scrub stage. Pure. Ordinary text passes a few cheap tests and comes back as it is;
text that is written oddly is also read plainly (`collector.unfold`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from collector.pii_checks import CHECKS
from collector.unfold import SEPARATOR, Reading, is_odd, read_oddly
from config.pii import FLAGS, PiiRule, PiiRules

ROUNDS_MAX = 12
"""How often one text is looked at again after something was found in it."""

REMOVED = "[removed]"
"""What stands for a text that still holds matches after so many rounds: doubt removes."""

_DIGIT = re.compile(r"[0-9]")
_TAKEN = "\0"


class _Rule(NamedTuple):
    """One rule, compiled."""

    name: str
    mark: str
    pattern: re.Pattern[str]
    check: str
    digits: bool
    needs_any: tuple[str, ...]
    gate: re.Pattern[str] | None
    group: int | str

    @classmethod
    def of(cls, name: str, rule: PiiRule) -> _Rule:
        pattern = re.compile(rule.pattern, FLAGS)
        group: int | str = "pii" if "pii" in pattern.groupindex else 0
        gate = None if rule.gate is None else re.compile(rule.gate, FLAGS)
        needs = rule.needs_any
        return cls(name, rule.mark, pattern, rule.check, rule.digits, needs, gate, group)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Give the spans to take out."""
        check = CHECKS.get(self.check)
        for found in self.pattern.finditer(text):
            if check is None or check(found.group(self.group)):
                yield found.span(self.group)


class _Hit(NamedTuple):
    """One span to take out."""

    start: int
    end: int
    rule: _Rule


class Scrubber:
    """PII rules, compiled, for one installation."""

    def __init__(self, rules: PiiRules) -> None:
        self.config = rules
        """The rules as they were read."""
        self._rules = [_Rule.of(name, rule) for name, rule in rules.rules.items()]
        self._rules_of_letters = [rule for rule in self._rules if not rule.digits]
        self._protected = [re.compile(p.pattern, FLAGS) for p in rules.protected.values()]
        self.field_of = lru_cache(maxsize=4_096)(rules.field_of)
        """Gives the rule that a property's name falls under, if any."""

    @classmethod
    def of(cls, rules: PiiRules) -> Scrubber:
        """Compile the rules."""
        return cls(rules)

    def is_suspect(self, text: str) -> bool:
        """Tell cheaply whether `scrub_text` may change a text; False only where it would not.

        Several texts may be asked about at once, joined by U+001F.
        """
        if self._open(text):
            return True
        return is_odd(text) and any(self._open(reading.text) for reading in read_oddly(text))

    def scrub_text(self, text: str) -> tuple[str, list[str]]:
        """Give a text without identifying matches, and the names of the rules that matched.

        Shape: each match -> its rule's mark; the rest as it was, escapes included.
        """
        names: dict[str, None] = {}
        for _ in range(ROUNDS_MAX):
            scrubbed, found = self._scrub_once(text)
            if not found:
                return text, list(names)
            names.update(dict.fromkeys(found))
            text = scrubbed
        return REMOVED, list(names)

    def scrub_property(self, key: str, value: str) -> tuple[str, list[str]]:
        """Give a property's value scrubbed, or its mark alone where its name tells what it is.

        Truth values stay: `has_phone = true` tells nothing.
        """
        field = self.field_of(key)
        if field is None or value in ("", "true", "false"):
            return self.scrub_text(value)
        return self.config.fields[field].mark, [field]

    def _scrub_once(self, text: str) -> tuple[str, list[str]]:
        """Take out what one reading shows: the text as it is, else the first odd one that does."""
        hits = self._find(text)
        if hits:
            return _splice(text, hits, None), [hit.rule.name for hit in hits]
        for reading in read_oddly(text) if is_odd(text) else ():
            hits = self._find(reading.text)
            if hits:
                return _splice(text, hits, reading), [hit.rule.name for hit in hits]
        return text, []

    def _open(self, text: str) -> list[_Rule]:
        """Give the rules that a text may match, judged by their cheap tests alone."""
        lowered = text.lower()
        rules = self._rules if _DIGIT.search(text) is not None else self._rules_of_letters
        gates: dict[re.Pattern[str], bool] = {}
        open_rules = []
        for rule in rules:
            for need in rule.needs_any:
                if need in lowered:
                    break
            else:
                if rule.needs_any:
                    continue
            gate = rule.gate
            if gate is not None and gate not in gates:
                gates[gate] = gate.search(text) is not None
            if gate is None or gates[gate]:
                open_rules.append(rule)
        return open_rules

    def _find(self, text: str) -> list[_Hit]:
        """Give all matches, none overlapping, in the order of the text."""
        hits: list[_Hit] = []
        is_protected = False
        for rule in self._open(text):
            if rule.digits and not is_protected:
                text = self._cover_protected(text)
                is_protected = True
            spans = [(start, end) for start, end in rule.find(text) if end > start]
            for start, end in spans:
                text = text[:start] + _TAKEN * (end - start) + text[end:]
            hits += [_Hit(start, end, rule) for start, end in spans]
        return sorted(hits)

    def _cover_protected(self, text: str) -> str:
        for pattern in self._protected:
            text = pattern.sub(lambda found: _TAKEN * len(found.group()), text)
        return text


def check_examples(rules: PiiRules) -> list[tuple[tuple[str | int, ...], str]]:
    """Try every rule on its own examples; give the path of each that fails, and what to do."""
    scrubber = Scrubber.of(rules)
    complaints: list[tuple[tuple[str | int, ...], str]] = []
    for name, rule in rules.rules.items():
        for index, text in enumerate(rule.must_match):
            if name not in scrubber.scrub_text(text)[1] or not scrubber.is_suspect(text):
                what = f"rules.{name} does not find this example; mend the rule or the example"
                complaints.append((("rules", name, "must_match", index), what))
        for index, text in enumerate(rule.must_not_match):
            if name in scrubber.scrub_text(text)[1]:
                what = f"rules.{name} finds something here; mend the rule or the example"
                complaints.append((("rules", name, "must_not_match", index), what))
    return complaints


def _splice(text: str, hits: list[_Hit], reading: Reading | None) -> str:
    """Put each hit's mark in its place; spans of a reading are led back to the original."""
    pieces: list[str] = []
    at = 0
    for start, end, rule in hits:
        first = start if reading is None else reading.starts[start]
        last = end if reading is None else reading.ends[end - 1]
        pieces += [text[at:first], rule.mark]
        at = max(at, last)
    return "".join([*pieces, text[at:]])


__all__ = ["REMOVED", "SEPARATOR", "Scrubber", "check_examples"]
