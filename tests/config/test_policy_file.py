"""Every mistake in the policy is told with its file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from config.errors import ConfigError
from config.policy_file import load_policy, read_policy
from storage.schemas import TABLES
from tests.config.copies import SHIPPED, change, copy_config

POLICY = "policy.toml"
COLUMNS = {table: list(schema) for table, schema in TABLES.items()}
KEYS = [
    number
    for number, row in enumerate((SHIPPED / POLICY).read_text("utf-8").splitlines(), start=1)
    if re.match(r"[a-z_]+ = ", row)
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration."""
    return copy_config(tmp_path / "config")


def complaints(folder: Path) -> list[tuple[int, str]]:
    """Every complaint about the policy, as (line, what)."""
    policy, errors = read_policy(folder, COLUMNS)
    assert (policy is None) == bool(errors)
    assert {Path(error.file).name for error in errors} <= {POLICY}
    return [(error.line, error.what) for error in errors]


def test_the_shipped_policy_is_right() -> None:
    assert read_policy(SHIPPED, COLUMNS)[1] == []


@pytest.mark.parametrize("line", KEYS)
def test_a_misspelt_key_is_told_on_its_line(folder: Path, line: int) -> None:
    rows = (folder / POLICY).read_text("utf-8").splitlines()
    rows[line - 1] = "x" + rows[line - 1]
    (folder / POLICY).write_text("\n".join(rows), "utf-8")
    assert line in [found for found, _ in complaints(folder)]


@pytest.mark.parametrize("line", KEYS)
def test_a_value_of_the_wrong_kind_is_told_on_its_line(folder: Path, line: int) -> None:
    rows = (folder / POLICY).read_text("utf-8").splitlines()
    key = rows[line - 1].split(" = ")[0]
    after = rows[line:]
    if rows[line - 1].endswith("["):
        after = after[after.index("]") + 1 :]
    (folder / POLICY).write_text("\n".join([*rows[: line - 1], f"{key} = {{}}", *after]), "utf-8")
    assert line in [found for found, _ in complaints(folder)]


@pytest.mark.parametrize(
    ("old", "new", "at", "what"),
    [
        ('versions = ["2026-11"]', 'versions = ["2026-10"]', "version =", "last of versions"),
        ('["2026-11"]', '["2026-11", "2026-11"]', "versions =", "twice"),
        ('"page_host", "page_path", "referrer', '"page_path", "referrer', "", "events.page_host"),
        ('"person_id", ', '"person_id", "raw_ip", ', '"person_id"', "no column events.raw_ip"),
        ('"person_id", ', '"person_id", "country", ', '"person_id"', "under two purposes"),
        ('refused_by = ["gpc", "dnt"]', 'refused_by = ["gpc"]', "refused_by", '["gpc", "dnt"]'),
        ("retention_days = 730", "retention_days = 9999", "retention_days = 730", "outlives"),
        ('[stores.keys]\ncountry = "KZ"', '[stores.keys]\ncountry = "DE"', "", "outside KZ"),
        ("[stores.backups]", "[stores.tapes]", "[stores.spool]", "stores.backups is missing"),
        ("[stores.backups]", "[stores.tapes]", "[stores.backups]", "no store tapes"),
    ],
)
def test_a_contradiction_is_told(folder: Path, old: str, new: str, at: str, what: str) -> None:
    where = (folder / POLICY).read_text("utf-8")
    expected = where[: where.index(at)].count("\n") + 1 if at else None
    change(folder, POLICY, old, new)
    found = [(line, text) for line, text in complaints(folder) if what in text]
    assert found
    assert expected is None or expected in [line for line, _ in found]


def test_a_purpose_nobody_knows_is_told(folder: Path) -> None:
    line = change(folder, POLICY, "[purposes.geolocation]", "[purposes.geo]")
    change(folder, POLICY, "[purposes.geolocation.columns]", "[purposes.geo.columns]")
    found = complaints(folder)
    assert (line, "there is no purpose geo; mend its spelling or remove it") in found
    assert any("purposes.geolocation is missing" in what for _, what in found)


@pytest.mark.parametrize(
    ("site", "what"),
    [
        ('[sites.soq]\ntimezone = "Asia/Atlantis"', "time zone"),
        ('[sites.soq]\nprotocols_off = ["segmnet"]', "there is no protocol segmnet"),
        ('[sites.soq]\nlegal_basis = { advertising = "contract" }', "nobody can refuse"),
        ('[sites.soq]\nlegal_basis = { profiling = "consent" }', "no purpose profiling"),
        ('[sites.SOQ]\ngeo = "none"', "sites.SOQ"),
        ('[sites.soq]\ngeo = "street"', "sites.soq.geo"),
    ],
)
def test_a_wrong_site_is_told_on_its_line(folder: Path, site: str, what: str) -> None:
    text = (folder / POLICY).read_text("utf-8")
    (folder / POLICY).write_text(f"{text}\n{site}\n", "utf-8")
    first = text.count("\n") + 2
    ((line, found),) = complaints(folder)
    assert what in found
    assert line in (first, first + 1)


def test_a_store_abroad_needs_a_basis_and_no_more(folder: Path) -> None:
    new = '[stores.keys]\ncountry = "DE"\ncross_border_basis = "Consent, law art. 16 (3)"'
    change(folder, POLICY, '[stores.keys]\ncountry = "KZ"', new)
    assert complaints(folder) == []


def test_all_mistakes_are_told_in_order(folder: Path) -> None:
    change(folder, POLICY, "retention_days = 760", "retention_days = 0")
    change(folder, POLICY, 'country = "KZ"', 'country = "Kazakhstan"')
    lines = [line for line, _ in complaints(folder)]
    assert len(lines) == 2
    assert lines == sorted(lines)


def test_the_first_mistake_stops_the_start(folder: Path) -> None:
    line = change(folder, POLICY, 'country = "KZ"', 'country = "Kazakhstan"')
    with pytest.raises(ConfigError, match=f":{line}: country"):
        load_policy(folder)


def test_a_table_nobody_knows_is_told(folder: Path) -> None:
    known = {table: columns for table, columns in COLUMNS.items() if table != "diagnostics"}
    policy, errors = read_policy(folder, known)
    assert policy is None
    assert all("no table diagnostics" in error.what for error in errors)
