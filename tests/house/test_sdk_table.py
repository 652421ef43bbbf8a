"""The table of SDKs names real tests and the versions that are installed."""

from __future__ import annotations

import json
import re

from tests.helpers import ROOT
from tests.sdks.consent_lines import (
    PLATFORMS,
    lines_of,
    read_blocks,
    read_legs,
    read_runs,
    read_sdks,
)

ROW = re.compile(
    r"^\| [^|]+ \| `(?P<package>[^`]+)` ?(?P<version>[^|]*) \| \[[^|]+\]\((?P<page>[^)]+)\) "
    r"\| `(?P<file>\w+\.py)`: `(?P<test>\w+)` \|$",
    re.MULTILINE,
)

ROWS_MIN = 25

PLATFORM = re.compile(
    r"^\| (?P<platform>[^|]+) \| [^|`]+ \| (?P<lines>[^|]+) \| (?P<known>\w+) \|$", re.MULTILINE
)

PLATFORMS_SHOWN = {
    *("iOS", "Android", "Flutter", "React Native", "Unity"),
    *("Python", "Node", "Go", "Java, Kotlin", "PHP", "Ruby", ".NET", "Rust", "any"),
}


def test_every_row_has_its_page_its_test_and_the_version_that_is_run() -> None:
    rows = [match.groupdict() for match in ROW.finditer((ROOT / "docs/sdks.md").read_text("utf-8"))]
    assert len(rows) >= ROWS_MIN
    assert len({(row["file"], row["test"]) for row in rows}) == len(rows)
    pinned = _pinned()
    for row in rows:
        assert (ROOT / "docs" / row["page"]).is_file()
        test = (ROOT / "tests" / "sdks" / row["file"]).read_text("utf-8")
        assert f"def {row['test']}(" in test
        if row["version"].strip():
            assert (row["package"], row["version"].strip()) in pinned


def test_every_sdk_has_its_consent_lines_and_every_line_is_run() -> None:
    assert read_legs().keys() == set(read_sdks()), "name each SDK in the table of legs too"
    runs = read_runs()
    assert not [run for run in runs if not lines_of(*run)], "these legs have no lines"
    unused = [(name, leg) for name, leg in read_blocks() if name not in PLATFORMS]
    assert set(unused) <= set(runs), "these lines are run by no test"
    saying = [cell for cells in read_legs().values() for cell in cells.values()]
    assert not [cell for cell in saying if cell.strip() in ("", "-")], "say why a leg is not run"


def test_every_platform_has_an_sdk_its_line_and_how_it_is_known() -> None:
    text = (ROOT / "docs/sdks.md").read_text("utf-8")
    part = text.partition("## By platform")[2].partition("\n## ")[0]
    rows = [match.groupdict() for match in PLATFORM.finditer(part)]
    assert len(rows) == part.count("\n| ") - 1, "a row of another form"
    assert {row["platform"] for row in rows} == PLATFORMS_SHOWN
    assert {row["known"] for row in rows} == {"run", "source", "documentation"}


def _pinned() -> set[tuple[str, str]]:
    """Give package and version of all that is pinned for the tests."""
    node = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    lines = (ROOT / "requirements-sdks.lock").read_text().splitlines()
    python = [line.split("==") for line in lines if "==" in line]
    return {*node.items(), *((name, version) for name, version in python)}
