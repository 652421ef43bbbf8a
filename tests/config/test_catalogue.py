"""The catalogue: the shipped events, and every mistake in a file with its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from config.catalogue import SENSITIVITIES, Catalogue
from config.catalogue_files import load_catalogue, read_catalogue
from config.policy_rules import PURPOSES
from tests.config.copies import SHIPPED

GOOD = """description = "A thing happened."
owner = "team@soq.example"
purpose = "analytics"
when_not_permitted = "visit"
expires = 2028-11-01
sensitivity = "interaction"
review = "docs/decisions/0012-event-catalogue.md"

[properties.size]
kind = "integer"
min = 1
max = 9
description = "How big."
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The shipped catalogue."""
    return load_catalogue(SHIPPED)


def complaints(folder: Path, text: str, name: str = "thing") -> list[tuple[str, int, str]]:
    """Every complaint about one event file, as (file, line, what)."""
    (folder / "events").mkdir(exist_ok=True)
    (folder / "events" / f"{name}.toml").write_text(text, "utf-8")
    found, errors = read_catalogue(folder)
    assert (found is None) == bool(errors)
    return [(Path(error.file).name, error.line, error.what) for error in errors]


@pytest.mark.parametrize(
    "name",
    [
        "page_view", "screen_view", "search", "listing_view", "listing_publish", "listing_edit",
        "chat_open", "chat_message", "deal", "ad_impression", "ad_click", "sign_up", "error",
    ],
)  # fmt: skip
def test_the_events_of_a_classifieds_service_are_declared(catalogue: Catalogue, name: str) -> None:
    event = catalogue.get(name)
    assert event is not None
    assert event.name == name
    assert event.purpose in PURPOSES


def test_an_undeclared_event_is_none(catalogue: Catalogue) -> None:
    assert catalogue.get("nonesuch") is None


def test_no_message_or_contact_can_be_sent_with_a_shipped_event(catalogue: Catalogue) -> None:
    for event in catalogue.events.values():
        if event.name.startswith(("chat_", "contact_", "sign_", "review_")):
            assert all(rule.kind != "free_text" for rule in event.properties.values())


def test_what_people_type_is_stored_content(catalogue: Catalogue) -> None:
    for event in catalogue.events.values():
        if any(rule.kind == "free_text" for rule in event.properties.values()):
            assert SENSITIVITIES.index(event.sensitivity) >= 2


def test_adverts_need_the_advertising_purpose(catalogue: Catalogue) -> None:
    adverts = [event for event in catalogue.events.values() if event.name.startswith("ad_")]
    assert adverts
    assert {event.purpose for event in adverts} == {"advertising"}


def test_an_event_ends_on_its_day(catalogue: Catalogue) -> None:
    event = catalogue.get("search")
    assert event is not None
    assert not event.is_expired(date(2028, 10, 31))
    assert event.is_expired(date(2028, 11, 1))


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ('owner = "team@soq.example"\n', "", 1, "owner is missing"),
        ("expires = 2028-11-01", 'expires = "soon"', 5, "expires"),
        ('"analytics"', '"profiling"', 3, "purpose must be one of"),
        ('"visit"', '"keep"', 4, "when_not_permitted"),
        ('kind = "integer"', 'kind = "money"', 10, "properties.size.kind"),
        ("max = 9", "max = 0", 11, "min must not exceed max"),
        ("min = 1", "min = 1.5", 11, "must be whole"),
        ("max = 9", "max = nan", 12, "properties.size.max"),
        ("max = 9", "length_max = 9", 12, "length_max is no key of a integer"),
        ("max = 9", 'choices = ["a"]', 12, "choices go with"),
        ('kind = "integer"\nmin = 1\nmax = 9', 'kind = "choice"', 9, "choices go with"),
        ('kind = "integer"\nmin = 1\nmax = 9', 'kind = "text"', 10, "needs length_max"),
        ('kind = "integer"\nmin = 1\nmax = 9', 'kind = "text"\nlength_max = 5\nmin = 1', 12, "min"),
        (
            'kind = "integer"\nmin = 1\nmax = 9',
            'kind = "choice"\nchoices = ["a", "a"]',
            11,
            "named twice",
        ),
        (
            'kind = "integer"\nmin = 1\nmax = 9',
            'kind = "free_text"\nlength_max = 5',
            10,
            "stored_content",
        ),
        ("[properties.size]", "[properties.Size]", 9, "properties.Size"),
        ('description = "A', 'name = "thing"\ndescription = "A', 1, "name is the event's"),
        ("[properties.size]", "[property.size]", 9, "not a known key"),
        ('description = "How big."\n', "", 9, "properties.size.description is missing"),
    ],
)
def test_a_mistake_has_its_line(tmp_path: Path, old: str, new: str, line: int, what: str) -> None:
    assert complaints(tmp_path, GOOD) == []
    ((file, found_line, found),) = complaints(tmp_path, GOOD.replace(old, new))
    assert (file, found_line) == ("thing.toml", line)
    assert what in found


def test_a_file_is_named_like_an_event(tmp_path: Path) -> None:
    ((file, _, what),) = complaints(tmp_path, GOOD, "Thing-1")
    assert file == "Thing-1.toml"
    assert "rename it" in what


def test_mistakes_of_all_files_are_told(tmp_path: Path) -> None:
    complaints(tmp_path, GOOD.replace("9", "0"), "one")
    found = complaints(tmp_path, "not toml", "two")
    assert [file for file, _, _ in found] == ["one.toml", "two.toml"]


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    found, errors = read_catalogue(tmp_path)
    assert found is None
    assert [error.what for error in errors] == ["this folder is missing; add it"]
