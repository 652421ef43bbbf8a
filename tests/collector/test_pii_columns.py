"""The test over a whole column says of each text what the test of one text says."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.pii_columns import find_suspects, find_telling
from tests.collector.test_pii import ANY, RULES, SCRUBBER


def test_every_example_is_judged_alike() -> None:
    texts = [
        text for rule in RULES.rules.values() for text in (*rule.must_match, *rule.must_not_match)
    ]
    found = find_suspects(SCRUBBER, pl.Series("text", texts))
    assert found.to_list() == [SCRUBBER.is_suspect(text) for text in texts]


@settings(max_examples=200)
@given(st.lists(ANY, max_size=20))
def test_any_text_is_judged_alike(texts: list[str]) -> None:
    kept = [
        text for text in texts if text.isascii() or text.encode("utf-8", "ignore").decode() == text
    ]
    found = find_suspects(SCRUBBER, pl.Series("text", kept, pl.String))
    assert found.to_list() == [SCRUBBER.is_suspect(text) for text in kept]


def test_absent_text_is_not_suspect() -> None:
    texts = pl.Series("text", [None, "a@b.kz", None], pl.String)
    found = find_suspects(SCRUBBER, texts)
    assert found.to_list() == [False, True, False]
    assert found.dtype == pl.Boolean
    assert find_suspects(SCRUBBER, pl.Series("text", [], pl.String)).to_list() == []


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
