"""The product's own cookie is read by the rules of the native consent object."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest

from collector.consent.request import read_request
from collector.consent.signal import Statement
from tests.collector.worlds import POLICY, bits

SAID = {
    "purposes": {"analytics": True, "advertising": False, "geolocation": True},
    "policy_version": "2026-11",
    "method": "banner",
}
UNREADABLE = Statement("cookie", 0, 0, readable=False)


def read(value: str) -> tuple[Statement, ...]:
    """Give what a request with this cookie says."""
    headers = {"cookie": f"theme=dark; sanaq_consent={value}; sid=1"}
    return read_request(headers, "", POLICY, "soq")


def encode(said: object) -> str:
    """Give an object as the page writes it."""
    return quote(json.dumps(said), safe="")


def test_it_grants_and_refuses() -> None:
    said = (Statement("cookie", bits("analytics", "geolocation"), bits("advertising")),)
    assert read(encode(SAID)) == said
    assert read(quote(encode(SAID), safe="")) == said
    assert POLICY.accepts("cookie", "geolocation", "soq")


@pytest.mark.parametrize(
    "change", [{"policy_version": "1999-01"}, {"method": "implied"}, {"method": 7}], ids=str
)
def test_its_version_and_method_count(change: dict[str, object]) -> None:
    assert read(encode(SAID | change)) == (Statement("cookie", 0, bits("advertising")),)


@pytest.mark.parametrize(
    "value",
    ["1", "true", "%7B", encode([]), encode({}), encode({"purposes": ["analytics"]}), "%FF%00"],
)
def test_what_cannot_be_read_is_counted(value: str) -> None:
    assert read(value) == (UNREADABLE,)


def test_no_cut_of_it_says_anything() -> None:
    whole = encode(SAID)
    for length in range(1, len(whole)):
        assert read(whole[:length]) == (UNREADABLE,)


def test_it_has_an_end() -> None:
    assert read(encode(SAID | {"note": "a" * 8_192})) == (UNREADABLE,)


def test_a_purpose_said_twice_is_refused() -> None:
    twice = '{"purposes":{"analytics":false,"analytics":true}}'
    assert read(quote(twice)) == (Statement("cookie", 0, bits("analytics")),)
