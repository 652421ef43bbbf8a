"""Releases as files: the shipped one loads, and every mistake is told with file and line."""

from __future__ import annotations

import shutil
from fractions import Fraction
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.release_files import load_releases, read_releases
from tests.helpers import ROOT

RELEASE = "releases/weekly_reach.toml"
BUDGETS = "budgets.toml"
CITIES = "keysets/reach_cities.csv"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped release with its keysets and the caps."""
    for name in ("releases", "keysets"):
        shutil.copytree(ROOT / "config" / name, tmp_path / name)
    shutil.copy(ROOT / "config" / BUDGETS, tmp_path)
    return tmp_path


def change(folder: Path, file: str, old: str, new: str) -> int:
    """Replace one text; give the line it stood on."""
    text = (folder / file).read_text("utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def complaints(folder: Path) -> list[tuple[str, int, str]]:
    """Every complaint, as (file, line, what)."""
    releases, errors = read_releases(folder)
    assert (releases is None) == bool(errors)
    return [(Path(error.file).name, error.line, error.what) for error in errors]


def test_the_shipped_release_loads() -> None:
    shipped = load_releases(ROOT / "config")
    release = shipped.releases["weekly_reach"]
    assert release.name == "weekly_reach"
    assert release.is_public
    assert release.dimension_names == ("category", "city")
    assert "almaty" in release.keysets["city"]
    assert release.budget.rho == Fraction(9, 1000)
    assert shipped.caps["events"].rho_per_year_max == Fraction(1, 2)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ('"device"', '"visit"', "unit"),
        ('"partner_sharing"', '"analytics"', "purpose"),
        ('"6/1000"', "0.006", "as text"),
        ('"6/1000"', '"six"', "no fraction"),
        ('"6/1000"', '"1/0"', "no fraction"),
        ('"6/1000"', '"-1/2"', "between"),
        ('"6/1000"', '"0"', "positive"),
        ('"6/1000"', '"7/1000"', "55 windows"),
        ('"properties.city"', '"person_id"', "source is"),
        ('"properties.city"', '"city"', "source is"),
        ('name        = "city"', 'name        = "views"', "taken"),
        ('name        = "city"', 'name        = "category"', "taken"),
        ('rows  = "views"', 'rows  = "devices"', "two names"),
        ('dataset        = "events"', 'dataset        = "other"', "no cap"),
        ('selection_delta = "0"', 'selection_delta = "1/1000000000"', "public"),
        ("cells_per_unit_max = 2", "cells_per_unit_max = 0", "greater"),
        ("suppress_below = 30", "suppress_below = 30\nunits_min = 5", "floor"),
        ("grace_hours    = 24", "grace_hours    = 24\ncolour = 1", "not a known key"),
    ],
)
def test_a_mistake_in_a_release(folder: Path, old: str, new: str, what: str) -> None:
    line = change(folder, RELEASE, old, new)
    found = complaints(folder)
    assert any(what in text for _, _, text in found), found
    # A line added or a table blamed for its keys moves the line by little.
    told = [(file, at) for file, at, text in found if what in text]
    assert any(file == "weekly_reach.toml" and abs(at - line) <= 4 for file, at in told), found


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("city\n", "town\n", "dimension's name"),
        ("astana\n", "almaty\n", "twice"),
        ("astana\n", " astana\n", "outer blanks"),
        ("astana\n", "a,b\n", "comma"),
        ("other\n", "", "others is not a key"),
    ],
)
def test_a_mistake_in_a_keyset(folder: Path, old: str, new: str, what: str) -> None:
    change(folder, CITIES, old, new)
    assert any(what in text for _, _, text in complaints(folder))


def test_a_missing_keyset_is_named(folder: Path) -> None:
    (folder / CITIES).unlink()
    assert [(file, line) for file, line, _ in complaints(folder)] == [("reach_cities.csv", 0)]


def test_private_keys_need_a_delta(folder: Path) -> None:
    change(folder, RELEASE, 'keyset      = "reach_cities.csv"\nothers      = "other"\n', "")
    assert any("chosen privately" in text for _, _, text in complaints(folder))
    change(folder, RELEASE, 'selection_delta = "0"', 'selection_delta = "1/100000000"')
    assert complaints(folder) == []
    release = load_releases(folder).releases["weekly_reach"]
    assert not release.is_public
    assert set(release.keysets) == {"category"}


def test_a_year_of_private_keys_must_fit_its_delta(folder: Path) -> None:
    change(folder, RELEASE, 'keyset      = "reach_cities.csv"\nothers      = "other"\n', "")
    line = change(folder, RELEASE, 'selection_delta = "0"', 'selection_delta = "1/1000000"')
    found = [(at, text) for _, at, text in complaints(folder)]
    assert found == [(line, "55 windows of this release exceed the data set's yearly delta")]


def test_all_mistakes_are_told_at_once(folder: Path) -> None:
    change(folder, RELEASE, '"device"', '"visit"')
    change(folder, CITIES, "city\n", "town\n")
    change(folder, BUDGETS, '"1/2"', "0.5")
    (folder / "releases" / "second.toml").write_text("mode = 1\n", "utf-8")
    files = {file for file, _, _ in complaints(folder)}
    assert files == {"weekly_reach.toml", "budgets.toml", "second.toml"}
    with pytest.raises(ConfigError):
        load_releases(folder)
