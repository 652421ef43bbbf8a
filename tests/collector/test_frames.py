"""Events become frames, and nested values come through them unchanged."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.frames import (
    DECODED,
    JSON_ROWS_MIN,
    MEASUREMENTS,
    change,
    keep,
    to_frame,
    to_lists,
    to_nested,
    to_time,
)
from storage.schemas import MAP, TEXTS, TIME
from tests.collector.worlds import event

texts = st.text(st.characters(codec="utf-8"), max_size=12)
pairs = st.fixed_dictionaries({"key": texts, "value": texts})
figures = st.fixed_dictionaries(
    {"name": texts, "value": st.floats(allow_nan=False, allow_infinity=False), "unit": texts}
)


@given(st.lists(st.none() | st.lists(pairs, max_size=3), max_size=5))
def test_pairs_come_through_unchanged(values: list[Any]) -> None:
    column = to_nested("properties", values, MAP)
    assert (column.dtype, column.to_list()) == (MAP, values)


@given(st.lists(st.none() | st.lists(figures, max_size=3), max_size=5))
def test_measurements_come_through_unchanged(values: list[Any]) -> None:
    column = to_nested("measurements", values, MEASUREMENTS)
    assert (column.dtype, column.to_list()) == (MEASUREMENTS, values)


def test_events_become_rows_in_order() -> None:
    frame = to_frame([event(page_title="a"), event(measurements=[]), event(latitude=1.5)])
    assert dict(frame.schema) == DECODED
    assert frame.select("row", "page_title", "latitude", "measurements").rows() == [
        (0, "a", None, None),
        (1, None, None, []),
        (2, None, 1.5, None),
    ]
    assert dict(to_frame([]).schema) == DECODED


def test_milliseconds_become_moments() -> None:
    column = to_time("occurred_at", [0, 1_795_324_271_123, None])
    assert column.dtype == TIME
    assert column.to_list() == [
        datetime(1970, 1, 1, tzinfo=UTC),
        datetime(2026, 11, 22, 5, 11, 11, 123_000, tzinfo=UTC),
        None,
    ]


def test_lists_of_text_come_through_in_order() -> None:
    rows = [("b", "a"), (), ("b", "a"), ("c",)]
    column = to_lists("remarks", rows)
    assert (column.name, column.dtype) == ("remarks", TEXTS)
    assert column.to_list() == [["b", "a"], [], ["b", "a"], ["c"]]
    assert to_lists("remarks", []).to_list() == []


def test_columns_are_added_replaced_and_left_out() -> None:
    batch = pl.DataFrame({"a": [1], "b": [2], "c": [3]})
    changed = change(batch, [pl.Series("b", ["x"]), pl.Series("d", [4])], drops=["c"])
    assert changed.to_dicts() == [{"a": 1, "b": "x", "d": 4}]
    assert batch.to_dicts() == [{"a": 1, "b": 2, "c": 3}]
    with pytest.raises(pl.exceptions.PolarsError):
        change(batch, [pl.Series("d", [1, 2])])
    with pytest.raises(pl.exceptions.PolarsError):
        change(batch, drops=["e"])


def test_many_nested_values_come_through_as_few_do() -> None:
    values = [[{"key": "a", "value": str(n)}] if n % 3 else None for n in range(JSON_ROWS_MIN)]
    many = to_nested("properties", values, MAP)
    assert (many.dtype, many.to_list()) == (MAP, values)
    assert many[:-1].equals(to_nested("properties", values[:-1], MAP), null_equal=True)


def test_a_column_keeps_what_it_may() -> None:
    kept = keep(pl.Series("a", ["x", "y", None]), pl.Series([True, False, True]), "")
    assert (kept.name, kept.to_list()) == ("a", ["x", "", None])
