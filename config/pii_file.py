"""From `pii.toml` to the PII rules, or to every complaint about it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from config.errors import ConfigError
from config.loading import parse, read_toml, sort_errors
from config.pii import FLAGS, PiiRule, PiiRules, split_words
from config.policy_file import Found

_PART = re.compile(r"\{\{([a-z_0-9]{1,32})\}\}")


def load_pii_rules(config_dir: Path) -> PiiRules:
    """Read `pii.toml`.

    Errors: `ConfigError`, the first in the file's order.
    """
    rules, errors = read_pii_rules(config_dir)
    if rules is None:
        raise errors[0]
    return rules


def read_pii_rules(config_dir: Path) -> tuple[PiiRules | None, list[ConfigError]]:
    """Give the rules with their parts filled in, or every complaint about them."""
    try:
        document = read_toml(config_dir / "pii.toml")
    except ConfigError as error:
        return None, [error]
    rules, errors = parse(document, PiiRules)
    if rules is None:
        return None, sort_errors(errors)
    errors = [document.complain(*found) for found in _check_parts(rules)]
    if not errors:
        rules = fill_parts(rules)
        errors = [document.complain(*found) for found in _check(rules)]
    return (None, sort_errors(errors)) if errors else (rules, [])


def fill_parts(rules: PiiRules) -> PiiRules:
    """Put the shared parts into every pattern; a part may use the parts above it."""
    parts: dict[str, str] = {}
    for name, text in rules.parts.items():
        parts[name] = _fill(text, parts)
    filled = {
        name: rule.model_copy(
            update={
                "pattern": _fill(rule.pattern, parts),
                "gate": None if rule.gate is None else _fill(rule.gate, parts),
            }
        )
        for name, rule in rules.rules.items()
    }
    protected = {
        name: one.model_copy(update={"pattern": _fill(one.pattern, parts)})
        for name, one in rules.protected.items()
    }
    return rules.model_copy(update={"rules": filled, "protected": protected})


def _fill(text: str, parts: dict[str, str]) -> str:
    return _PART.sub(lambda found: f"(?:{parts[found.group(1)]})", text)


def _check_parts(rules: PiiRules) -> Iterator[Found]:
    """Look for parts that no line above defines."""
    known: set[str] = set()
    for name, text in rules.parts.items():
        yield from _unknown_parts(text, known, ("parts", name))
        known.add(name)
    for name, one in rules.protected.items():
        yield from _unknown_parts(one.pattern, known, ("protected", name, "pattern"))
    for name, rule in rules.rules.items():
        yield from _unknown_parts(rule.pattern, known, ("rules", name, "pattern"))
        yield from _unknown_parts(rule.gate or "", known, ("rules", name, "gate"))


def _unknown_parts(text: str, known: set[str], at: tuple[str, ...]) -> Iterator[Found]:
    for name in _PART.findall(text):
        if name not in known:
            yield at, f"there is no part {name} above; add it or mend its spelling"


def _check(rules: PiiRules) -> Iterator[Found]:
    for name, one in rules.protected.items():
        yield from _check_pattern(one.pattern, ("protected", name, "pattern"))
    for name, rule in rules.rules.items():
        at = ("rules", name)
        yield from _check_pattern(rule.pattern, (*at, "pattern"))
        yield from _check_pattern(rule.gate or "x", (*at, "gate"))
        yield from _check_needs(rule, at)
    for name, field in rules.fields.items():
        for index, word in enumerate(field.names):
            if not split_words(word):
                yield ("fields", name, "names", index), "a name needs a letter; mend it"


def _check_pattern(pattern: str, at: tuple[str, ...]) -> Iterator[Found]:
    try:
        compiled = re.compile(pattern, FLAGS)
    except re.error:
        yield at, "this is no regular expression; mend it"
        return
    if compiled.match("") is not None:
        yield at, "this expression matches nothing at all, and so everywhere; mend it"


def _check_needs(rule: PiiRule, at: tuple[str, ...]) -> Iterator[Found]:
    """A rule must say what gives its text away."""
    if not rule.needs_any and rule.gate is None:
        yield at, "a rule needs needs_any or a gate, or all text would be searched"
    for index, need in enumerate(rule.needs_any):
        if need != need.lower():
            yield (*at, "needs_any", index), "needs_any is compared in lower case; write it so"
