"""Every claim about anonymity names code and tests that exist."""

from __future__ import annotations

import re

import pytest

from tests.helpers import ROOT

PAGE = (ROOT / "docs" / "anonymisation.md").read_text()

ROWS = re.findall(r"^\| (\d+) \| (.+) \| (.+) \| (.+) \| (.+) \|$", PAGE, re.MULTILINE)


def test_claims_are_counted_through() -> None:
    assert [int(row[0]) for row in ROWS] == list(range(1, len(ROWS) + 1))
    assert len(ROWS) >= 19


@pytest.mark.parametrize(("number", "claim", "why", "code", "tests"), ROWS)
def test_its_code_and_its_tests_exist(
    number: str, claim: str, why: str, code: str, tests: str
) -> None:
    files = re.findall(r"`([a-z_/]+\.py)`", code)
    assert files and all(
        (ROOT / file).exists() or (ROOT / "aggregator" / file).exists() for file in files
    )
    named = re.findall(r"`(tests/[a-z_/]+\.py)::(test_\w+)`", tests)
    assert named, "a claim without a test is a wish"
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(), test
