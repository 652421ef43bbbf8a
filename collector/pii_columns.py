"""The scrubber's cheap tests over a whole column at once, for batches of many rows.

Called by the scrub stage and `collector.screening`. One expression inside Polars lets most texts
pass, and only the others are looked at one by one. Pure.
"""

from __future__ import annotations

import re
from functools import lru_cache

import polars as pl

from collector.mending import BLANKS, OPENERS
from collector.pii import Scrubber
from collector.unfold import ODD_PATTERN, SEPARATOR
from config.pii import PiiRule

_TURKISH = "[\u0130\u0131]"
"""Letters that Python takes for an `i` where case does not matter, and Polars does not."""

_BLANK = r"[\s\x1c-\x1f]"
"""What Python calls a blank; to Polars the last four signs are none."""


def find_doubtful(scrubber: Scrubber, texts: pl.Series) -> pl.Series:
    """Tell of each text whether it is worth a look: `Scrubber.is_suspect` or `is_odd` may say yes.

    Shape: text -> boolean of the same length; null where the text is absent.
    """
    return texts.str.contains(_doubt_pattern(scrubber))


def find_telling(scrubber: Scrubber, properties: pl.Series) -> pl.Series:
    """Tell of each row whether a property's name says what it holds, or its value is nested."""
    pairs = properties.explode(empty_as_null=True, keep_nulls=True)
    keys, values = pairs.struct.field("key"), pairs.struct.field("value")
    telling = [key for key in keys.unique() if key is not None and scrubber.field_of(key)]
    doubts = keys.is_in(telling) if telling else pl.Series([False]).new_from_index(0, len(keys))
    values = values.str.strip_chars_start(BLANKS)
    for opener in OPENERS:
        doubts = doubts | values.str.starts_with(opener).fill_null(False)
    if not doubts.any():
        return pl.Series([False]).new_from_index(0, len(properties))
    owners = pl.Series(range(len(properties))).repeat_by(_rows_of(properties)).explode()
    return pl.Series(range(len(properties))).is_in(owners.filter(doubts).unique().implode())


def join_pairs(properties: pl.Series) -> pl.Series:
    """Give the keys and values of each row's properties in one text."""
    field = pl.element().struct.field
    pair = pl.concat_str(field("key"), field("value"), separator=SEPARATOR)
    joined = pl.col(properties.name).list.eval(pair).list.join(SEPARATOR)
    return properties.to_frame().select(joined).to_series()


def _rows_of(lists: pl.Series) -> pl.Series:
    """Give how many rows each list makes when it is taken apart: an empty one makes one."""
    return lists.list.len().fill_null(0).clip(lower_bound=1)


@lru_cache(maxsize=16)
def _doubt_pattern(scrubber: Scrubber) -> str:
    """Give one expression that is found in every text which some rule may match."""
    tests = {_test_of(rule) for rule in scrubber.config.rules.values()}
    return "|".join(["(?:" + ODD_PATTERN + ")", _TURKISH, *sorted(tests)])


def _test_of(rule: PiiRule) -> str:
    """Give the more telling of a rule's two cheap tests: words, else its gate, else signs."""
    if rule.gate is not None and (not rule.needs_any or min(map(len, rule.needs_any)) == 1):
        return f"(?ix:{rule.gate})".replace(r"\s", _BLANK)
    return "(?i:" + "|".join(re.escape(need) for need in rule.needs_any) + ")"
