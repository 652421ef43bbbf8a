"""`sanaq policy check` tells every mistake, for people and for programs, and its exit says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from commands.policy import find_ending, find_mistakes, policy
from tests.config.copies import SHIPPED, change, copy_config


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration."""
    return copy_config(tmp_path / "config")


def run(folder: Path, *arguments: str) -> Result:
    """Run `policy check` over a folder."""
    return CliRunner().invoke(policy, ["check", *arguments], env={"SANAQ_CONFIG": str(folder)})


def at(year: int, month: int, day: int) -> datetime:
    """A moment of that day."""
    return datetime(year, month, day, 12, tzinfo=UTC)


def test_the_shipped_configuration_is_right() -> None:
    result = run(SHIPPED)
    assert (result.exit_code, result.output) == (0, "The configuration is right.\n")


def test_a_mistake_is_one_line_and_exit_two(folder: Path) -> None:
    line = change(folder, "policy.toml", 'country = "KZ"', 'country = "Kazakhstan"')
    result = run(folder)
    assert result.exit_code == 2
    first, last = result.output.splitlines()
    assert f"policy.toml:{line}: country" in first
    assert last == "1 mistake"


def test_programs_get_json(folder: Path) -> None:
    line = change(folder, "settings.toml", "collector_workers = 2", "collector_workers = 0")
    result = run(folder, "--json")
    assert result.exit_code == 2
    (error,) = json.loads(result.output)["errors"]
    assert error["file"].endswith("settings.toml")
    assert error["line"] == line
    assert error["what"].startswith("limits.collector_workers")


def test_a_rule_that_fails_its_own_example_is_told_at_the_example(folder: Path) -> None:
    line = change(folder, "pii.toml", '"icon@2x.png"', '"icon@example.kz"')
    (error,) = find_mistakes(folder, lambda: at(2026, 11, 22))
    assert error.line == line
    assert error.what.startswith("rules.email finds something here")
    change(folder, "pii.toml", '"aigul.s@mail.kz"', '"aigul.s"')
    assert len(find_mistakes(folder, lambda: at(2026, 11, 22))) == 2


def test_an_event_near_its_end_is_a_warning(folder: Path) -> None:
    line = change(folder, "events/deal.toml", "2028-11-01", "2027-01-10")
    (warning,) = find_ending(folder, lambda: at(2026, 11, 22))
    assert (Path(warning.file).name, warning.line) == ("deal.toml", line)
    assert find_ending(folder, lambda: at(2026, 10, 1)) == []
    assert find_mistakes(folder, lambda: at(2026, 11, 22)) == []


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    result = run(tmp_path / "none")
    assert result.exit_code != 0
    assert "set SANAQ_CONFIG" in str(result.exception)
