"""Every field of the wire, read from the code: one that is added is planted in without an edit."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from tests.helpers import ROOT

WORD = re.compile(r"[A-Za-z][\w.-]{1,40}")


def fill_each(struct: type[msgspec.Struct], text: str, number: float) -> Iterator[dict[str, Any]]:
    """Give objects of a struct, each with one leaf filled, with `text` or `number`.

    What a leaf needs beside it is filled with what is harmless; a text is cut to its bound.
    """
    yield from _fill_struct(inspect.type_info(struct), text, number)


def count_leaves(struct: type[msgspec.Struct]) -> int:
    """Give how many leaves a struct has."""
    return sum(1 for _ in fill_each(struct, "x", 1))


def _fill_struct(kind: Any, text: str, number: float) -> Iterator[dict[str, Any]]:
    needed = {one.encode_name: _harmless(one.type) for one in kind.fields if one.required}
    for one in kind.fields:
        for value in _fill(one.type, text, number):
            yield needed | {one.encode_name: value}


def _fill(kind: Any, text: str, number: float) -> Iterator[Any]:
    """Give the values of a type with one leaf filled each."""
    if isinstance(kind, inspect.UnionType):
        for one in kind.types:
            yield from _fill(one, text, number)
    elif isinstance(kind, inspect.StructType):
        yield from _fill_struct(kind, text, number)
    elif isinstance(kind, inspect.ListType):
        yield from ([value] for value in _fill(kind.item_type, text, number))
    elif isinstance(kind, inspect.StrType):
        yield text[: kind.max_length]
    elif isinstance(kind, inspect.RawType):
        yield text
        yield {"note": text, text[:60]: 1, "deep": [{"a": [text]}, number], "n": number}
    elif isinstance(kind, inspect.IntType | inspect.FloatType):
        yield number
        yield text
    elif not isinstance(kind, inspect.NoneType):
        yield text


def _harmless(kind: Any) -> Any:
    """Give a value of a type that stands in nobody's way."""
    if isinstance(kind, inspect.UnionType):
        return _harmless(kind.types[0])
    if isinstance(kind, inspect.StrType):
        return "x"
    if isinstance(kind, inspect.ListType | inspect.TupleType):
        return []
    if isinstance(kind, inspect.StructType):
        return {one.encode_name: _harmless(one.type) for one in kind.fields if one.required}
    return 1


def names_in(*places: str) -> list[str]:
    """Give every text in a file or folder of the code that could be the name of a field."""
    found: dict[str, None] = {}
    for place in places:
        path = ROOT / place
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            found |= dict.fromkeys(_texts_of(file))
    return list(found)


def _texts_of(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and WORD.fullmatch(text):
            yield text
