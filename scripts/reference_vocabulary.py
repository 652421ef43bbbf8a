"""Sections of the reference that tell the shipped vocabulary: purposes, event types, PII rules."""

from __future__ import annotations

from functools import cache

from config.vocabulary import Vocabulary, load_vocabulary
from scripts.chromium import ROOT
from scripts.markdown_table import build_table


@cache
def read_vocabulary() -> Vocabulary:
    """Return the shipped vocabulary."""
    return load_vocabulary(ROOT / "config")


def describe_purposes() -> str:
    """Return every purpose of the shipped policy."""
    rows = [
        (f"`{name}`", rule.legal_basis, str(rule.retention_days), rule.description)
        for name, rule in read_vocabulary().policy.purposes.items()
    ]
    return build_table(("Purpose", "Legal basis", "Kept, days", "What for"), rows)


def describe_sources() -> str:
    """Return every source of consent that the shipped policy names."""
    rows = [
        (f"`{name}`", ", ".join(rule.accepted_for or ()) or "nothing: it only refuses")
        for name, rule in read_vocabulary().policy.signals.items()
    ]
    return build_table(("Source", "Its grants count for"), rows)


def describe_events() -> str:
    """Return every event type of the shipped catalogue with its properties."""
    rows = [
        (
            f"`{name}`",
            kind.purpose,
            kind.when_not_permitted,
            ", ".join(f"`{key}`" for key in kind.properties),
            kind.description,
        )
        for name, kind in read_vocabulary().catalogue.events.items()
    ]
    head = ("Event", "Purpose", "Not permitted", "Properties", "What happened")
    return build_table(head, rows)


def describe_rules() -> str:
    """Return every rule that removes something from free text."""
    rows = [
        (f"`{name}`", f"`{rule.mark}`", f"`{rule.must_match[0]}`")
        for name, rule in read_vocabulary().pii_rules.rules.items()
    ]
    return build_table(("Rule", "What stands in its place", "Example that it finds"), rows)
