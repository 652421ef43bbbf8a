"""PII rules as data: parts are filled in, names are matched, every mistake has its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.pii import PiiRules, split_words
from config.pii_file import load_pii_rules, read_pii_rules
from tests.config.copies import SHIPPED, change, copy_config

PII = "pii.toml"


@pytest.fixture(scope="module")
def rules() -> PiiRules:
    """The shipped rules."""
    return load_pii_rules(SHIPPED)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration."""
    return copy_config(tmp_path / "config")


def complaints(folder: Path) -> list[tuple[int, str]]:
    """Every complaint about the rules, as (line, what)."""
    found, errors = read_pii_rules(folder)
    assert (found is None) == bool(errors)
    assert {Path(error.file).name for error in errors} <= {PII}
    return [(error.line, error.what) for error in errors]


def test_parts_are_filled_in(rules: PiiRules) -> None:
    texts = [rule.pattern + (rule.gate or "") for rule in rules.rules.values()]
    assert all("{{" not in text for text in texts)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("first_name", ("first", "name")),
        ("firstName", ("first", "name")),
        ("userFirstName", ("user", "first", "name")),
        ("user.first-name", ("user", "first", "name")),
        ("$email", ("email",)),
        ("IP", ("ip",)),
        ("clientIP", ("client", "ip")),
        ("дата_рождения", ("дата", "рождения")),
        ("___", ()),
        ("", ()),
    ],
)
def test_a_name_is_its_words(key: str, words: tuple[str, ...]) -> None:
    assert split_words(key) == words


@pytest.mark.parametrize(
    ("key", "field"),
    [
        ("email", "contact"),
        ("userEmail", "contact"),
        ("customer.phone_number", "contact"),
        ("first_name", "name"),
        ("FirstName", "name"),
        ("ФИО", "name"),
        ("seller_iin", "national_id"),
        ("X-Forwarded-For", "network"),
        ("accessToken", "secret"),
        ("dob", "birth"),
    ],
)
def test_a_field_that_names_a_person_is_known(rules: PiiRules, key: str, field: str) -> None:
    assert rules.field_of(key) == field


@pytest.mark.parametrize(
    "key",
    [
        "name", "app_name", "screen_name", "category", "price", "listing_id", "phone_model",
        "email_template", "shipping", "means", "ad_id", "page", "zip", "title", "token_count",
    ],
)  # fmt: skip
def test_other_properties_are_none(rules: PiiRules, key: str) -> None:
    assert rules.field_of(key) is None


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("{{mobile}}", "{{mobil}}", "there is no part mobil above"),
        ("sep = '{{gap}}{0,3}'", "sep = '{{gip}}{0,3}'", "there is no part gip above"),
        ('check = "card"', 'check = "cards"', "rules.card.check"),
        ('mark = "[card]"', 'mark = "card"', "rules.card.mark"),
        ('needs_any = ["@"]', "needs_any = []", "needs needs_any"),
        ('["password", "passcode", "парол"', '["password", "passcode", "ПАРОЛ"', "lower case"),
        ("pattern = '(?<=://)", "pattern = '(?<=://", "no regular expression"),
        ("pattern = '(?<=://) (?!", "pattern = '|(?!", "matches nothing at all"),
    ],
)
def test_a_mistake_has_its_line(folder: Path, old: str, new: str, what: str) -> None:
    line = change(folder, PII, old, new)
    found = complaints(folder)
    assert any(what in text for _, text in found)
    key_lines = [at for at, text in found if what in text]
    assert any(abs(at - line) <= 3 for at in key_lines)


@pytest.mark.parametrize("key", ["mark", "must_match", "must_not_match", "pattern"])
def test_a_rule_without_one_of_its_keys_is_told(folder: Path, key: str) -> None:
    line = change(folder, PII, "[rules.iin]\n", "[rules.iin]\n# here\n")
    text = (folder / PII).read_text("utf-8")
    start = text.index("[rules.iin]")
    at = text.index(f"\n{key} = ", start)
    (folder / PII).write_text(f"{text[:at]}\nx{text[at + 1 :]}", "utf-8")
    found = complaints(folder)
    assert (line, f"rules.iin.{key} is missing; add it") in found
    assert len(found) == 2
