"""The scrubber removes what identifies, wherever and however it is written, and nothing else."""

from __future__ import annotations

import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from collector.pii import REMOVED, Scrubber, check_examples
from collector.pii_checks import iin_check_digit, luhn_check_digit
from collector.unfold import read_oddly
from config.pii import PiiRules
from config.pii_file import load_pii_rules
from tests.helpers import ROOT

RULES: PiiRules = load_pii_rules(ROOT / "config")
SCRUBBER = Scrubber.of(RULES)

LETTERS = st.text("abcdefgh АБВГд,;!?()«»\n", max_size=20)
PARTS = [
    "8701",
    "2345678",
    "+7",
    " ",
    "-",
    "@",
    "mail",
    ".kz",
    "ул. ",
    "Абая",
    " 10",
    "::",
    "fe80:",
    "203.",
    "%40",
    "0.113.77",
    "%2540",
    "%",
    "\\u0040",
    "\u200b",
    "１",
    "a",
    "4111",
    "1111",
    "тел ",
    "\x1f",
    "(at)",
    "://",
    "д. 5",
    "&#64;",
    "\x00",
    "ИИН ",
]
PIECES = st.lists(st.sampled_from(PARTS), max_size=12).map("".join)
ANY = st.one_of(PIECES, st.text(max_size=40))


@st.composite
def iins(draw: st.DrawFn) -> str:
    """A national id as in use: birthday, century, serial number, check digit."""
    while True:
        birthday = draw(st.dates(date(1921, 1, 1), date(2026, 12, 31)))
        century = draw(st.integers(3, 4)) + 2 * (birthday.year >= 2000)
        eleven = f"{birthday:%y%m%d}{century}{draw(st.integers(0, 9_999)):04}"
        last = iin_check_digit(eleven)
        if last is not None:
            return f"{eleven}{last}"


@st.composite
def cards(draw: st.DrawFn) -> str:
    """A card number of 16 digits."""
    prefix = draw(st.sampled_from(["4", "51", "55", "62", "2200", "8600", "9860"]))
    rest = draw(st.text("0123456789", min_size=15 - len(prefix), max_size=15 - len(prefix)))
    return f"{prefix}{rest}{luhn_check_digit(prefix + rest)}"


@st.composite
def phones(draw: st.DrawFn) -> str:
    """A mobile number of Kazakhstan."""
    code = draw(st.sampled_from(["701", "702", "705", "707", "747", "771", "775", "777", "778"]))
    number = draw(st.integers(1_000_001, 9_999_999).filter(lambda n: n % 1_000_000))
    return f"{draw(st.sampled_from(['+7', '8', '7']))}{code}{number}"


SECRETS = st.one_of(iins(), cards(), phones())
DISGUISES: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "full width": lambda text: "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in text),
    "percent": lambda text: "".join(f"%{ord(c):02X}" for c in text),
    "twice percent": lambda text: "".join(f"%25{ord(c):02X}" for c in text),
    "zero width": lambda text: "\u200b".join(text),
    "soft hyphens": lambda text: "\u00ad".join(text),
    "json": lambda text: "".join(f"\\u{ord(c):04x}" for c in text),
    "entities": lambda text: "".join(f"&#{ord(c)};" for c in text),
    "base64": lambda text: b64encode(f"to={text}".encode()).decode(),
    "base64 for links": lambda text: urlsafe_b64encode(f"<{text}>".encode()).decode().rstrip("="),
    "letters": lambda text: text[:3] + text[3:].replace("0", "О").replace("3", "З"),
    "keycaps": lambda text: "".join(f"{c}\ufe0f\u20e3" if c.isdigit() else c for c in text),
}


def readable(text: str) -> str:
    """All that a patient reader can make of a text."""
    return "\n".join([text, *(reading.text for reading in read_oddly(text))])


def test_every_rule_passes_its_own_examples() -> None:
    assert check_examples(RULES) == []


@pytest.mark.parametrize("name", RULES.rules)
def test_every_rule_is_needed(name: str) -> None:
    others = {other: rule for other, rule in RULES.rules.items() if other != name}
    without = Scrubber.of(RULES.model_copy(update={"rules": others}))
    changed = [
        text
        for text in RULES.rules[name].must_match
        if without.scrub_text(text)[0] != SCRUBBER.scrub_text(text)[0]
    ]
    assert changed


@pytest.mark.parametrize("disguise", DISGUISES)
@given(before=LETTERS, secret=SECRETS, after=LETTERS)
def test_a_number_is_removed_however_it_is_written(
    disguise: str, before: str, secret: str, after: str
) -> None:
    hidden = DISGUISES[disguise](secret)
    scrubbed, names = SCRUBBER.scrub_text(f"{before} {hidden} {after}")
    assert names
    assert secret.removeprefix("+") not in readable(scrubbed)
    assert scrubbed.startswith(f"{before} ")
    assert scrubbed.endswith(f" {after}")


@pytest.mark.parametrize(
    "disguise", ["as it is", "percent", "twice percent", "json", "entities", "base64"]
)
@given(name=st.from_regex(r"[a-z][a-z0-9._+-]{2,20}[a-z]", fullmatch=True))
def test_mail_is_removed_however_it_is_written(disguise: str, name: str) -> None:
    address = f"{name}@mail.example.kz"
    scrubbed, names = SCRUBBER.scrub_text(f"write to {DISGUISES[disguise](address)} please")
    assert names == ["email"]
    assert scrubbed == "write to [email] please"


def unchanged(text: str) -> bool:
    """True where the scrubber leaves a text alone."""
    return SCRUBBER.scrub_text(text) == (text, [])


@given(st.integers(0, 999_999_999))
def test_prices_and_listing_ids_stay(number: int) -> None:
    for text in (f"{number}", f"{number:,} тг", f"{number:,}".replace(",", " ") + " ₸"):
        assert unchanged(text)
        assert unchanged(f"Цена {text}, торг")
        assert unchanged(f"/almaty/cars/listing-{number}/")


@given(st.uuids())
def test_uuids_stay(uuid: UUID) -> None:
    assert unchanged(str(uuid))
    assert unchanged(f"/ads/{uuid}?page=2")
    assert unchanged(uuid.hex) or uuid.hex.isdigit()


@given(st.integers(10**9, 4_102_444_799).map(lambda second: datetime.fromtimestamp(second, UTC)))
def test_moments_stay(moment: datetime) -> None:
    assert unchanged(moment.isoformat())
    assert unchanged(moment.isoformat(sep=" ", timespec="seconds"))
    assert unchanged(moment.strftime("%d.%m.%Y %H:%M"))
    assert unchanged(moment.strftime("%Y%m%d%H%M%S"))
    assert unchanged(str(int(moment.timestamp() * 1000)))


@given(st.lists(st.integers(0, 9_999), min_size=2, max_size=3))
def test_versions_stay(parts: list[int]) -> None:
    version = ".".join(map(str, parts))
    # Eleven digits that begin as mobile numbers do may be one, whatever stands between them.
    digits = "".join(map(str, parts))
    # So may 415.555.2671, in the form of another country.
    assume([len(str(part)) for part in parts] != [3, 3, 4])
    assume(not (len(digits) == 11 and digits.startswith(("77", "87"))))
    assert unchanged(version)
    assert unchanged(f"Chrome/{version} on Android {parts[0]}")


@given(st.floats(-180, 180, allow_nan=False).map(lambda degrees: f"{degrees:.13f}"))
def test_coordinates_stay(text: str) -> None:
    assert unchanged(text)


@given(ANY)
def test_scrubbed_text_has_nothing_left_to_scrub(text: str) -> None:
    scrubbed, names = SCRUBBER.scrub_text(text)
    assert (scrubbed != text) <= bool(names)
    assert SCRUBBER.scrub_text(scrubbed) == (scrubbed, [])


@given(ANY)
def test_text_that_is_not_suspect_is_not_changed(text: str) -> None:
    if not SCRUBBER.is_suspect(text):
        assert unchanged(text)


@given(st.lists(ANY.map(lambda text: text.replace("\x1f", "")), max_size=5))
def test_joined_texts_are_suspect_where_one_of_them_is(texts: list[str]) -> None:
    if any(not unchanged(text) for text in texts):
        assert SCRUBBER.is_suspect("\x1f".join(texts))


def test_all_matches_are_removed_and_all_rules_named() -> None:
    text = "aigul@mail.kz, 87012345678 и 900101300017; ул. Абая 10"
    scrubbed, names = SCRUBBER.scrub_text(text)
    assert scrubbed == "[email], [phone] и [iin]; [address]"
    assert names == ["email", "phone_kz", "iin", "address_ru"]


def test_mail_with_a_very_long_name_is_removed() -> None:
    scrubbed, _ = SCRUBBER.scrub_text(f"x {'a' * 200}@mail.kz")
    assert scrubbed == "x [email]"


def test_a_password_before_a_host_is_removed_and_nothing_else() -> None:
    text = "mysql://user:pass@db:3306/x and redis://:hunter2@cache"
    scrubbed = SCRUBBER.scrub_text(text)[0]
    assert scrubbed == "mysql://[credentials]@db:3306/x and redis://[credentials]@cache"


def test_a_path_before_mail_stays() -> None:
    assert SCRUBBER.scrub_text("/search?q=a@b.kz&page=2")[0] == "/search?q=[email]&page=2"


def test_a_percent_sign_hides_nothing() -> None:
    assert SCRUBBER.scrub_text("скидка 100%87012345678")[0] == "скидка 100%[phone]"


def test_escapes_beside_a_match_stay() -> None:
    text = "/%D0%B0?mail=a%40b.kz&x=%D0%B1"
    assert SCRUBBER.scrub_text(text)[0] == "/%D0%B0?mail=[email]&x=%D0%B1"


def test_a_property_is_removed_by_its_name() -> None:
    assert SCRUBBER.scrub_property("userFirstName", "Айгуль") == ("[name]", ["name"])
    assert SCRUBBER.scrub_property("has_phone", "true") == ("true", [])
    assert SCRUBBER.scrub_property("note", "a@b.kz") == ("[email]", ["email"])
    assert SCRUBBER.scrub_property("price", "250000") == ("250000", [])


def test_a_text_that_never_comes_clean_is_removed() -> None:
    rule = RULES.rules["email"].model_copy(update={"pattern": "@", "mark": "[a]"})
    looping = rule.model_copy(update={"pattern": r"\[a\]|@", "needs_any": ("@", "[a]")})
    scrubber = Scrubber.of(RULES.model_copy(update={"rules": {"email": looping}}))
    assert scrubber.scrub_text("x @ y") == (REMOVED, ["email"])


@pytest.mark.parametrize(
    "piece",
    ["8", "7 ", "a@", "ул. абая ", "1.1.", "a:", "%38", "7701 ", "10 Abay ", "көшесі 1 ", "(at)",
     "1234 5678 ", "тел 1-", "\u200b", "aaaa at ", "://", "a.", "+7", "0a", "\\u0040", "&#64;",
     "a@b.kz ", "87012345678 ", "password ", "пароль:", "first_name=", "name: Aa ", "token=a",
     "eyJa", "KZ00", "KZ86 ", "b3", "YWJj", "0O", "3c:", "ab-", "key-", "A ", "lat=1.", "1.2345,",
     "415 ", "8 9", "00 ", "Bearer ", "имя: Я ", "a=", "%", "bin ", "imei "],
)  # fmt: skip
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    text = (piece * 16_384)[:16_384]
    start = time.perf_counter()
    SCRUBBER.scrub_text(text)
    assert time.perf_counter() - start < 2.0
