"""The manifest tells what experts ask for, in exact numbers, and nothing that is private."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from aggregator.accounting import rho_of
from aggregator.artefact import read_artefact, sha256_of
from aggregator.release import run_release
from aggregator.signature import canonical
from tests.aggregator.makers import make_release
from tests.aggregator.worlds import WINDOW, StillRows, make_job

FIELDS = re.findall(
    r"\w+",
    """
release_id dataset window cut_off spec_sha256 code_version policy_version approver
review_by mode unit neighbouring pseudonym_epoch persons_may_hold_multiple_pseudonyms L0
Linf selection_rule domain mechanism sampler library sigma rho delta_selection epsilon
delta rho_year_to_date rho_cap attacker_advantage threshold kept_probability
expected_spurious ci95 truncation_loss_dp known_bias data_dictionary postprocessing
consent_purposes retention jurisdiction audit artefact_sha256 rows bytes supersedes
signature_key_id
""",
)

ROWS = [(unit, "cars", "almaty", 2) for unit in range(300)]
SECRET = [(unit, "secret", "oral", 1) for unit in (900_001, 900_002)]


def draw(home: Path, **changes: Any) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The manifest and the files of a release."""
    job = make_job(home, StillRows([*ROWS, *SECRET]), make_release(**changes))
    done = run_release(job, job.config.releases["weekly_test"], WINDOW)
    files = read_artefact(done.folder)
    return json.loads(files["manifest.json"]), files


def test_every_field_is_there(home: Path) -> None:
    manifest, files = draw(home)
    assert [field for field in FIELDS if field not in manifest] == []
    assert files["manifest.json"] == canonical(manifest)
    assert manifest["mode"] == "dp"
    assert manifest["domain"] == "public"
    assert manifest["threshold"] is None
    assert manifest["rows"] == 9
    audit = sha256_of(files["audit.json"])
    assert manifest["audit"]["report_sha256"] == audit == manifest["artefact_sha256"]["audit.json"]


def test_the_cost_follows_from_what_is_told(home: Path) -> None:
    manifest, _ = draw(home)
    costs = [
        rho_of(manifest["sensitivity_l2_squared"][name], Fraction(sigma))
        for name, sigma in manifest["sigma"].items()
    ]
    rho = Fraction(manifest["rho"])
    assert sum(costs) <= rho
    assert sum(costs) > rho * Fraction(99, 100)
    assert manifest["sensitivity_l2_squared"] == {"devices": 2, "views": 18, "pairs": 64}
    assert Fraction(manifest["rho_year_to_date"]) == rho


def test_private_keys_are_told_with_their_threshold(home: Path) -> None:
    manifest, files = draw(home, keysets={}, selection_delta="1/100000000", suppress_below=0)
    assert manifest["domain"] == "selected"
    assert manifest["threshold"] > 10
    assert Fraction(manifest["delta"]) == Fraction(1, 10**6) + Fraction(1, 10**8)
    assert manifest["rows"] == 1
    assert all(b"secret" not in data and b"oral" not in data for data in files.values())


def test_no_pseudonym_and_no_exact_count_is_in_any_file(home: Path) -> None:
    _, files = draw(home)
    for name in ("manifest.json", "README.md", "data.csv", "audit.json"):
        assert b"900001" not in files[name]
    # Two draws over the same rows share every field that is declared, and no measured one.
    (home / "again").mkdir()
    first, _ = draw(home / "again")
    second, _ = draw_again(home)
    same = {key for key in first if first[key] == second[key]}
    assert "truncation_loss_dp" not in same
    assert {"sigma", "rho", "L0", "ci95", "rows", "kept_probability"} <= same


def draw_again(home: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The same release in a new home."""
    (home / "third").mkdir()
    return draw(home / "third")


def test_the_page_for_people_says_how_exact_it_is(home: Path) -> None:
    manifest, files = draw(home)
    page = files["README.md"].decode()
    assert page.startswith("# weekly_test, 2026-W46\n")
    assert "differential privacy" in page
    for name in ("category", "city", "devices_measured", "views_measured"):
        assert f"`{name}`" in page
    assert str(manifest["ci95"]["devices"]) in page
    assert manifest["release_id"] in page
    assert "{" not in page


@pytest.mark.parametrize("name", ["approver", "question", "suppress_below", "review_by"])
def test_the_declaration_has_a_digest(name: str, home: Path) -> None:
    (home / "one").mkdir()
    (home / "two").mkdir()
    one, _ = draw(home / "one")
    other = {"approver": "x@soq.example", "question": "Why?", "suppress_below": 9}
    two, _ = draw(home / "two", **{name: other.get(name, "2027-01-01")})
    assert one["spec_sha256"] != two["spec_sha256"]
    assert one["release_id"] != two["release_id"]
