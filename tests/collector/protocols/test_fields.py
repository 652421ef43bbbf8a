"""Vendors' fields become targets by tables; what is not of a target's kind is passed over."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.protocols.fields import READERS, Draft, FieldMap, put

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("target", "value", "read"),
    [
        ("person", "u-1", "u-1"),
        ("person", 17, "17"),
        ("person", True, None),
        ("person", "", None),
        ("person", "x" * 513, None),
        ("title", "x" * 20_000, "x" * 16_384),
        ("revenue", "12.5", 12.5),
        ("revenue", "inf", None),
        ("revenue", float("nan"), None),
        ("revenue", 10**400, None),
        ("screen_width", 390.0, 390),
        ("screen_width", -1, None),
        ("latitude", 91, None),
        ("occurred_at", "2026-11-22T05:11:11.5Z", 1_795_324_271_500),
        ("occurred_at", "2026-11-22T05:11:11", 1_795_324_271_000),
        ("occurred_at", "2026-11-22T10:11:11+05:00", 1_795_324_271_000),
        ("occurred_at", "1969-12-31T23:59:59Z", -1_000),
        ("occurred_at", "yesterday", None),
        ("occurred_at_s", 1_795_324_271, 1_795_324_271_000),
        ("occurred_at_ms", "1795324271000", 1_795_324_271_000),
        ("occurred_at_us", 1_795_324_271_000_000, 1_795_324_271_000),
        ("occurred_at_ns", "1795324271000000000", 1_795_324_271_000),
        ("occurred_at_s", 1e308, None),
        ("occurred_at_s", 1e300, None),
        ("occurred_at_s", -1, -1_000),
    ],
)
def test_what_a_value_is_read_as(target: str, value: object, read: object) -> None:
    assert READERS[target](value) == read


@given(target=st.sampled_from(sorted(READERS)), value=JSON)
def test_no_value_raises(target: str, value: Any) -> None:
    READERS[target](value)


def test_paths_lead_into_objects_and_nowhere_else() -> None:
    fields = FieldMap({"a.b": "title", "a.c.d": "locale", "e": "person"})
    assert fields.read({"a": {"b": "x", "c": "no object"}, "e": None}, {}) == {"title": "x"}
    assert fields.read({"a": ["b"]}, {}) == {}


def test_flat_names_stand_as_they_are_and_properties_lose_them() -> None:
    properties = {"user.id": "u-1", "colour": "red"}
    assert FieldMap({"user.id": "person"}, flat=True).take(properties, {}) == {"person": "u-1"}
    assert properties == {"colour": "red"}


def test_of_several_fields_the_first_that_is_there_counts() -> None:
    fields = FieldMap({"long": "title", "short": "title"})
    assert fields.read({"short": "s", "long": "l"}, {}) == {"title": "l"}
    assert fields.read({"short": "s"}, {}) == {"title": "s"}


def test_a_second_identifier_is_not_lost_but_looked_for() -> None:
    draft: Draft = {}
    for value in ("d-1", "d-2", "d-1"):
        put(draft, "device", value)
    put(draft, "other_id", "x")
    assert draft == {"device": "d-1", "other_ids": ["d-2", "x"]}


def test_parts_of_consent_are_gathered() -> None:
    fields = FieldMap({"gcs": "consent.gcs", "att": "switch.att"})
    draft = fields.read({"gcs": "G100", "att": 2}, {})
    assert draft == {"consent_parts": {"gcs": "G100"}, "switch_parts": {"att": 2}}


def test_a_table_with_an_unknown_target_does_not_start() -> None:
    with pytest.raises(ValueError, match="no target is called pers0n"):
        FieldMap({"userId": "pers0n"})
