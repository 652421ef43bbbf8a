"""A file becomes a typed value, or every complaint about it with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.errors import ConfigError
from config.loading import Strict, load, parse, read_toml


class Inner(Strict):
    count: int
    ratio: float = 0.5


class Outer(Strict):
    name: str
    words: tuple[str, ...] = ()
    inner: Inner


GOOD = 'name = "a"\nwords = ["x"]\n\n[inner]\ncount = 1\n'


def write(folder: Path, text: str) -> Path:
    """Write a file; give its path."""
    file = folder / "some.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    return file


def mistakes(file: Path) -> list[tuple[int, str]]:
    """Every complaint about a file, as (line, what)."""
    value, errors = parse(read_toml(file), Outer)
    assert (value is None) == bool(errors)
    return [(error.line, error.what) for error in errors]


def test_a_good_file_is_a_frozen_value(tmp_path: Path) -> None:
    value = load(write(tmp_path, GOOD), Outer)
    assert value == Outer(name="a", words=("x",), inner=Inner(count=1))
    with pytest.raises(ValueError, match="frozen"):
        value.name = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("count = 1", 'count = "1"', 5, "inner.count: input should be a valid integer"),
        ("count = 1", "count = true", 5, "inner.count: input should be a valid integer"),
        ("count = 1", "count = 1.5", 5, "inner.count"),
        ("count = 1", "", 4, "inner.count is missing; add it"),
        ("count = 1", "count = 1\nmore = 2", 6, "inner.more is not a known key"),
        ('["x"]', '["x",\n  7]', 3, "words.1: input should be a valid string"),
        ('name = "a"', "", 1, "name is missing; add it"),
        ("[inner]\ncount = 1", "", 1, "inner is missing; add it"),
    ],
)
def test_a_mistake_has_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    ((found_line, found),) = mistakes(write(tmp_path, GOOD.replace(old, new)))
    assert found_line == line
    assert found.startswith(what)


def test_all_mistakes_are_told(tmp_path: Path) -> None:
    text = 'nome = "a"\nwords = 3\n[inner]\ncount = "x"\n'
    lines = sorted(line for line, _ in mistakes(write(tmp_path, text)))
    assert lines == [1, 1, 2, 4]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('name = "a"\nwords = [1,\n', 2),
        ('name = "a"\nname = "b"\n', 2),
        ("\n\nname\n", 3),
        ("ok = 1\nbad = 'x\n", 2),
        ('name = "a"\r\nwords = "x\r\n', 2),
    ],
)
def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    with pytest.raises(ConfigError) as caught:
        read_toml(write(tmp_path, text))
    assert caught.value.line == line
    assert caught.value.what.startswith("this is not TOML: ")


def test_bytes_that_are_no_utf8_are_told_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=":2: this is not UTF-8"):
        read_toml(write(tmp_path, 'a = 1\nb = "\udcff"\n'))


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="missing"):
        read_toml(tmp_path / "none.toml")


def test_lines_hold_for_files_from_windows(tmp_path: Path) -> None:
    text = GOOD.replace("count = 1", 'count = "1"').replace("\n", "\r\n")
    assert [line for line, _ in mistakes(write(tmp_path, text))] == [5]


def test_no_complaint_repeats_a_value(tmp_path: Path) -> None:
    text = GOOD.replace("count = 1", 'count = "hidden-value"')
    assert all("hidden-value" not in what for _, what in mistakes(write(tmp_path, text)))


def test_a_file_is_named_from_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert str(read_toml(write(tmp_path, GOOD)).file) == "some.toml"
