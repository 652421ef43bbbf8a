"""The test over a whole column misses no text that the test of one text does not let pass."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.pii_columns import find_doubtful, find_telling
from collector.unfold import is_odd
from tests.collector.test_pii import ANY, RULES, SCRUBBER


def missed(texts: list[str]) -> list[str]:
    """Give texts that deserve a look and that the test over a column lets pass."""
    found = find_doubtful(SCRUBBER, pl.Series("text", texts, pl.String)).to_list()
    looked = [SCRUBBER.is_suspect(text) or is_odd(text) for text in texts]
    return [text for text, one, other in zip(texts, found, looked, strict=True) if other > one]


def test_no_example_is_missed() -> None:
    texts = [
        text for rule in RULES.rules.values() for text in (*rule.must_match, *rule.must_not_match)
    ]
    assert not missed(texts)


@settings(max_examples=200)
@given(st.lists(ANY, max_size=20))
def test_no_text_is_missed(texts: list[str]) -> None:
    kept = [
        text for text in texts if text.isascii() or text.encode("utf-8", "ignore").decode() == text
    ]
    assert not missed(kept)


def test_ordinary_text_is_let_pass() -> None:
    texts = pl.Series("text", ["a@b.kz", "/ads/almaty/phones", "Пони"], pl.String)
    assert find_doubtful(SCRUBBER, texts).to_list() == [True, False, False]
    assert find_doubtful(SCRUBBER, pl.Series("text", [], pl.String)).to_list() == []


PAIRS = pl.List(pl.Struct({"key": pl.String, "value": pl.String}))


def test_a_telling_row_is_told_wherever_rows_without_properties_stand() -> None:
    """A list from which another stage took everything is empty, not absent."""
    named = [{"key": "price", "value": "7"}, {"key": "phone", "value": "7"}]
    nested = [{"key": "price", "value": '{"phone": 7}'}]
    plain = [{"key": "price", "value": "7"}]
    rows = [[], named, [], None, plain, nested, []]
    told = find_telling(SCRUBBER, pl.Series("properties", rows, PAIRS)).to_list()
    assert told == [False, True, False, False, False, True, False]


@pytest.mark.parametrize("row", [[], None])
def test_rows_that_hold_no_property_tell_nothing(row: list[dict[str, str]] | None) -> None:
    told = find_telling(SCRUBBER, pl.Series("properties", [row] * 3, PAIRS))
    assert told.to_list() == [False] * 3
