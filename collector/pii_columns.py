"""The scrubber's cheap tests over a whole column at once, for batches of many rows.

Called by the scrub stage. Agrees with `Scrubber.is_suspect` on every text; cheaper, since one
expression inside Polars lets most texts pass, and only the others are looked at one by one. Pure.
"""

from __future__ import annotations

import re
from functools import lru_cache

import polars as pl

from collector.pii import Scrubber
from collector.unfold import ODD_PATTERN
from config.pii import PiiRule


def find_suspects(scrubber: Scrubber, texts: pl.Series) -> pl.Series:
    """Tell of each text whether `Scrubber.scrub_text` may change it.

    Shape: text -> boolean of the same length; absent text is never suspect.
    """
    doubtful = texts.str.contains(_doubt_pattern(scrubber)).fill_null(False)
    suspects = doubtful.to_list()
    for place in doubtful.arg_true():
        suspects[place] = scrubber.is_suspect(texts[place])
    return pl.Series(texts.name, suspects, pl.Boolean)


@lru_cache(maxsize=16)
def _doubt_pattern(scrubber: Scrubber) -> str:
    """Give one expression that is found in every text which some rule may match."""
    tests = {_test_of(rule) for rule in scrubber.config.rules.values()}
    return "|".join(["(?:" + ODD_PATTERN + ")", *sorted(tests)])


def _test_of(rule: PiiRule) -> str:
    """Give the more telling of a rule's two cheap tests: words, else its gate, else signs."""
    if rule.gate is not None and all(len(need) == 1 for need in rule.needs_any):
        return f"(?ix:{rule.gate})"
    return "(?i:" + "|".join(re.escape(need) for need in rule.needs_any) + ")"
