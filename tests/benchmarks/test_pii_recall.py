"""The PII rules find what is labelled, class by class, and leave the rest: the published floors."""

from __future__ import annotations

from functools import cache

import pytest

from benchmarks.pii.corpus import PARTS, draw_corpus
from benchmarks.pii.ours import find_ours
from benchmarks.pii.scoring import Score, score
from benchmarks.pii.tables import list_faults
from collector.pii import Scrubber
from config.pii_file import load_pii_rules
from tests.helpers import ROOT

RECALL_MIN = 0.99
PRECISION_MIN = 0.98


@cache
def score_part(part: str) -> Score:
    """What the shipped rules do with the lines of one part."""
    scrubber = Scrubber.of(load_pii_rules(ROOT / "config"))
    lines = [line for line in draw_corpus() if line.part == part]
    return score(lines, find_ours(scrubber, lines))


@pytest.mark.parametrize("part", PARTS)
def test_every_class_is_found(part: str) -> None:
    result = score_part(part)
    poor = [kind for kind in result.labelled if result.recall(kind) < RECALL_MIN]
    assert not poor, list_faults(result)


@pytest.mark.parametrize("part", PARTS)
def test_hardly_anything_else_is_taken(part: str) -> None:
    result = score_part(part)
    assert result.precision >= PRECISION_MIN, list_faults(result)
    assert result.spoilt <= result.negatives * (1 - PRECISION_MIN), list_faults(result)


def test_without_a_rule_its_class_is_missed() -> None:
    rules = load_pii_rules(ROOT / "config")
    fewer = {name: rule for name, rule in rules.rules.items() if name != "iban"}
    scrubber = Scrubber.of(rules.model_copy(update={"rules": fewer}))
    lines = [line for line in draw_corpus() if any(x.kind == "iban" for x in line.labels)]
    assert score(lines, find_ours(scrubber, lines)).recall("iban") < RECALL_MIN
