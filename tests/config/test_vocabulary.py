"""The whole vocabulary: the files agree with each other, and a new language is refused whole."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.vocabulary import check_vocabulary, load_vocabulary
from storage.schemas import TABLES
from tests.config.copies import SHIPPED, change, copy_config

COLUMNS = {table: list(schema) for table, schema in TABLES.items()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration."""
    return copy_config(tmp_path / "config")


def complaints(folder: Path, today: date | None = None) -> list[tuple[str, int, str]]:
    """Every complaint, as (file, line, what)."""
    errors = check_vocabulary(folder, COLUMNS, today)
    return [(Path(error.file).name, error.line, error.what) for error in errors]


def test_the_shipped_vocabulary_is_right() -> None:
    assert check_vocabulary(SHIPPED, COLUMNS, date(2026, 11, 22)) == []


def test_it_holds_every_part() -> None:
    vocabulary = load_vocabulary(SHIPPED)
    assert vocabulary.policy.version == "2026-11"
    assert vocabulary.catalogue.get("page_view")
    assert "email" in vocabulary.pii_rules.rules
    assert "weekly_reach" in vocabulary.releases.releases
    assert vocabulary.settings_limits.body_bytes_max == 1_000_000


def test_every_event_serves_a_purpose_of_the_policy() -> None:
    vocabulary = load_vocabulary(SHIPPED)
    for event in vocabulary.catalogue.events.values():
        assert event.purpose in vocabulary.policy.purposes


@pytest.mark.parametrize("name", ["token", "token_id_token", "userEmail", "gclid"])
def test_a_site_may_not_keep_a_query_parameter_that_identifies(folder: Path, name: str) -> None:
    added = f'[sites.soq]\nquery_parameters = ["page", "{name}"]\n'
    policy = folder / "policy.toml"
    policy.write_text(policy.read_text() + added)
    ((file, line, found),) = complaints(folder)
    assert (file, line) == ("policy.toml", len(policy.read_text().splitlines()))
    assert f"sites.soq.query_parameters: {name} identifies" in found


@pytest.mark.parametrize(
    ("name", "what"),
    [("seller_phone", "would always be removed"), ("religion", "categories.toml forbids")],
)
def test_an_event_may_not_declare_what_is_removed(folder: Path, name: str, what: str) -> None:
    old = "[properties.position]"
    line = change(folder, "events/listing_view.toml", old, f"[properties.{name}]")
    ((file, found_line, found),) = complaints(folder)
    assert (file, found_line) == ("listing_view.toml", line)
    assert what in found


def test_a_release_of_an_unknown_event_is_told(folder: Path) -> None:
    line = change(folder, "releases/weekly_reach.toml", '["listing_view"]', '["listing_viev"]')
    assert complaints(folder) == [
        (
            "weekly_reach.toml",
            line,
            "no file in events declares listing_viev; add it or mend its spelling",
        )
    ]


def test_a_release_over_an_undeclared_property_is_told(folder: Path) -> None:
    old, new = '"properties.city"', '"properties.town"'
    line = change(folder, "releases/weekly_reach.toml", old, new)
    ((file, found_line, found),) = complaints(folder)
    assert (file, found_line) == ("weekly_reach.toml", line)
    assert found == "events/listing_view.toml declares no property town; add it there"


def test_an_event_that_has_ended_is_told(folder: Path) -> None:
    line = change(folder, "events/deal.toml", "2028-11-01", "2026-11-22")
    assert complaints(folder, date(2026, 11, 21)) == []
    ((file, found_line, what),) = complaints(folder, date(2026, 11, 22))
    assert (file, found_line) == ("deal.toml", line)
    assert "has ended" in what


def test_mistakes_of_all_files_are_told_in_order(folder: Path) -> None:
    change(folder, "policy.toml", 'country = "KZ"', 'country = "Kazakhstan"')
    change(folder, "events/deal.toml", '"analytics"', '"profit"')
    change(folder, "pii.toml", 'check = "card"', 'check = "cards"')
    change(folder, "settings.toml", "collector_workers = 2", "collector_workers = 0")
    change(folder, "budgets.toml", '"1/2"', '"lots"')
    files = [file for file, _, _ in complaints(folder)]
    assert files == ["budgets.toml", "deal.toml", "pii.toml", "policy.toml", "settings.toml"]
    with pytest.raises(ConfigError, match=r"budgets\.toml"):
        load_vocabulary(folder)


@pytest.mark.parametrize("file", ["policy.toml", "pii.toml", "budgets.toml"])
def test_a_missing_file_is_told(folder: Path, file: str) -> None:
    (folder / file).unlink()
    assert (file, 0, "this file is missing; add it") in complaints(folder)
