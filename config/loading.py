"""From a TOML file to a frozen, typed value, or to every complaint about it with its line.

Called by the loaders of this room. A file's mistakes are collected, never only the first; a
message never repeats a value, since a file may hold what should not be shown.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from config.errors import ConfigError
from config.toml_lines import find_lines

_AT_LINE = re.compile(r" ?\(at line (\d+), column \d+\)| ?\(at end of document\)")


class Strict(BaseModel):
    """What every typed value of this room is: frozen, complete, without unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


M = TypeVar("M", bound=Strict)


@dataclass(frozen=True)
class Document:
    """One TOML file as read, able to say where each of its keys stands."""

    file: Path
    """The file, as the operator would name it."""
    data: dict[str, Any]
    """What `tomllib` read."""
    lines: dict[tuple[str | int, ...], int]
    """Path of each key -> its line, from 1."""

    def complain(self, path: Sequence[str | int], what: str) -> ConfigError:
        """Make the complaint about `path`, on its line or that of the nearest table around it."""
        for length in range(len(path), -1, -1):
            line = self.lines.get(tuple(path[:length]))
            if line is not None:
                return ConfigError(self.file, line, what)
        return ConfigError(self.file, 1, what)


def show_file(file: Path) -> Path:
    """Give the file relative to the working folder where it lies inside, else as it is."""
    try:
        return file.resolve().relative_to(Path.cwd())
    except ValueError:
        return file


def read_toml(file: Path) -> Document:
    """Read one TOML file.

    Errors: `ConfigError` where it is missing, unreadable, not UTF-8 or not TOML.
    """
    shown = show_file(file)
    text = read_text(file)
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(shown, text, str(error)) from None
    return Document(shown, data, find_lines(text.replace("\r\n", "\n")))


def read_text(file: Path) -> str:
    """Read one text file whole.

    Errors: `ConfigError` where it is missing, unreadable or not UTF-8.
    """
    shown = show_file(file)
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        raise ConfigError(shown, 0, "this file is missing; add it") from None
    except OSError:
        raise ConfigError(shown, 0, "this file cannot be read; check its permissions") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise ConfigError(shown, line, "this is not UTF-8; save the file as UTF-8") from None


def parse(document: Document, model: type[M]) -> tuple[M | None, list[ConfigError]]:
    """Check a document against its model; give the typed value, or all complaints.

    Values must have the declared type already: `"5"` is no number, `true` is no 1. (JSON mode,
    since in that mode alone a list may become a tuple while everything else stays strict.)
    """
    as_json = json.dumps(document.data, default=str)
    try:
        return model.model_validate_json(as_json, strict=True), []
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False)
        return None, [document.complain(d["loc"], _sentence(d["loc"], d)) for d in details]


def load(file: Path, model: type[M]) -> M:
    """Read and check one file.

    Errors: `ConfigError`, the first in the file's order.
    """
    value, errors = parse(read_toml(file), model)
    if value is None:
        raise sort_errors(errors)[0]
    return value


def sort_errors(errors: Sequence[ConfigError]) -> list[ConfigError]:
    """Put complaints in the order in which an operator would meet them: file, then line."""
    return sorted(errors, key=lambda error: (error.file, error.line, error.what))


def _sentence(path: Sequence[str | int], detail: Any) -> str:
    name = ".".join(str(part) for part in path) or "the file"
    if detail["type"] == "missing":
        return f"{name} is missing; add it"
    if detail["type"] == "extra_forbidden":
        return f"{name} is not a known key; remove it or mend its spelling"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{name}: {message[0].lower()}{message[1:]}"


def _syntax_error(file: Path, text: str, message: str) -> ConfigError:
    found = _AT_LINE.search(message)
    line = int(found.group(1)) if found and found.group(1) else text.rstrip().count("\n") + 1
    return ConfigError(file, line, f"this is not TOML: {_AT_LINE.sub('', message)}")
