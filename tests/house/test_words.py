"""What no file of the repository may hold: marks of unfinished work, a machine, a registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.source import list_files, show

OWN = Path(__file__)
"""This file spells the words it forbids, and is left out."""

FORBIDDEN = {
    "a mark of unfinished work": re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|NotImplementedError"),
    "a path of one machine": re.compile(
        r"(?<![\w.\"'`$}-])/(?:(?:work|root)/|home/\w+/|Users/\w+/|opt/(?:pypi|wheels))"
    ),
    "a package registry's host": re.compile(
        r"registry[.]npmjs|\bpypi[.]org|pythonhosted|npmmirror|jsdelivr|unpkg\.com|cdnjs", re.I
    ),
    "a private key": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
}
"""What -> how it looks."""

BINARY = {".png", ".jpg", ".gif", ".ico", ".woff2", ".mmdb", ".gz", ".parquet"}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    pattern = FORBIDDEN[what]
    wrong = [
        f"{show(file)}:{number}"
        for file in list_files()
        if file.suffix not in BINARY and file != OWN
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if pattern.search(line)
    ]
    assert not wrong, f"take out {what}"


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a mark of unfinished work", "# TODO: later"),
        ("a mark of unfinished work", "raise NotImplementedError"),
        ("a path of one machine", "see /home/" + "somebody/config"),
        ("a path of one machine", "(/home/ann/sanaq)"),
        ("a package registry's host", "https://registry.npm" + "js.org/htmx.org"),
        ("a private key", "-----BEGIN PRIVATE KEY-----"),
    ],
)
def test_the_patterns_find(what: str, text: str) -> None:
    assert FORBIDDEN[what].search(text)


def test_no_code_is_commented_out() -> None:
    code = re.compile(r"^\s*# *(?:def |class |return |import |from \w+ import |if .*:$|for .*:$)")
    wrong = [
        f"{show(file)}:{number}"
        for file in list_files(".py")
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if code.match(line) and line.rstrip().endswith((":", ")", "]")) and "`" not in line
    ]
    assert not wrong, "take the code out; history keeps it"
