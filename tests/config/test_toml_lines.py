"""Every key of a TOML text is found on its own line."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.toml_lines import find_lines
from tests.config.copies import SHIPPED

ODD = '''# a comment with [brackets] = "and = more"
title = "one # two"
"quoted key" = 'x'
a.b.c = 1
multi = """
[not.a.table]
fake = 1
quote \\""" still inside
"""
literal = \'\'\'
[also.not] = 2
\'\'\'
list = [
    1, # first
    "two ] }",
    { x = 1, y = [1,
      2] },
]
when = 2026-11-22T05:11:12Z

[table.sub]
key = { inner = { deep = true } }

[[item]]
name = "first"
[item.part]
size = 1
[[item]]
name = "second"
[item.part]
size = 2
'''

EXPECTED = {
    ("title",): 2,
    ("quoted key",): 3,
    ("a", "b", "c"): 4,
    ("multi",): 5,
    ("literal",): 10,
    ("list",): 13,
    ("list", 0): 14,
    ("list", 1): 15,
    ("list", 2): 16,
    ("list", 2, "y"): 16,
    ("list", 2, "y", 1): 17,
    ("when",): 19,
    ("table", "sub"): 21,
    ("table", "sub", "key", "inner", "deep"): 22,
    ("item", 0): 24,
    ("item", 0, "name"): 25,
    ("item", 0, "part", "size"): 27,
    ("item", 1): 28,
    ("item", 1, "name"): 29,
    ("item", 1, "part", "size"): 31,
}


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path to a value that holds no others."""
    if isinstance(value, dict):
        return [leaf for key, one in value.items() for leaf in leaves(one, (*path, key))]
    if isinstance(value, list):
        return [leaf for i, one in enumerate(value) for leaf in leaves(one, (*path, i))]
    return [path]


@pytest.mark.parametrize("path", EXPECTED, ids=lambda path: ".".join(map(str, path)))
def test_a_path_has_its_line(path: tuple[str | int, ...]) -> None:
    tomllib.loads(ODD)
    assert find_lines(ODD)[path] == EXPECTED[path]


def test_nothing_else_is_found() -> None:
    assert ("fake",) not in find_lines(ODD)
    assert ("also", "not") not in find_lines(ODD)


@pytest.mark.parametrize("file", sorted(SHIPPED.rglob("*.toml")), ids=lambda file: file.name)
def test_every_value_of_a_shipped_file_is_found_where_its_key_stands(file: Path) -> None:
    text = file.read_text("utf-8")
    lines, rows = find_lines(text), text.splitlines()
    for path in leaves(tomllib.loads(text)):
        assert path in lines
        if isinstance(path[-1], str):
            assert path[-1] in rows[lines[path] - 1]


@given(
    st.lists(st.sampled_from(["[t{}]", "k{} = 1", "l{} = [\n 1,\n 2]", "", "# c", "d{}.e = 'x'"]))
)
def test_keys_are_found_in_any_order(kinds: list[str]) -> None:
    pieces = [kind.format(place) for place, kind in enumerate(kinds)]
    text = "\n".join(pieces)
    lines = find_lines(text)
    rows = text.split("\n")
    for path in leaves(tomllib.loads(text)):
        name = next(str(part) for part in reversed(path) if isinstance(part, str))
        row = rows[lines[path] - 1]
        assert name in row or isinstance(path[-1], int)
