"""Made-up numbers that identify: telephones, national ids, cards, accounts, devices, places.

Called by `benchmarks.pii.values`. The arithmetic of check digits is written here once more, apart
from the collector's, so that a mistake in one shows in the other.
"""

from __future__ import annotations

from itertools import pairwise
from random import Random
from string import ascii_uppercase

KZ_MOBILE = ("700", "701", "702", "705", "706", "707", "708", "747", "771", "775", "776", "777",
             "778")  # fmt: skip
KZ_AREA = ("727", "717", "725", "721", "712", "729")
KZ_FORMS = (
    "+7{a}{b}{c}{d}", "8{a}{b}{c}{d}", "8 {a} {b} {c} {d}", "8({a}){b}-{c}-{d}",
    "8 ({a}) {b}-{c}-{d}", "+7 ({a}) {b}-{c}-{d}", "+7 {a} {b} {c} {d}", "8-{a}-{b}-{c}-{d}",
    "+7-{a}-{b}-{c}-{d}", "+7 {a} {b}{c}{d}", "8 {a} {b}{c}{d}", "8{a} {b} {c} {d}",
    "8{a} {b} {c}{d}", "7{a}{b}{c}{d}", "+7 {a} {b}-{c}-{d}", "+7({a}){b}{c}{d}",
    "8.{a}.{b}.{c}.{d}", "8 {a}{b}{c}{d}", "+ 7 {a} {b} {c} {d}",
)  # fmt: skip
ABROAD = (
    "+998 90 ### ## ##", "+99893#######", "+996 555 ### ###", "+996700######", "+44 7911 ######",
    "+44 20 7946 ####", "+1 (415) 555-####", "+1 212 555 ####", "+1-646-555-####", "+4915112######",
    "+49 30 901820##", "+380 67 ### ## ##", "+38050#######", "+90 532 ### ## ##", "+905321######",
    "+86 138 #### ####", "+7 916 ### ## ##", "+7 (495) ###-##-##", "+992 92 ### ####",
    "+375 29 ###-##-##", "0044 7911 ######", "00 49 1511 #######",
)  # fmt: skip
UNITED_STATES = ("(415) 555-####", "415-555-####", "415.555.####", "1-800-555-####",
                 "+1 415 555 ####")  # fmt: skip
BRITAIN = ("07911 ######", "020 7946 ####", "07700 900###", "+44 (0)20 7946 ####")
RUSSIA = ("8 916 ###-##-##", "8(495)###-##-##", "8926#######", "8 (812) ### ## ##", "+7926#######")

IBAN_SHAPES = {"KZ": "722C############", "DE": "##################", "GB": "NWBK##############"}


def digits(random: Random, count: int) -> str:
    """Draw so many digits."""
    return "".join(random.choice("0123456789") for _ in range(count))


def fill(random: Random, shape: str) -> str:
    """Put a drawn digit in the place of each `#`."""
    return "".join(random.choice("0123456789") if sign == "#" else sign for sign in shape)


def phone_kz(random: Random) -> str:
    """Draw a number of Kazakhstan, mobile or of a town, in one of the forms people use."""
    is_mobile = random.random() < 0.85
    form = random.choice(KZ_FORMS)
    if not is_mobile and form in ("8{a}{b}{c}{d}", "7{a}{b}{c}{d}"):
        form = "8 ({a}) {b}-{c}-{d}"  # Unbroken, a town's number is any number.
    code = random.choice(KZ_MOBILE if is_mobile else KZ_AREA)
    first = str(random.randint(1, 9)) + digits(random, 2)
    return form.format(a=code, b=first, c=digits(random, 2), d=digits(random, 2))


def phone_digits(random: Random) -> str:
    """Draw a mobile number of Kazakhstan as links carry it: eleven digits."""
    return (
        random.choice("77778")
        + random.choice(KZ_MOBILE)
        + str(random.randint(1_000_001, 9_999_999))
    )


def phone_kz_short(random: Random) -> str:
    """Draw a mobile number of Kazakhstan without its country."""
    forms = ("{a} {b} {c} {d}", "({a}) {b}-{c}-{d}", "{a}-{b}-{c}-{d}", "{a}-{b}{c}-{d}")
    form = random.choice(forms[:3])
    return form.format(
        a=random.choice(KZ_MOBILE), b=random.randint(111, 999), c=digits(random, 2),
        d=digits(random, 2),
    )  # fmt: skip


def phone_intl(random: Random) -> str:
    """Draw a number of another country, with its code."""
    return fill(random, random.choice(ABROAD))


def phone_us(random: Random) -> str:
    """Draw a number of the United States, mostly as they are written there."""
    return fill(random, random.choice(UNITED_STATES))


def phone_gb(random: Random) -> str:
    """Draw a British number as written there."""
    return fill(random, random.choice(BRITAIN))


def phone_ru(random: Random) -> str:
    """Draw a Russian number as written there."""
    return fill(random, random.choice(RUSSIA))


def _check_digit(eleven: str) -> str | None:
    for shift in (0, 2):
        total = sum(int(d) * ((place + shift) % 11 + 1) for place, d in enumerate(eleven))
        if total % 11 != 10:
            return str(total % 11)
    return None


def iin(random: Random) -> str:
    """Draw a Kazakh national id: birthday, century and sex, serial number, check digit."""
    while True:
        year = random.randint(1950, 2008)
        century = random.choice("34" if year < 2000 else "56")
        born = f"{year % 100:02}{random.randint(1, 12):02}{random.randint(1, 28):02}"
        eleven = born + century + digits(random, 4)
        if (last := _check_digit(eleven)) is not None:
            return eleven + last


def bin_of_company(random: Random) -> str:
    """Draw a Kazakh business id: month of registration, kind, branch, serial, check digit."""
    while True:
        month = f"{random.choice([*range(90, 100), *range(27)]):02}{random.randint(1, 12):02}"
        eleven = month + random.choice("456") + random.choice("0123") + digits(random, 5)
        if (last := _check_digit(eleven)) is not None:
            return eleven + last


def luhn(number: str) -> str:
    """Give the digit that completes a number by the Luhn formula."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value // 10 + value % 10
    return str(-total % 10)


def card(random: Random) -> str:
    """Draw a card's number, unbroken or in groups."""
    prefix = random.choice(("4400", "4000", "4111", "5169", "5354", "2200", "5578", "6250", "3782"))
    body = prefix + digits(random, (14 if prefix == "3782" else 15) - 4)
    number = body + luhn(body)
    if random.random() < 0.5:
        return number
    sign = random.choice("  -")
    cuts = (0, 4, 10, 15) if len(number) == 15 else (0, 4, 8, 12, 16)
    return sign.join(number[a:b] for a, b in pairwise(cuts))


def imei(random: Random) -> str:
    """Draw the number of a telephone: 35, model, serial, Luhn digit; mostly unbroken."""
    body = random.choice(("35", "86", "01")) + digits(random, 12)
    number = body + luhn(body)
    if random.random() < 0.8:
        return number
    return f"{number[:2]}-{number[2:8]}-{number[8:14]}-{number[14]}"


def iban(random: Random) -> str:
    """Draw an account's number with right check digits, unbroken or in fours."""
    country = random.choice(("KZ", "KZ", "KZ", "DE", "GB"))
    account = fill(random, IBAN_SHAPES[country])
    values = "".join(
        str(ascii_uppercase.index(sign) + 10) if sign.isalpha() else sign
        for sign in account + country + "00"
    )
    number = f"{country}{98 - int(values) % 97:02}{account}"
    if random.random() < 0.6:
        return number
    return " ".join(number[at : at + 4] for at in range(0, len(number), 4))


def ipv4(random: Random) -> str:
    """Draw an address, now and then of a home network."""
    if random.random() < 0.1:
        return f"192.168.{random.randint(0, 9)}.{random.randint(20, 254)}"
    first = random.choice((2, 5, 31, 37, 46, 62, 77, 82, 89, 91, 95, 109, 176, 178, 188, 213))
    return f"{first}.{random.randint(0, 255)}.{random.randint(0, 255)}.{random.randint(1, 254)}"


def ipv6(random: Random) -> str:
    """Draw an address, long or shortened."""
    groups = [random.choice(("2a02", "2001", "2a03", "2a00"))]
    groups += [f"{random.randint(1, 0xFFFF):x}" for _ in range(random.choice((3, 4, 7)))]
    return ":".join(groups) if len(groups) == 8 else ":".join(groups[:-1]) + "::" + groups[-1]


def mac(random: Random, sign: str = ":") -> str:
    """Draw the address of a network card."""
    first = random.choice((0x3C, 0xA4, 0xDC, 0xF0, 0x9C, 0xB8, 0x00))
    parts = [first, *(random.randint(0, 255) for _ in range(5))]
    return sign.join(f"{part:02x}" for part in parts)


def place(random: Random) -> tuple[str, str]:
    """Draw latitude and longitude in or near Kazakhstan, with 5 to 7 decimals."""
    decimals = random.choice((5, 6, 6, 7))
    lat, lon = random.uniform(40.6, 55.4), random.uniform(46.5, 87.3)
    return f"{lat:.{decimals}f}", f"{lon:.{decimals}f}"
