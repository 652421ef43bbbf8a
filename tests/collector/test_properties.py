"""Properties: from JSON text to pairs of text, checked against their declaration."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.properties import check_properties
from config.catalogue import EventType, Property
from tests.collector.worlds import LIMITS


def prop(**fields: Any) -> Property:
    return Property(**{"kind": "text", "description": "d"} | fields)


DECLARED = EventType(
    name="declared",
    description="d",
    owner="o@soq.example",
    purpose="analytics",
    when_not_permitted="count",
    expires=date(2028, 1, 1),
    sensitivity="interaction",
    review="r",
    properties={
        "word": prop(length_max=5),
        "free": prop(kind="free_text"),
        "whole": prop(kind="integer", min=-1, max=10),
        "size": prop(kind="number", min=0.5),
        "flag": prop(kind="boolean"),
        "pick": prop(kind="choice", choices=("a", "b")),
    },
)


def check(sent: Any, declared: EventType | None = DECLARED) -> tuple[dict[str, str], str | None]:
    raw = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
    pairs, reason = check_properties(raw, declared, LIMITS)
    return {pair["key"]: pair["value"] for pair in pairs}, reason


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({}, {}),
        (b"null", {}),
        (b" null ", {}),
        ({"word": "abcde", "free": "x" * 2_048}, {"word": "abcde", "free": "x" * 2_048}),
        ({"whole": 10, "size": 0.5}, {"whole": "10", "size": "0.5"}),
        ({"whole": 3.0}, {"whole": "3"}),
        ({"flag": False, "pick": "b"}, {"flag": "false", "pick": "b"}),
        ({"word": None, "other": None}, {}),
        ({"o": {"a": [1.0, "x\ny", None, True]}}, {"o": '{"a":[1,"x y",null,true]}'}),
        ({"o": [1e22, -0.0, 0.1]}, {"o": "[1e22,0,0.1]"}),
        ({"big": 12345678901234567890123}, {"big": "12345678901234567890123"}),
        ({"text": "a\0b"}, {"text": "ab"}),
        ({"o": {"k\0\n": "v\0"}}, {"o": '{"k ":"v"}'}),
        (b'{"lone": "\\ud800", "bytes": "\xff"}', {"lone": "\ufffd", "bytes": "\ufffd"}),
    ],
)
def test_kept(sent: Any, kept: dict[str, str]) -> None:
    assert check(sent) == (kept, None)


@pytest.mark.parametrize(
    "sent",
    [
        b"", b"[]", b"1", b'"text"', b"{", b'{"a":NaN}', b'{"a":1e999}', b"{'a':1}",
        {"word": "abcdef"}, {"word": 1}, {"free": ["x"]}, {"whole": 1.5}, {"whole": "1"},
        {"whole": 11}, {"whole": -2}, {"whole": True}, {"size": 0.4}, {"size": None, "flag": 0},
        {"flag": "true"}, {"pick": "c"}, {"pick": ["a"]}, {"pick": {}},
        {"": 1}, {"k" * 65: 1}, {"k\0": 1}, {"k": "x" * 2_049}, {"k": ["x" * 2_048]},
    ],
)  # fmt: skip
def test_rejected(sent: Any) -> None:
    assert check(sent) == ({}, "property_invalid")


def test_without_a_declaration_only_the_limits_count() -> None:
    assert check({"word": "longer than five", "whole": "x"}, None)[1] is None
    most = LIMITS.properties_per_event_max
    assert check({f"k{n}": n for n in range(most)}, None)[1] is None
    assert check({f"k{n}": n for n in range(most + 1)}, None) == ({}, "properties_too_many")


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=8)
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)  # fmt: skip


@given(st.dictionaries(st.text(max_size=8), values, max_size=6))
def test_any_object_is_kept_whole_or_rejected(sent: dict[str, Any]) -> None:
    kept, reason = check(sent)
    assert reason in (None, "property_invalid")
    if reason is None:
        assert kept.keys() == {key for key, value in sent.items() if value is not None}
        assert not any("\0" in text for pair in kept.items() for text in pair)


@given(st.binary(max_size=60))
def test_any_bytes_are_kept_or_rejected(raw: bytes) -> None:
    assert check(raw)[1] in (None, "property_invalid")
