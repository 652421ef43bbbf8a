"""A record of consent as it is read: what it may grant, and what it may never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.outcomes import BadRequest
from collector.protocols.consent_record import (
    ID_CHARS_MAX,
    UNKNOWN,
    ConsentRecord,
    decode_record,
)
from tests.collector.worlds import NOW_MS, TERMS, sender

ADVERTISING = "c59d9eb7-02be-4d0f-a3f5-6e1f1c7a9b20"
NOW = datetime.fromtimestamp(NOW_MS / 1000, UTC)


def decode(trusted: bool = True, **fields: Any) -> ConsentRecord:
    body = {"device": "d-1", "purposes": {"analytics": True}, "method": "checkbox"} | fields
    return decode_record(msgspec.json.encode(body), sender(trusted=trusted), TERMS)


def show(record: ConsentRecord) -> tuple[str, ...]:
    """Give what is granted, refused and not granted, each in one text."""
    said = (record.granted, record.refused, record.ungranted)
    return tuple(" ".join(sorted(purposes)) for purposes in said)


def fault(trusted: bool = True, **fields: Any) -> str:
    with pytest.raises(BadRequest) as raised:
        decode(trusted, **fields)
    return raised.value.reason


def test_a_record_says_yes_no_and_nothing() -> None:
    said = {"analytics": True, "advertising": False, "geolocation": None, "dreams": True}
    record = decode(purposes=said, text_version="b-7", evidence="form 12", language="kk-KZ")
    assert show(record) == ("analytics", "advertising", "")
    assert (record.ids, record.method) == ((("device", "d-1"),), "checkbox")
    assert (record.text_version, record.evidence, record.language) == ("b-7", "form 12", "kk-KZ")
    assert record.decided_at_ms == NOW_MS


@pytest.mark.parametrize(
    ("fields", "granted", "version", "method"),
    [
        ({}, True, "2026-11", "checkbox"),
        ({"policy_version": None, "method": None}, True, "2026-11", "stated"),
        ({"policy_version": "2026-11"}, True, "2026-11", "checkbox"),
        ({"policy_version": "2019-01"}, False, UNKNOWN, "checkbox"),
        ({"policy_version": "ivan@soq.example"}, False, UNKNOWN, "checkbox"),
        ({"method": "implied"}, False, "2026-11", "implied"),
        ({"method": "telepathy"}, False, "2026-11", UNKNOWN),
    ],
)
def test_a_yes_counts_by_version_and_method(
    fields: dict[str, Any], granted: bool, version: str, method: str
) -> None:
    record = decode(**fields)
    assert show(record) == (("analytics", "", "") if granted else ("", "", "analytics"))
    assert (record.policy_version, record.method) == (version, method)


@pytest.mark.parametrize("fields", [{"policy_version": "2019-01"}, {"method": "telepathy"}])
def test_a_no_counts_whatever_else_is_unknown(fields: dict[str, Any]) -> None:
    assert decode(purposes={"analytics": False}, **fields).refused == {"analytics"}


@pytest.mark.parametrize(
    "ids", [{"person": "u-1"}, {"advertising_id": ADVERTISING}, {"person": "u-1", "device": "d-1"}]
)
def test_a_browser_key_grants_for_a_device_alone_and_refuses_for_all(ids: dict[str, Any]) -> None:
    ids = {"device": None} | ids
    assert decode(trusted=False).granted == {"analytics"}
    assert fault(trusted=False, **ids) == "key_kind"
    assert decode(trusted=True, **ids).granted == {"analytics"}
    mixed = decode(trusted=False, purposes={"analytics": True, "advertising": False}, **ids)
    assert show(mixed) == ("", "advertising", "analytics")


@pytest.mark.parametrize(
    "fields",
    [
        {"device": None},
        {"device": "null"},
        {"device": " 0000-00 "},
        {"device": 7},
        {"device": "x" * (ID_CHARS_MAX + 1)},
        {"device": None, "advertising_id": "00000000-0000-0000-0000-000000000000"},
        {"purposes": None},
        {"purposes": ["analytics"]},
        {"purposes": {}},
        {"purposes": {"analytics": "true", "dreams": True}},
        {"purposes": {"analytics": 1}},
        {"decided_at": "yesterday"},
        {"decided_at": "2026-11-22T05:11:12"},
        {"decided_at": "1969-12-31T23:59:59Z"},
        {"decided_at": "0001-01-01T00:00:00+14:00"},
        {"decided_at": 1_795_324_271},
        {"sent_at": "now"},
        {"method": 3},
        {"policy_version": ["2026-11"]},
        {"evidence": {"a": 1}},
        {"text_version": "v" * 200},
    ],
)
def test_what_is_no_record_is_turned_away(fields: dict[str, Any]) -> None:
    assert fault(**fields) == "record_invalid"


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b'"x"', b"[" * 100_000, b"\xff\xfe\x00"])
def test_what_is_no_object_is_no_body(body: bytes) -> None:
    with pytest.raises(BadRequest) as raised:
        decode_record(body, sender(), TERMS)
    assert raised.value.reason == "body_invalid"


def test_of_a_repeated_key_the_refusal_stays() -> None:
    body = b'{"device":"d-1","purposes":{"analytics":false,"analytics":true},"purposes":'
    body += b'{"analytics":true}}'
    record = decode_record(body, sender(trusted=True), TERMS)
    assert show(record) == ("", "analytics", "")
    twice = b'{"device":"d-1","device":"d-2","purposes":{"analytics":true}}'
    with pytest.raises(BadRequest):
        decode_record(twice, sender(trusted=True), TERMS)


def test_no_decision_comes_from_the_future_and_clocks_are_corrected() -> None:
    day = timedelta(days=1)
    assert decode(decided_at=(NOW + 365 * day).isoformat()).decided_at_ms == NOW_MS
    assert decode(decided_at=(NOW - day).isoformat()).decided_at_ms == NOW_MS - 86_400_000
    ahead: dict[str, Any] = {
        "sent_at": (NOW + day).isoformat(),
        "decided_at": (NOW + day / 2).isoformat(),
    }
    assert decode(True, **ahead).decided_at_ms == NOW_MS - 43_200_000
    slow: dict[str, Any] = {
        "sent_at": (NOW - day).isoformat(),
        "decided_at": (NOW - day).isoformat(),
    }
    assert decode(True, **slow).decided_at_ms == NOW_MS


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("person", "device", "advertising_id", "purposes", "policy_version", "method", "evidence")


@given(fields=st.dictionaries(st.sampled_from(FIELDS), ANY), trusted=st.booleans())
def test_whatever_comes_is_a_record_or_turned_away(fields: dict[str, Any], trusted: bool) -> None:
    try:
        record = decode(trusted, **fields)
    except BadRequest:
        return
    assert record.granted | record.refused | record.ungranted
    assert not record.granted & record.refused


@pytest.mark.parametrize("tag", ["person-7f3a9c", "a-b-c", "u1842", "kk-KZ-aigul", "aigul"])
def test_a_language_that_could_name_somebody_is_none(tag: str) -> None:
    assert decode(purposes={"analytics": False}, language=tag).language == ""
