"""The style that review would ask for: small pieces, each with its promise."""

from __future__ import annotations

import ast
import builtins
import re
from pathlib import Path

from tests.house.source import (
    count_lines,
    list_files,
    list_product_files,
    list_public,
    parse_file,
    show,
)

FILE_LINES_MAX = 300
FUNCTION_LINES_MAX = 50
OTHER_WORDS = {"sanitise", "sanitize", "obfuscate", "anonymize", "pseudonymize", "hits", "quota"}
"""Words in names for which the house has another: scrub, pseudonymise, events, budget."""


def test_files_are_short() -> None:
    code = list_files(".py", ".js", ".css", ".html", ".sql")
    long = {show(f): n for f in code if (n := len(f.read_text().splitlines())) > FILE_LINES_MAX}
    assert not long, "split each of these files by what changes together"


def test_functions_are_short() -> None:
    long = {
        f"{show(file)}:{node.name}": count_lines(node)
        for file in list_files(".py")
        for node in ast.walk(parse_file(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and count_lines(node) > FUNCTION_LINES_MAX
    }
    assert not long, "give each step of these functions a name of its own"


def test_every_module_says_what_it_is_for() -> None:
    silent = [show(file) for file in list_files(".py") if not ast.get_docstring(parse_file(file))]
    assert not silent, "begin each of these files with one sentence"


def test_every_public_name_has_a_docstring() -> None:
    own = [*list_product_files(), *(f for f in list_files(".py") if f.parent.name == "scripts")]
    silent = [
        f"{show(file)}:{name}"
        for file in own
        for name, node in list_public(parse_file(file))
        if not ast.get_docstring(node)
    ]
    assert not silent, "say in one sentence what each of these promises"


def test_docstrings_begin_with_a_sentence() -> None:
    broken = [
        f"{show(file)}:{name}"
        for file in list_product_files()
        for name, node in [("module", parse_file(file)), *list_public(parse_file(file))]
        if not (ast.get_docstring(node) or ".").split("\n\n")[0].rstrip().endswith((".", ":", ")"))
    ]
    assert not broken, "end the first line or paragraph of each of these with a full stop"


def test_errors_named_in_docstrings_exist() -> None:
    known = _list_classes() | _list_builtin_errors()
    wrong = [
        f"{show(file)}:{name}: {error}"
        for file in list_product_files()
        for name, node in list_public(parse_file(file))
        for error in _list_promised_errors(ast.get_docstring(node) or "")
        if error not in known | _list_imported(file)
    ]
    assert not wrong, "name errors that exist, by their class"


def _list_promised_errors(docstring: str) -> list[str]:
    lines = re.findall(r"(?:Errors:|Raises:?|raises?) [^\n]*(?:\n    [^\n]*)*", docstring)
    return [name for line in lines for name in re.findall(r"`([A-Z]\w*[a-z]\w*)`", line)]


def _list_classes() -> set[str]:
    trees = [parse_file(file) for file in list_product_files()]
    return {n.name for tree in trees for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}


def _list_builtin_errors() -> set[str]:
    return {name for name in dir(builtins) if name[0].isupper()}


def _list_imported(file: Path) -> set[str]:
    imports = [n for n in ast.walk(parse_file(file)) if isinstance(n, ast.ImportFrom | ast.Import)]
    return {alias.asname or alias.name for node in imports for alias in node.names}


def test_names_use_the_words_of_the_house() -> None:
    wrong = [
        f"{show(file)}:{name}"
        for file in list_product_files()
        for name, _ in list_public(parse_file(file))
        if set(re.findall(r"[a-z]+", re.sub(r"([A-Z])", r" \1", name).lower())) & OTHER_WORDS
    ]
    assert not wrong, "docs/glossary.md and the neighbours have the word for it"


def test_only_one_clock_is_read() -> None:
    reading = re.compile(r"\b(?:datetime\.now|datetime\.utcnow|date\.today|time\.time(?:_ns)?)\(")
    wrong = [
        show(file)
        for file in list_product_files()
        if reading.search(file.read_text()) and show(file) != "storage/clock.py"
    ]
    assert not wrong, "take a clock or a moment as an argument"


def test_pure_rooms_open_no_file() -> None:
    pure = ("collector/stages/", "collector/protocols/", "collector/consent/")
    wrong = [
        f"{show(file)}:{node.lineno}"
        for file in list_product_files()
        if show(file).startswith(pure)
        for node in ast.walk(parse_file(file))
        if isinstance(node, ast.Name) and node.id in ("open", "Path", "print")
    ]
    assert not wrong, "hand in what these need; stages, protocols and consent are pure"


def test_no_broad_except_and_no_silence() -> None:
    wrong = [
        f"{show(file)}:{node.lineno}"
        for file in list_product_files()
        for node in ast.walk(parse_file(file))
        if isinstance(node, ast.ExceptHandler) and _is_silent(node)
    ]
    assert not wrong, "name the error, or say in a comment on the line why it may be any"


def _is_silent(handler: ast.ExceptHandler) -> bool:
    broad = handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException")
    return broad and all(isinstance(node, ast.Pass) for node in handler.body)
