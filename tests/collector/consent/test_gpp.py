"""GPP strings: the header, the EU section, every US section; the latter only ever refuse."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.consent.bit_reader import Unreadable
from collector.consent.gpp import (
    read_gpp,
    read_us_privacy,
    read_us_section,
    split_gpp,
)
from collector.consent.us_sections import US_SECTIONS
from tests.collector.consent.strings import POLICY, cases, cuts, says

CASES = cases("gpp_strings.json")
BY_NAME = {case["name"]: case["text"] for case in CASES}
ACCEPTED = cases("tc_strings.json")[0]["text"]
SIGNS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def _to_text(bits: str) -> str:
    """Give bits as base64url signs, padded with zeroes."""
    bits += "0" * (-len(bits) % 6)
    return "".join(SIGNS[int(bits[n : n + 6], 2)] for n in range(0, len(bits), 6))


def _section(number: int, **set_to: list[int]) -> str:
    """Give a US section's core with some fields set and the rest zero."""
    version, form = max(US_SECTIONS[number].cores.items())
    bits = ""
    for field in form.split():
        name, _, size = field.partition(":")
        width, _, count = size.partition("x")
        values = set_to.get(name, [version if name == "version" else 0] * int(count or 1))
        bits += "".join(format(value, f"0{width}b") for value in values)
    return _to_text(bits)


def _gpp(number: int, section: str) -> str:
    """Give a GPP string of one section: `number` in Fibonacci coding."""
    weights, code, rest = [1, 2], "", number
    while weights[-1] <= number:
        weights.append(weights[-1] + weights[-2])
    for weight in reversed(weights[:-1]):
        code = ("1" if weight <= rest else "0") + code
        rest -= weight * (weight <= rest)
    return _to_text(f"000011000001{1:012b}0{code.rstrip('0')}1") + "~" + section


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_section_and_field_is_read(case: dict[str, Any]) -> None:
    sections = split_gpp(case["text"])
    assert [number for number, _ in sections] == case["numbers"]
    for number, text in sections:
        fields = case["us_fields"].get(str(number), {})
        assert {k: read_us_section(number, text)[k] for k in fields} == fields


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_each_string_says_what_was_written_down(case: dict[str, Any]) -> None:
    assert says(read_gpp, case["text"]) == case["says"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_string_cut_anywhere_grants_nothing_more(case: dict[str, Any]) -> None:
    for length in cuts(case["text"]):
        said = says(read_gpp, case["text"][:length])
        assert said is None or said["granted"] == []


@pytest.mark.parametrize("number", US_SECTIONS)
def test_every_us_section_refuses_what_its_fields_say_and_grants_nothing(number: int) -> None:
    form = " ".join(US_SECTIONS[number].cores.values())
    refused = {
        "sale_opt_out": ["partner_sharing"],
        "sharing_opt_out": ["partner_sharing"],
        "targeted_advertising_opt_out": ["advertising"],
    }
    for name, expected in refused.items():
        if f" {name}:" not in form:
            continue
        for value, says_no in ((0, []), (1, expected), (2, [])):
            said = says(read_gpp, _gpp(number, _section(number, **{name: [value]})))
            assert said == {"granted": [], "refused": says_no}


def test_precise_location_is_refused_where_its_category_is() -> None:
    for number, place, categories in ((7, 8, 16), (8, 3, 9), (15, 11, 11), (12, 8, 8)):
        for chosen in range(1, categories + 1):
            values = [1 if n == chosen else 2 for n in range(1, categories + 1)]
            section = _section(number, sensitive_data_processing=values)
            said = says(read_gpp, _gpp(number, section))
            assert said == {
                "granted": [],
                "refused": ["geolocation"] if chosen == place else [],
            }


def test_a_known_child_and_the_browsers_own_signal_refuse() -> None:
    child = says(read_gpp, _gpp(16, _section(16, known_child=[2])))
    assert child is not None
    assert child["refused"] == ["advertising", "personalisation", "partner_sharing"]
    told = says(read_gpp, _gpp(7, _section(7) + "." + _to_text("011")))
    assert told == {"granted": [], "refused": ["advertising", "partner_sharing"]}


def test_an_eu_section_says_what_its_string_says() -> None:
    said = says(read_gpp, _gpp(2, ACCEPTED))
    assert said is not None and "analytics" in said["granted"]
    assert says(read_gpp, _gpp(2, ACCEPTED[:-20])) is None


def test_a_refusal_in_one_section_beats_a_grant_in_another() -> None:
    header = _to_text(f"000011000001{2:012b}" + "0" + "011" + "0" + "00011")
    said = says(read_gpp, f"{header}~{ACCEPTED}~{_section(7, targeted_advertising_opt_out=[1])}")
    assert said is not None
    assert "advertising" in said["refused"] and "analytics" in said["granted"]
    assert "advertising" not in said["granted"]
    assert says(read_gpp, f"{header}~{ACCEPTED}~{_section(7)[:-2]}") is None
    cut = f"{header}~{ACCEPTED[:-20]}~{_section(7, targeted_advertising_opt_out=[1])}"
    assert says(read_gpp, cut) == {"granted": [], "refused": ["advertising"]}


def test_a_section_that_cannot_be_read_takes_the_grants_of_the_others() -> None:
    header = _to_text(f"000011000001{3:012b}" + "0011" + "01011" + "011")
    said = {"granted": [], "refused": ["advertising", "partner_sharing"]}
    assert says(read_gpp, f"{header}~{ACCEPTED}~1YYN~{_section(7)[:-2]}") == said
    whole = says(read_gpp, f"{header}~{ACCEPTED}~1YYN~{_section(7)}")
    assert whole is not None and "analytics" in whole["granted"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "~",
        "DBAA~x",
        "DBABTA",
        "DBABTA~1YY",
        "DBABTA~2YYN",
        "CBABTA~1YYN",
        "DBABLA~DVQVAAAAAACA.QA",
        "DBABLA~CVQVAAAAAACA.QA.QA",
        "DBABLA~CVQVAAA",
        "D" * 9_000,
        "DBABTA~" + "1YYN" * 250_000,
        "DB" + "_" * 40,
    ],
)
def test_what_is_no_whole_string_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        read_gpp(text, POLICY, "soq")


@given(st.integers(0, 40), st.sampled_from(SIGNS + "~.= \0é"))
def test_a_string_with_another_sign_grants_nothing(place: int, sign: str) -> None:
    text = BY_NAME["usnat opted out of sale, sharing and targeted ads"]
    place %= len(text)
    said = says(read_gpp, text[:place] + sign + text[place + 1 :])
    assert said is None or said["granted"] == []


@pytest.mark.parametrize(
    ("text", "refused"),
    [("1YYN", ("partner_sharing", "advertising")), ("1YNN", ()), ("1---", ()), ("1NYY", None)],
)
def test_the_us_privacy_string(text: str, refused: tuple[str, ...] | None) -> None:
    expected = ("partner_sharing", "advertising") if refused is None else refused
    assert read_us_privacy(text) == expected
