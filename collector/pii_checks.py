"""Arithmetic that tells a number with a meaning from any other number.

Called by `collector.pii` with the text of a match; each check answers whether it may be what its
rule is for. Pure, and never raises.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable

import phonenumbers

_FIRST_WEIGHTS = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)
_SECOND_WEIGHTS = (3, 4, 5, 6, 7, 8, 9, 10, 11, 1, 2)
_NOT_DIGIT = re.compile(r"\D+")
_THOUSANDS = re.compile(r"\+?\d{1,3}(?:[\s.,]\d{3})+")
_DECIMAL = re.compile(r"\+?\s?\d+\.\d+")
_CARD_PREFIX = re.compile(
    r"4|5[0-8]|60|62|6[4-7]|220[0-4]|22[2-9]|2[3-6]|27[01]|2720|35|8600|9860|3[47]"
)
_AMERICAN_EXPRESS = re.compile(r"3[47]")
_MOMENT = re.compile(
    r"20[0-4]\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d"
    r"|\d{6}(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"
)
"""A moment in 12 digits: year to minute, or two digits of the year to second.

Only years that senders name: a longer span would take in ids of living people.
"""


def digits_of(text: str) -> str:
    """Give the digits of a text, without what stands between them."""
    return _NOT_DIGIT.sub("", text)


def iin_check_digit(first_eleven: str) -> int | None:
    """Give the check digit of a Kazakh national id, or none where no id begins so.

    Weighted sum modulo 11; where that gives 10, once more with the second weights; where that
    gives 10 too, the number is not issued.
    Source: rules for forming the identification number, Government decree 406 of 22 May 2007.
    """
    for weights in (_FIRST_WEIGHTS, _SECOND_WEIGHTS):
        rest = sum(int(d) * w for d, w in zip(first_eleven, weights, strict=True)) % 11
        if rest < 10:
            return rest
    return None


def is_iin(text: str) -> bool:
    """Tell whether a text is 12 digits whose last checks the others."""
    digits = digits_of(text)
    return len(digits) == 12 and iin_check_digit(digits[:11]) == int(digits[11])


def is_dated_iin(text: str) -> bool:
    """Tell whether an id also begins with a birthday and a century, as all in use do.

    Without a word beside it that says "national id", check digit alone is met by one number in
    ten; birthday and century leave about one in four hundred. A moment written in 12 digits is
    no id, though a few ids (of foreigners, with 0 after the birthday) look like one.
    """
    digits = digits_of(text)
    if not is_iin(digits):
        return False
    month, day, century = int(digits[2:4]), int(digits[4:6]), int(digits[6])
    is_birthday = 1 <= month <= 12 and 1 <= day <= 31 and century <= 6
    return is_birthday and _MOMENT.fullmatch(digits) is None


def is_dated_bin(text: str) -> bool:
    """Tell whether 12 digits are a Kazakh business id: month, kind, branch and check digit.

    Source: the same rules; the fifth digit is 4, 5 or 6, the sixth 0 to 3. No moment in 12 digits
    has such a fifth digit: it would be a month or day past the last.
    """
    digits = digits_of(text)
    if not is_iin(digits) or digits[4] not in "456" or digits[5] not in "0123":
        return False
    return 1 <= int(digits[2:4]) <= 12


def is_iban(text: str) -> bool:
    """Tell whether an account's check digits are right (ISO 13616: modulo 97 is 1)."""
    signs = "".join(text.split()).upper()
    turned = signs[4:] + signs[:4]
    if not turned.isascii() or not turned.isalnum():
        return False
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def is_imei(text: str) -> bool:
    """Tell whether 15 digits end in their Luhn digit (3GPP TS 23.003, annex B)."""
    digits = digits_of(text)
    return len(digits) == 15 and luhn_check_digit(digits[:-1]) == int(digits[-1])


def luhn_check_digit(others: str) -> int:
    """Give the digit that completes a number by the Luhn formula (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(others)):
        doubled = int(digit) * 2 if place % 2 == 0 else int(digit)
        total += doubled - 9 if doubled > 9 else doubled
    return -total % 10


def is_card(text: str) -> bool:
    """Tell whether a text is the number of a payment card: issuer's prefix and Luhn digit.

    Lengths 17 to 19 count only when written in groups, since unbroken ones are mostly other ids.
    """
    digits = digits_of(text)
    prefix = _AMERICAN_EXPRESS if len(digits) == 15 else _CARD_PREFIX
    if not 15 <= len(digits) <= 19 or prefix.match(digits) is None:
        return False
    return luhn_check_digit(digits[:-1]) == int(digits[-1])


def is_phone_kz(text: str) -> bool:
    """Tell whether eleven digits are a number of Kazakhstan and no price or listing id.

    A price is written in thousands or ends in many zeros; an area code without any sign before
    or between the digits is any other number.
    """
    digits = digits_of(text)
    if digits.endswith("000000"):
        return False
    if "+" in text:
        return True
    if _THOUSANDS.fullmatch(text):
        return False
    is_bare = digits == text
    code = digits[-10:-7]
    return not (is_bare and code[1] in "12")


def is_phone_international(text: str) -> bool:
    """Tell whether a text after a plus is a telephone number and no sum or decimal."""
    digits = digits_of(text)
    if not 9 <= len(digits) <= 15 or _DECIMAL.fullmatch(text):
        return False
    return not (len(digits) <= 10 and _THOUSANDS.fullmatch(text))


def is_phone_national(text: str) -> bool:
    """Tell whether a number without a plus may be dialled: from abroad, in Britain, Russia or
    the United States, whose forms the first digits tell apart.

    Source: the numbering plans that `phonenumbers` carries.
    """
    digits = digits_of(text)
    if _THOUSANDS.fullmatch(text) or digits.endswith("0000000"):
        return False
    if digits.startswith("07") and len(digits) == 11:
        return True  # A British mobile number; the plan leaves out those kept for films.
    is_abroad = digits.startswith("00")
    country = {"0": "GB", "8": "RU"}.get(digits[:1], "US") if len(digits) > 10 else "US"
    try:
        found = phonenumbers.parse(f"+{digits[2:]}" if is_abroad else digits, country)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(found)


def is_ipv4(text: str) -> bool:
    """Tell whether four numbers are an address of somebody and no version.

    Versions have small numbers or end in zeros; `0.` and `127.` are nobody's.
    """
    parts = [int(part) for part in text.split(".")]
    is_version = max(parts) < 20 or parts[2:] == [0, 0]
    return parts[0] not in (0, 127) and not is_version


def is_ipv6(text: str) -> bool:
    """Tell whether a text is an address of somebody: valid, with three groups or more."""
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    groups = [group for group in text.split(":") if group]
    return len(groups) >= 3 and any(len(group) > 2 for group in groups)


def is_mac(text: str) -> bool:
    """Tell whether pairs of hexadecimal digits are a network card's address, and no times."""
    pairs = set(re.split("[:-]", text.lower()))
    return len(pairs) > 1 and re.search("[a-f]", text, re.IGNORECASE) is not None


def is_coordinates(text: str) -> bool:
    """Tell whether two decimals are a place: both below one are shares, not a place at sea."""
    return any(abs(float(number)) >= 1 for number in re.findall(r"\d+\.\d+", text))


CHECKS: dict[str, Callable[[str], bool]] = {
    "iin": is_iin,
    "iin_dated": is_dated_iin,
    "bin_dated": is_dated_bin,
    "card": is_card,
    "iban": is_iban,
    "imei": is_imei,
    "phone_kz": is_phone_kz,
    "phone_national": is_phone_national,
    "phone_international": is_phone_international,
    "ipv4": is_ipv4,
    "ipv6": is_ipv6,
    "mac": is_mac,
    "coordinates": is_coordinates,
}
"""Name in `pii.toml` -> check."""
