"""The figures of releases: classes of cells, what is shown of them, and how far off it is."""

from __future__ import annotations

import pytest

from benchmarks.releases.figures import Cells, compare, round_to_floor, write_table

TRUTH: Cells = {("a",): 4, ("b",): 12, ("c",): 50, ("d",): 2_000}
FAR_OFF: Cells = {("b",): 9, ("c",): 55, ("d",): 1_500}


def test_the_rule_of_ten_and_five() -> None:
    assert round_to_floor(TRUTH) == {("b",): 10, ("c",): 50, ("d",): 2_000}


def test_each_class_tells_what_is_shown_and_how_far_off() -> None:
    small, middle, large = compare(TRUTH, FAR_OFF)
    assert (small.low, small.high, small.cells, small.shown, small.error) == (1, 10, 1, 0, None)
    assert (middle.cells, middle.shown) == (2, 2)
    assert middle.error == pytest.approx((0.25 + 0.1) / 2)
    assert large.error == 0.25


def test_tables_stand_side_by_side() -> None:
    text = write_table({"one": compare(TRUTH, TRUTH), "two": compare(TRUTH, {})})
    assert text.splitlines()[2:] == [
        "| 1 to 9 | 1 | 100.0% | 0.0% | 0.0% | none |",
        "| 10 to 99 | 2 | 100.0% | 0.0% | 0.0% | none |",
        "| 1,000 to 9,999 | 1 | 100.0% | 0.0% | 0.0% | none |",
    ]
