"""The tables of docs/privacy.md are what the code decides, and that is what is promised."""

from __future__ import annotations

import itertools

import pytest

from scripts.truth_table import BASES, PAGE, build_fate_table, build_truth_table, fill_page

RECORDS = ("nothing", "grant", "withdrawal", "objection", "restriction")
SAID = ("nothing", "unreadable", "grant, not accepted", "grant", "refusal", "grant and refusal")


def read_table(text: str) -> list[list[str]]:
    """Give the cells of a Markdown table below its head."""
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines()[2:]]


def promised(record: str, said: str, basis: str) -> str:
    """Give the decision that `How permission is decided` tells, told anew and independently."""
    if basis == "none_needed":
        return "**yes**, basis"
    if record in ("objection", "restriction"):
        return f"no, {record}"
    if basis == "contract":
        return "**yes**, basis"
    if record == "withdrawal":
        return "no, withdrawal"
    if "refusal" in said:
        return "no, signal"
    if said == "grant":
        return "**yes**, signal"
    if record == "grant":
        return "**yes**, record"
    return "no, nobody" if basis == "consent" else "**yes**, basis"


def test_the_page_is_what_the_code_decides() -> None:
    page = PAGE.read_text()
    assert fill_page(page) == page, "run `make docs` and commit the page"


def test_every_combination_is_decided_as_promised() -> None:
    rows = {
        (record, said): tuple(cells) for record, said, *cells in read_table(build_truth_table())
    }
    assert set(rows) == set(itertools.product(RECORDS, SAID))
    for (record, said), cells in rows.items():
        assert cells == tuple(promised(record, said, basis) for basis in BASES), (record, said)


def test_without_permission_no_event_keeps_an_id() -> None:
    for about, *fates in read_table(build_fate_table()):
        assert about == "permitted" or "kept, with the ids" not in fates
        assert about == "nobody spoke of it" or "the day's visit" not in fates


def test_a_page_without_a_place_for_the_tables_is_told() -> None:
    with pytest.raises(ValueError, match="no place"):
        fill_page("# Privacy\n")
