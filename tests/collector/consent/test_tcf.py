"""TC strings: every field, every purpose, every cut; what is unclear grants nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.consent.bit_reader import Unreadable
from collector.consent.tcf import read_tc_string
from collector.consent.tcf_string import TEXT_CHARS_MAX, Vendors, decode_tc_string
from tests.collector.consent.strings import cases, cuts, says, with_tcf

CASES = cases("tc_strings.json")
BY_NAME = {case["name"]: case["text"] for case in CASES}
ACCEPT, REJECT = BY_NAME["v2.3 accept all"], BY_NAME["v2.3 reject all, LI kept"]
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _numbers(vendors: Vendors) -> list[int]:
    return [one for first, last in vendors.ranges for one in range(first, last + 1)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_field_is_read(case: dict[str, Any]) -> None:
    said = decode_tc_string(case["text"])
    assert sorted(said.consents) == case["consents"]
    assert sorted(said.interests) == case["interests"]
    assert sorted(said.special_features) == case["special_features"]
    assert _numbers(said.vendor_consents) == case["vendor_consents"]
    assert _numbers(said.vendor_interests) == case["vendor_interests"]
    assert (said.disclosed and _numbers(said.disclosed)) == case["disclosed"]
    assert sorted(said.publisher_consents or ()) == case["publisher_consents"]
    restrictions = [[one.purpose, one.kind, _numbers(one.vendors)] for one in said.restrictions]
    assert restrictions == case["restrictions"]
    assert (said.policy_version, said.is_service_specific) == (
        case["policy_version"],
        case["is_service_specific"],
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_string_says_what_was_written_down(case: dict[str, Any]) -> None:
    assert says(read_tc_string, case["text"]) == case["says"]


@pytest.mark.parametrize("text", [REJECT, ACCEPT, BY_NAME["publisher segment"]])
def test_a_string_that_was_cut_is_unreadable(text: str) -> None:
    for length in cuts(text):
        assert says(read_tc_string, text[:length]) is None


@given(st.integers(0, len(ACCEPT) - 1), st.sampled_from(SIGNS + "=.+/ \0é"))
def test_a_string_with_another_sign_is_read_or_unreadable(place: int, sign: str) -> None:
    changed = ACCEPT[:place] + sign + ACCEPT[place + 1 :]
    assert says(read_tc_string, changed) is None or len(changed) == len(ACCEPT)


@given(st.text(max_size=300))
def test_any_text_is_read_or_unreadable(text: str) -> None:
    assert says(read_tc_string, text) in (None, says(read_tc_string, text))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "C",
        "BOEFEAyOEFEAyAHABDENAIgAAAB9vABAASA",
        ACCEPT + ".",
        ACCEPT + "." + ACCEPT.split(".")[1],
        ACCEPT + ".gAAA",
        ACCEPT.replace(".", ".A"),
        ACCEPT.replace(".", "_."),
        ACCEPT + "_",
        "C" * (TEXT_CHARS_MAX + 1),
        ACCEPT + "A" * 1_000_000,
    ],
)
def test_what_is_no_whole_string_of_version_two_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        decode_tc_string(text)


def test_a_huge_range_of_vendors_costs_no_more_than_its_text() -> None:
    said = decode_tc_string(BY_NAME["v2.3 accept all"])
    wide = said._replace(vendor_consents=Vendors(((1, 65_535),) * 4_000))
    assert wide.vendor_consents.has(65_535) and not wide.vendor_consents.has(0)


def test_a_vendor_needs_to_be_shown_and_consented_to(tmp_path: Path) -> None:
    accepted = 'accepted_for = ["analytics", "partner_sharing"]'
    known = with_tcf(tmp_path, f"vendor_id = 755\n{accepted}")
    assert says(read_tc_string, ACCEPT, known) == {
        "granted": [
            "analytics", "advertising", "geolocation", "personalisation", "partner_sharing",
        ],
        "refused": [],
    }  # fmt: skip
    unknown = with_tcf(tmp_path, f"vendor_id = 754\n{accepted}")
    for policy, text in ((unknown, ACCEPT), (known, BY_NAME["v2.3 vendor not disclosed"])):
        said = says(read_tc_string, text, policy)
        assert said is not None and said["granted"] == []
        assert "partner_sharing" in said["refused"] and "analytics" in said["refused"]


def test_a_vendor_that_was_consented_to_and_not_shown_is_granted_nothing(tmp_path: Path) -> None:
    policy = with_tcf(tmp_path, "vendor_id = 755")
    hidden = ACCEPT.split(".")[0] + "." + BY_NAME["v2.3 vendor not disclosed"].split(".")[1]
    decoded = decode_tc_string(hidden)
    assert decoded.vendor_consents.has(755)
    assert decoded.disclosed is not None and not decoded.disclosed.has(755)
    said = says(read_tc_string, hidden, policy)
    assert said is not None and said["granted"] == []


def test_a_restriction_binds_the_vendor_that_it_names(tmp_path: Path) -> None:
    text = BY_NAME["two restrictions"]
    granted = {
        vendor: (says(read_tc_string, text, with_tcf(tmp_path, f"vendor_id = {vendor}")) or {})[
            "granted"
        ]
        for vendor in (1, 8)
    }
    assert "advertising" not in granted[1], "its purpose 2 is forbidden"
    assert "analytics" in granted[1], "consent is demanded for purpose 9, and was given"
    assert "advertising" in granted[8]


def test_an_interest_that_was_not_objected_to_is_no_refusal_and_no_grant(tmp_path: Path) -> None:
    policy = with_tcf(tmp_path, "accepted_for = []")
    rule = policy.purposes["analytics"].model_copy(update={"legal_basis": "legitimate_interest"})
    policy = policy.model_copy(update={"purposes": policy.purposes | {"analytics": rule}})
    said = says(read_tc_string, REJECT, policy)
    assert said is not None and said["granted"] == []
    assert "analytics" not in said["refused"] and "advertising" in said["refused"]
    nothing = says(read_tc_string, BY_NAME["v2.3 only purpose 3"], policy)
    assert nothing is not None and "analytics" in nothing["refused"]
