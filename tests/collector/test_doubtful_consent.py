"""Consent objects that only look like consent: doubt grants nothing, and a refusal still counts."""

from __future__ import annotations

from typing import Any

import pytest

from collector.consent.native import read_native
from collector.consent.signal import Signal
from tests.collector.worlds import POLICY, bits

NEITHER_TEXT_NOR_ABSENT: tuple[Any, ...] = (
    0,
    1,
    False,
    True,
    0.0,
    [],
    {},
    ["2026-11"],
    {"version": "2026-11"},
)


@pytest.mark.parametrize("field", ["policy_version", "method"])
@pytest.mark.parametrize("value", NEITHER_TEXT_NOR_ABSENT, ids=repr)
def test_a_version_or_method_that_is_no_text_grants_nothing(field: str, value: Any) -> None:
    said = {"purposes": {"analytics": True, "advertising": False}, field: value}
    assert read_native(said, POLICY, "soq") == Signal(0, bits("advertising"))


@pytest.mark.parametrize("field", ["policy_version", "method"])
@pytest.mark.parametrize("value", [None, ""])
def test_an_absent_version_or_method_is_the_usual_one(field: str, value: str | None) -> None:
    said = {"purposes": {"analytics": True}, field: value}
    assert read_native(said, POLICY, "soq").granted == bits("analytics")
