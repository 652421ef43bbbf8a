"""What is never collected: names and values that tell a category, and those that only look so."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.categories import Categories
from config.categories_file import load_categories, read_categories
from config.errors import ConfigError
from config.policy_rules import CATEGORIES
from config.vocabulary import check_vocabulary
from tests.config.copies import SHIPPED, change, copy_config

CHOICES = "properties.seller_kind.choices"

SHIPPED_CATEGORIES = load_categories(SHIPPED)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration."""
    return copy_config(tmp_path / "config")


@pytest.mark.parametrize(
    ("name", "category"),
    [
        ("religion", "belief"),
        ("userReligion", "belief"),
        ("religion_id", "belief"),
        ("selected_religion_ids", "belief"),
        ("RELIGION", "belief"),
        ("is_muslim", "belief"),
        ("вероисповедание", "belief"),
        ("діни_сенімі", "belief"),
        ("rel\u200bigion", "belief"),
        ("r\u0435ligi\u043en", "belief"),
        ("ｒｅｌｉｇｉｏｎ", "belief"),
        ("ethnicity", "ethnic_origin"),
        ("person_race", "ethnic_origin"),
        ("национальность", "ethnic_origin"),
        ("Национальность пользователя", "ethnic_origin"),
        ("национальность_клиента", "ethnic_origin"),
        ("traits.religion", "belief"),
        ("custom_religion", "belief"),
        ("religion_2", "belief"),
        ("religion2", "belief"),
        ("custom_health", None),
        ("car.race", None),
        ("icd10", "health"),
        ("ВИЧ", "health"),
        ("pregnant", "health"),
        ("мояНациональность", "ethnic_origin"),
        ("ұлты", "ethnic_origin"),
        ("political_views", "political_opinion"),
        ("PartyMembership", "political_opinion"),
        ("userParty", "political_opinion"),
        ("партийность", "political_opinion"),
        ("саяси_көзқарасы", "political_opinion"),
        ("trade_union_membership", "union_membership"),
        ("профсоюз", "union_membership"),
        ("кәсіподақ_мүшелігі", "union_membership"),
        ("diagnosis_code", "health"),
        ("user_health", "health"),
        ("has_diabetes", "health"),
        ("группа_инвалидности", "health"),
        ("денсаулық_жағдайы", "health"),
        ("sexualOrientation", "sex_life"),
        ("user.orientation", "sex_life"),
        ("жыныстық_бағдары", "sex_life"),
        ("face_embedding", "biometrics"),
        ("user_fingerprint", "biometrics"),
        ("отпечатки_пальцев", "biometrics"),
        ("саусақ_іздері", "biometrics"),
    ],
)
def test_names(name: str, category: str | None) -> None:
    assert SHIPPED_CATEGORIES.of_name(name) == category


@pytest.mark.parametrize(
    "name",
    ["car_race", "race_time", "party_size", "trace", "union", "interest", "faithful", "", "_",
     "health", "health_check", "orientation", "screen_orientation", "fingerprint",
     "canvas_fingerprint", "category", "name", "user_name", "client_id", "filter", "is_set",
     "party", "status", "sex", "religion_books_price", "партия", "тип_кузова", "vaccinated",
     "diagnostics", "selected"],
)  # fmt: skip
def test_names_of_something_else(name: str) -> None:
    assert SHIPPED_CATEGORIES.of_name(name) is None


@pytest.mark.parametrize(
    ("value", "category"),
    [
        ("muslim", "belief"),
        ("Orthodox Christian", "belief"),
        ("orthodox_christian", "belief"),
        ("horses, muslim", "belief"),
        ("Православный", "belief"),
        ("мұсылман", "belief"),
        ("казашка", "ethnic_origin"),
        ("ұлты қазақ", "ethnic_origin"),
        ("Коммунист", "political_opinion"),
        ("член профсоюза", "union_membership"),
        ("HIV-positive", "health"),
        ("инвалид 2 группы", "health"),
        ("Bisexual", "sex_life"),
        ("гетеросексуал", "sex_life"),
        ("kazakh", None),
        ("disabled", None),
        ("left", None),
        ("русский", None),
        ("cancer", None),
        ("green", None),
        ("horses", None),
        ("christian louboutin", None),
        ("250000", None),
        ("", None),
        ("muslim " * 40, None),
    ],
)
def test_values(value: str, category: str | None) -> None:
    assert SHIPPED_CATEGORIES.of_value(value) == category


def test_words_that_tell_little_alone_tell_together() -> None:
    assert SHIPPED_CATEGORIES.of_choices(("kazakh", "russian", "other")) == "ethnic_origin"
    assert SHIPPED_CATEGORIES.of_choices(("kazakh", "left", "other")) is None
    assert SHIPPED_CATEGORIES.of_choices(("private", "muslim")) == "belief"
    assert SHIPPED_CATEGORIES.of_choices(()) is None


@pytest.mark.parametrize("name", CATEGORIES)
def test_every_category_has_words_in_three_languages(name: str) -> None:
    words = "".join(SHIPPED_CATEGORIES.categories[name].names)
    for letters in ("abcdefghijklmnoprstuvwxyz", "абвгдезиклмнопрстуя", "әғқңөұүһі"):
        assert set(letters) & set(words)


def complaints(folder: Path) -> list[tuple[str, int, str]]:
    """Every complaint, as (file, line, what)."""
    return [(Path(e.file).name, e.line, e.what) for e in check_vocabulary(folder)]


def test_a_category_may_not_be_left_out_or_made_up(folder: Path) -> None:
    change(folder, "categories.toml", "[categories.biometrics]", "[categories.faces]")
    found = [what for _, _, what in complaints(folder)]
    assert sorted(found) == [
        "categories.biometrics is missing; a site is allowed one in policy.toml alone",
        "there is no category faces; mend its spelling",
    ]
    with pytest.raises(ConfigError):
        load_categories(folder)


def test_a_word_without_a_letter_is_told(folder: Path) -> None:
    line = change(folder, "categories.toml", '"religion",', '"__",')
    assert complaints(folder) == [("categories.toml", line, "a word needs a letter; mend it")]


def test_a_missing_file_is_told(folder: Path) -> None:
    (folder / "categories.toml").unlink()
    found, errors = read_categories(folder)
    assert found is None and errors[0].what == "this file is missing; add it"


@pytest.mark.parametrize(
    ("old", "new", "path", "category"),
    [
        ("[properties.position]", "[properties.religion]", "properties.religion", "belief"),
        ('"private", "business"', '"kazakh", "uzbek"', CHOICES, "ethnic_origin"),
        ('"private", "business"', '"private", "гей"', CHOICES, "sex_life"),
    ],
)  # fmt: skip
def test_a_file_may_not_declare_one(
    folder: Path, old: str, new: str, path: str, category: str
) -> None:
    line = change(folder, "events/listing_view.toml", old, new)
    what = f"{path} tells {category}, which categories.toml forbids; remove it"
    assert complaints(folder) == [("listing_view.toml", line, what)]


def test_an_event_may_not_be_named_so(folder: Path) -> None:
    (folder / "events" / "deal.toml").rename(folder / "events" / "religion_selected.toml")
    ((file, _, what),) = complaints(folder)
    assert (file, "name tells belief" in what) == ("religion_selected.toml", True)


def test_a_site_may_be_allowed_one_with_a_basis(folder: Path) -> None:
    change(folder, "events/listing_view.toml", "[properties.position]", "[properties.diagnosis]")
    policy = folder / "policy.toml"
    own = '\n[sites.clinic.allowed_categories]\nhealth = "explicit consent; assessment 7"\n'
    policy.write_text(policy.read_text("utf-8") + own, "utf-8")
    assert complaints(folder) == []
    policy.write_text(policy.read_text("utf-8").replace("\nhealth =", "\nhealthy ="), "utf-8")
    assert any("there is no category healthy" in what for _, _, what in complaints(folder))


def test_a_folded_word_is_found_however_it_is_written() -> None:
    found = Categories.model_validate(SHIPPED_CATEGORIES.model_dump())
    assert found.of_name("trade-union") == found.of_name("tradeunion") == "union_membership"
