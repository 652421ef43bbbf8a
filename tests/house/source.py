"""Where the product's files are, and its code parsed, for the tests of this folder."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.helpers import ROOT

ROOMS = ("config", "storage", "collector", "aggregator", "privacy", "dashboards", "commands")
"""Packages of the product; `privacy` may not be there yet."""

SKIPPED = {".git", ".venv", ".venv-sdks", "node_modules", "var", "vendor", "build", "__pycache__"}
"""Folders whose files are not ours, or are made by running."""


@cache
def list_files(*suffixes: str) -> tuple[Path, ...]:
    """Return the checkout's own files with these suffixes, or all of them."""
    return tuple(sorted(f for f in _walk(ROOT) if not suffixes or f.suffix in suffixes))


def _walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        if entry.is_dir():
            own = entry.name not in SKIPPED and not entry.name.endswith(("_cache", ".egg-info"))
            yield from _walk(entry) if own and entry.name != ".hypothesis" else ()
        elif entry.is_file() and entry.parent != ROOT / "benchmarks" / "results":
            yield entry


@cache
def list_product_files() -> tuple[Path, ...]:
    """Return the Python files of the rooms and `cli.py`."""
    return tuple(
        file
        for file in list_files(".py")
        if file.relative_to(ROOT).parts[0] in ROOMS or file == ROOT / "cli.py"
    )


@cache
def parse_file(file: Path) -> ast.Module:
    """Return the file's syntax tree."""
    return ast.parse(file.read_text(), filename=str(file))


def show(file: Path) -> str:
    """Return the file as people name it."""
    return str(file.relative_to(ROOT))


Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def list_public(
    tree: ast.Module | ast.ClassDef, path: str = ""
) -> Iterator[tuple[str, Definition]]:
    """Yield public classes, functions and methods with their dotted names; nothing nested.

    A property's setter is left out: its getter has the promise.
    """
    for node in tree.body:
        if isinstance(node, Definition) and not node.name.startswith("_") and not _is_setter(node):
            yield f"{path}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from list_public(node, f"{path}{node.name}.")


def _is_setter(node: Definition) -> bool:
    return any(ast.unparse(decorator).endswith(".setter") for decorator in node.decorator_list)


def count_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return the length of a function in lines, its docstring and decorators left out."""
    first = node.body[0]
    has_docstring = ast.get_docstring(node, clean=False) is not None
    text = (first.end_lineno or first.lineno) - first.lineno + 1 if has_docstring else 0
    return (node.end_lineno or node.lineno) - node.lineno + 1 - text
