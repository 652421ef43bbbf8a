"""Other readings of a text show what is hidden, and lead back to where it stood."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from collector.unfold import LEVELS_MAX, is_odd, read_oddly


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a%40b", "a@b"),
        ("a%2540b", "a@b"),
        ("%D0%90%D0%B1", "Аб"),
        ("a\\u0040b", "a@b"),
        ("a\\x40b", "a@b"),
        ("a%u0040b", "a@b"),
        ("a&#64;b", "a@b"),
        ("a&#x40;b", "a@b"),
        ("a&commat;b", "a@b"),
        ("１２３", "123"),
        ("٣٤٥", "345"),
        ("𝟟𝟘𝟙", "701"),
        ("①②", "12"),
        ("1\u200b2\u20603\ufeff4", "1234"),
        ("7\ufe0f\u20e31\ufe0f\u20e3", "71"),
        ("1\u03362", "12"),
        ("a＠b．kz", "a@b.kz"),
        ("%FF1", "ÿ1"),
        ("id=YWlndWxAbWFpbC5reg==&x", "id=aigul@mail.kz&x"),
        ("/c/ODc3OCA3MDMgMTEgNjk=/", "/c/8778 703 11 69/"),
        ("%59%57%6c%6e%64%57%78%41%62%57%46%70%62%43%35%72%65%67", "aigul@mail.kz"),
        ("8 7О1 2З4", "8 701 234"),
        ("5З54ОО6ОО8781757", "5354006008781757"),
        ("70o12", "70012"),
    ],
)
def test_the_deepest_reading_is_plain(text: str, plain: str) -> None:
    assert is_odd(text)
    assert read_oddly(text)[-1].text == plain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "plain",
        "100% wool",
        "Продам коня, 250 000 ₸",
        "a & b",
        "C:\\dir",
        "—",
        "…",
        "ул. Абая",
        "50%",
    ],
)
def test_ordinary_text_has_no_other_reading(text: str) -> None:
    assert not is_odd(text)
    assert read_oddly(text) == []


def test_a_reading_leads_back_to_the_original() -> None:
    text = "x=%D0%90&y=１\u200b2"
    reading = read_oddly(text)[-1]
    at = reading.text.index("12")
    assert text[reading.starts[at] : reading.ends[at + 1]] == "１\u200b2"
    at = reading.text.index("А")
    assert text[reading.starts[at] : reading.ends[at]] == "%D0%90"


@given(st.text())
@example("0O")
def test_readings_are_bounded_and_their_places_rise(text: str) -> None:
    readings = read_oddly(text)
    assert len(readings) <= LEVELS_MAX
    assert is_odd(text) or readings == []
    for reading in readings:
        assert len(reading.text) == len(reading.starts) == len(reading.ends)
        assert reading.starts == sorted(reading.starts)
        pairs = zip(reading.starts, reading.ends, strict=True)
        assert all(0 <= start < end <= len(text) for start, end in pairs)


@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), min_size=1))
def test_percent_encoding_is_undone(text: str) -> None:
    escaped = "".join(f"%{byte:02X}" for byte in text.encode())
    own = [text, *(reading.text for reading in read_oddly(text))]
    assert read_oddly(escaped)[0].text in own
