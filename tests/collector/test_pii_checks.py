"""Check digits, against other ways to compute them and against the errors they must catch."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from collector.pii_checks import (
    CHECKS,
    iin_check_digit,
    is_card,
    is_dated_iin,
    is_iin,
    is_ipv4,
    is_ipv6,
    is_phone_international,
    is_phone_kz,
    luhn_check_digit,
)

DIGITS = "0123456789"


def digits(length: int) -> st.SearchStrategy[str]:
    """Any digits of that length."""
    return st.text(DIGITS, min_size=length, max_size=length)


def first_round(eleven: str) -> int:
    """The first weighted sum, written another way: weight = place."""
    return sum(place * int(digit) for place, digit in enumerate(eleven, start=1)) % 11


def changed(number: str, place: int, shift: int) -> str:
    """The number with one digit moved on by `shift`."""
    digit = DIGITS[(int(number[place]) + shift) % 10]
    return number[:place] + digit + number[place + 1 :]


@given(digits(11))
def test_an_iin_has_the_digit_of_the_first_round_or_the_second(eleven: str) -> None:
    expected = first_round(eleven)
    if expected == 10:
        weights = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
        expected = sum(int(d) * w for d, w in zip(eleven, weights, strict=True)) % 11
    found = iin_check_digit(eleven)
    assert found == (None if expected == 10 else expected)


@given(digits(11))
def test_exactly_one_last_digit_makes_an_iin_or_none_does(eleven: str) -> None:
    valid = [last for last in DIGITS if is_iin(eleven + last)]
    found = iin_check_digit(eleven)
    assert valid == ([] if found is None else [str(found)])


def test_both_rounds_and_the_numbers_never_issued_occur() -> None:
    rounds = {"first": 0, "second": 0, "never": 0}
    for number in range(90_010_130_000, 90_010_131_000):
        eleven = str(number)
        if first_round(eleven) < 10:
            rounds["first"] += 1
        elif iin_check_digit(eleven) is not None:
            rounds["second"] += 1
        else:
            rounds["never"] += 1
    assert all(rounds.values())


@given(digits(11), st.integers(0, 9), st.integers(1, 9))
def test_a_wrong_digit_is_caught_in_the_first_round(eleven: str, place: int, shift: int) -> None:
    wrong = changed(eleven, place, shift)
    assume(first_round(eleven) < 10 and first_round(wrong) < 10)
    assert not is_iin(wrong + str(first_round(eleven)))


@pytest.mark.parametrize("number", ["760724300757", "900101300017"])
def test_known_ids_pass(number: str) -> None:
    assert is_iin(number)
    assert is_dated_iin(number)


@pytest.mark.parametrize("text", ["", "1", "90010130001", "9001013000170", "abcdefghijkl"])
def test_other_lengths_are_no_iin(text: str) -> None:
    assert not is_iin(text)


@given(st.integers(946_684_800, 2_524_607_999), st.sampled_from(["%y%m%d%H%M%S", "%Y%m%d%H%M"]))
def test_a_moment_is_no_dated_iin(second: int, form: str) -> None:
    assert not is_dated_iin(datetime.fromtimestamp(second, UTC).strftime(form))


@given(st.dates(date(1921, 1, 1), date(2026, 12, 31)), st.booleans(), st.integers(0, 9_999))
def test_the_id_of_anyone_alive_is_dated(birthday: date, is_woman: bool, serial: int) -> None:
    century = (3 if birthday.year < 2000 else 5) + is_woman
    eleven = f"{birthday:%y%m%d}{century}{serial:04}"
    last = iin_check_digit(eleven)
    assume(last is not None)
    assert is_dated_iin(f"{eleven}{last}")


@given(digits(11))
def test_an_id_without_a_birthday_is_not_dated(eleven: str) -> None:
    found = iin_check_digit(eleven)
    assume(found is not None and not (1 <= int(eleven[2:4]) <= 12))
    assert not is_dated_iin(f"{eleven}{found}")


def luhn_sum(number: str) -> int:
    """The Luhn sum by the table of doubled digits."""
    doubled = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
    pairs = enumerate(reversed(number))
    return sum(doubled[int(d)] if place % 2 else int(d) for place, d in pairs)


@given(digits(15))
def test_a_luhn_digit_completes_its_number(others: str) -> None:
    assert luhn_sum(f"{others}{luhn_check_digit(others)}") % 10 == 0


@given(digits(15), st.integers(0, 15), st.integers(1, 9))
def test_a_wrong_digit_is_no_card(others: str, place: int, shift: int) -> None:
    number = f"4{others[1:]}"
    number += str(luhn_check_digit(number))
    assert is_card(number)
    assert not is_card(changed(number, place, shift))


@given(digits(15), st.integers(0, 14))
def test_neighbours_that_changed_places_are_no_card(others: str, place: int) -> None:
    number = f"4{others[1:]}"
    number += str(luhn_check_digit(number))
    one, two = number[place], number[place + 1]
    assume(one != two and {one, two} != {"0", "9"})
    assert not is_card(number[:place] + two + one + number[place + 2 :])


@pytest.mark.parametrize(
    "number",
    ["4111111111111111", "5555555555554444", "378282246310005", "6200000000000005",
     "2200000000000004", "8600000000000007", "4000 0000 0000 0000 006"],
)  # fmt: skip
def test_cards_of_every_issuer_pass(number: str) -> None:
    assert is_card(number)


@given(st.integers(10**15, 2 * 10**15 - 1))
def test_microseconds_are_no_card(moment: int) -> None:
    assert not is_card(str(moment))


@given(st.integers(1, 999_999_999))
def test_a_price_is_no_phone(price: int) -> None:
    text = f"{price:,}".replace(",", " ")
    assert not is_phone_international(f"+{text}")


@given(st.integers(1, 99))
def test_a_price_in_billions_is_no_phone(billions: int) -> None:
    assert not is_phone_kz(f"{billions:02}000000000")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("+77012345678", True),
        ("87012345678", True),
        ("87272501234", False),
        ("8 727 250 12 34", True),
        ("+77272501234", True),
        ("87000000000", False),
        ("87 012 345 678", False),
        ("+7 701 234 567 8", True),
    ],
)
def test_phones_of_kazakhstan(text: str, found: bool) -> None:
    assert is_phone_kz(text) is found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("203.0.113.77", True),
        ("10.1.2.30", True),
        ("3.2.1.0", False),
        ("119.0.0.0", False),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
    ],
)
def test_addresses_and_versions(text: str, found: bool) -> None:
    assert is_ipv4(text) is found


@given(st.ip_addresses(v=6))
def test_every_written_out_ipv6_address_passes(address: object) -> None:
    assert is_ipv6(address.exploded)  # type: ignore[attr-defined]


@pytest.mark.parametrize("text", ["a::b", "::1", "05:11:12", "01:02:03:04:05:06:07:08", "::"])
def test_other_colons_are_no_address(text: str) -> None:
    assert not is_ipv6(text)


CASES = {
    "bin_dated": (["990140000384", "080853062023"], ["990140000385", "991340000384", "1"]),
    "iban": (
        ["KZ86125KZT5004100100", "GB29 NWBK 6016 1331 9268 19", "de89370400440532013000"],
        ["KZ86125KZT5004100101", "GB29 NWBK 6016 1331 9268 18", "KZ86125KZT500410010²", ""],
    ),
    "imei": (["352099001761481", "35-209900-176148-1"], ["352099001761482", "35209900176148"]),
    "mac": (
        ["3c:38:f1:a6:8d:13", "F0-DE-1F-FB-14-33"],
        ["10:20:30:40:50:60", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"],
    ),
    "coordinates": (["43.2384, 76.9451", "0.1234 32.5678"], ["0.1234, 0.5678"]),
    "phone_national": (
        ["(415) 555-2671", "8 916 123-45-67", "020 7946 0958", "07700 900123", "0044 7911 094021"],
        ["123-456-7890", "8 100 123-45-67", "00 000 000 000", "8 500 000", "1"],
    ),
}
"""Check -> texts that pass, and texts that do not."""


@pytest.mark.parametrize("name", CASES)
def test_known_texts_pass_and_others_do_not(name: str) -> None:
    good, bad = CASES[name]
    assert [text for text in good if not CHECKS[name](text)] == []
    assert [text for text in bad if CHECKS[name](text)] == []


@given(st.sampled_from(sorted(CHECKS)), st.text(max_size=40))
def test_no_check_ever_raises_on_digits_with_signs(name: str, text: str) -> None:
    if name in ("bin_dated", "imei", "mac", "coordinates", "phone_national", "iban"):
        assert CHECKS[name](text) in (True, False)
