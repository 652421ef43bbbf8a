"""The labelled lines are many, the same for every run, and labelled where they say."""

from __future__ import annotations

import re

import pytest

from benchmarks.pii import numbers
from benchmarks.pii.corpus import PARTS, Label, Line, draw_corpus
from benchmarks.pii.ours import MARK
from benchmarks.pii.scoring import align, score
from benchmarks.pii.tables import list_classes, list_faults

LINE = Line("", "write to a@b.kz or 87012345678", (Label(9, 15, "email", ""),), "open", "t:1")


def test_there_are_enough_lines_of_both_parts_and_half_of_some_are_negatives() -> None:
    lines = draw_corpus()
    assert len(lines) >= 5_000
    for part in PARTS:
        labelled = [bool(line.labels) for line in lines if line.part == part]
        assert len(labelled) >= 1_500
        assert 0.25 < 1 - sum(labelled) / len(labelled) < 0.6


def test_the_lines_are_the_same_in_every_run() -> None:
    draw_corpus.cache_clear()
    first = draw_corpus()
    draw_corpus.cache_clear()
    assert draw_corpus() == first


def test_no_slot_is_left_unfilled() -> None:
    left = re.compile(r"\{\{\w+(\|\w+)?\}\}|<<\w+>>")
    assert not [line.template for line in draw_corpus() if left.search(line.text)]


def test_every_class_is_in_both_parts() -> None:
    kinds = [
        {label.kind for line in draw_corpus() if line.part == part for label in line.labels}
        for part in PARTS
    ]
    assert kinds[0] == kinds[1] and len(kinds[0]) == 16


@pytest.mark.parametrize(
    ("number", "last"), [("7992739871", "3"), ("411111111111111", "1"), ("35209900176148", "1")]
)
def test_luhn_digits_are_the_published_ones(number: str, last: str) -> None:
    assert numbers.luhn(number) == last


@pytest.mark.parametrize(
    ("before", "after", "spans"),
    [
        ("a b c", "a b c", []),
        ("a b c", "a [x] c", [(2, 3)]),
        ("[x] b", "[x] [y]", [(4, 5)]),
        ("ab", "[x][y]", [(0, 0), (0, 2)]),
        ("abc", "what else", [(0, 3)]),
    ],
)
def test_marks_are_led_back_to_spans(before: str, after: str, spans: list[object]) -> None:
    assert align(before, after, MARK) == spans


def test_a_score_counts_what_was_found_and_what_was_taken_besides() -> None:
    clean = LINE._replace(text="nothing here", labels=())
    result = score([LINE, LINE, clean, clean], [[(9, 15)], [(19, 30)], [(0, 7)], []])
    assert (result.recall(), result.recall("email"), result.precision) == (0.5, 0.5, 1 / 3)
    assert (result.spoilt, result.negatives) == (1, 2)
    assert "| email | 2 | 0.500 |" in list_classes({"ours": result})
    assert "missed email: t:1" in list_faults(result)


def test_half_an_address_left_is_a_miss() -> None:
    assert score([LINE], [[(9, 12)]]).recall() == 0.0
