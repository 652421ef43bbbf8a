"""The table of SDKs names real tests and the versions that are installed."""

from __future__ import annotations

import json
import re

from tests.helpers import ROOT

ROW = re.compile(
    r"^\| [^|]+ \| `(?P<package>[^`]+)` ?(?P<version>[^|]*) \| \[[^|]+\]\((?P<page>[^)]+)\) "
    r"\| `(?P<file>\w+\.py)`: `(?P<test>\w+)` \|$",
    re.MULTILINE,
)

ROWS_MIN = 25


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


def _pinned() -> set[tuple[str, str]]:
    """Give package and version of all that is pinned for the tests."""
    node = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    lines = (ROOT / "requirements-sdks.lock").read_text().splitlines()
    python = [line.split("==") for line in lines if "==" in line]
    return {*node.items(), *((name, version) for name, version in python)}
