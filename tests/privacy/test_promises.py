"""Every promise that docs/privacy.md tells names tests that exist and hold tests."""

from __future__ import annotations

import re

import pytest

from tests.helpers import ROOT

PAGE = ROOT / "docs" / "privacy.md"

OWED = [
    "R3",
    "R4",
    "R5",
    "R6",
    "R7",
    "R8",
    "R10",
    "R13",
    "R14",
    "R15",
    "R16",
    "R17",
    "R18",
    "R19",
    "R23",
]
"""Promises about consent, identity and what may never be written."""

ROWS = re.findall(r"^\| (R?\d+) \| (.+) \| (.+) \|$", PAGE.read_text(), re.MULTILINE)

HOLDS_TESTS = re.compile(r"def test_|\.TestCase\b")


def test_none_is_missing() -> None:
    assert [number for number, _, _ in ROWS if number.startswith("R")] == OWED
    assert [number for number, _, _ in ROWS if not number.startswith("R")] == list("1234567")


@pytest.mark.parametrize(("number", "promise", "named"), ROWS)
def test_its_tests_exist(number: str, promise: str, named: str) -> None:
    places = [ROOT / place for place in re.findall(r"`(tests/[^`]+)`", named)]
    assert places, "a promise without a test is a wish"
    for place in places:
        files = sorted(place.rglob("test_*.py")) if place.is_dir() else [place]
        assert files and all(HOLDS_TESTS.search(file.read_text()) for file in files)
