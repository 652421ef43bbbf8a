"""The whole pipeline: every row has one outcome, and nothing planted comes out of it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus, unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.frames import PROTECTED, to_frame
from collector.outcomes import REASONS
from collector.protocols.native import decode_events
from collector.raw_event import RawEvent
from collector.stages import PROTECT
from tests.collector.worlds import ALL, TERMS, bits, context, event, kept_texts, post, sender

PERSON = 'u-7731 "k\\z"'
DEVICE = "5d3a6f2e-5f65-4b8e-9c5f-0a3f2d4b7c11"
ADVERTISING = "38400000-8cf0-11bd-b23e-10b96e40000d"
SESSION = "ses~93/71"
ADDRESS = "95.56.217.143"
AGENT = "SoqApp/3.2.1 (build; u-7731; Samsung) planted-agent-tail"
PLANTED = [
    PERSON, DEVICE, ADVERTISING, SESSION, ADDRESS, AGENT, DEVICE.replace("-", ""),
    "aigul.s@mail.kz", "87012345678", "900101300017", "4111111111111111",
]  # fmt: skip
"""Identifiers of every class that a promise names."""

DISGUISES: list[Callable[[str], str]] = [
    lambda text: text,
    str.upper,
    lambda text: f"x {text} y",
    lambda text: f"/path/{text}/",
    quote,
    lambda text: quote(quote(text)),
    lambda text: json.dumps({"nested": [text]}),
    lambda text: "".join(f"\\u{ord(char):04x}" for char in text),
    lambda text: "\u200b".join(text),
    lambda text: "x" * 490 + " " + text,
    lambda text: "x" * 2_030 + " " + text,
]
"""Ways in which a sender may write an identifier."""

WHO = {"_person": PERSON, "_device": DEVICE, "_advertising_id": ADVERTISING, "_session": SESSION}


def spellings(identifier: str) -> set[str]:
    """Give what must not be found of an identifier, in lower case."""
    data = identifier.encode()
    plain = {identifier, json.dumps(identifier)[1:-1], quote(identifier), quote_plus(identifier)}
    plain |= {base64.b64encode(data).decode().rstrip("="), data.hex()}
    return {one.lower() for one in plain}


FORBIDDEN = {one for identifier in PLANTED for one in spellings(identifier)}


def found_in(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """Name the columns in which something planted is found, and what it is."""
    return {
        (name, one)
        for row in rows
        for name, value in row.items()
        for text in kept_texts(value)
        for reading in readings(text.lower())
        for one in FORBIDDEN
        if one in reading
    }


def readings(text: str) -> set[str]:
    """Give a kept text as it is and with its disguises taken off."""
    plain = re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), text).replace("\u200b", "")
    return {text, plain, unquote(plain), unquote(unquote(plain))}


def protect(*events: RawEvent) -> list[dict[str, Any]]:
    """Take events through the whole pipeline and give the rows that come out."""
    result = PROTECT.run(to_frame(events), context())
    assert dict(result.frame.schema) == PROTECTED
    places = [*result.frame["row"].to_list(), *result.rejected]
    assert sorted(places) == list(range(len(events)))
    assert set(result.rejected.values()) <= REASONS.keys()
    return result.frame.to_dicts()


TEXTS = [
    name for name in RawEvent.__struct_fields__
    if name not in {"site", "table", "protocol", "kind", "signals"}
    and isinstance(getattr(RawEvent(site="soq"), name), str | None)
    and name not in {
        "occurred_at_ms", "sent_at_ms", "latitude", "longitude", "revenue", "screen_width",
        "screen_height", "measurements", *WHO, "_address", "_user_agent", "_client_hints",
    }
]  # fmt: skip
"""Everything that a sender may fill with text, besides the identifiers' own places."""


@pytest.mark.parametrize("granted", [0, ALL], ids=["without consent", "with consent"])
@pytest.mark.parametrize("table", ["events", "diagnostics"])
@pytest.mark.parametrize("place", [*TEXTS, "key", "value", "measurement", "unit"])
def test_no_planted_identifier_comes_out_of_any_place(place: str, table: str, granted: int) -> None:
    events = []
    for planted in PLANTED:
        for disguise in DISGUISES:
            text = disguise(planted)
            sent: dict[str, Any] = {"table": table, "granted": granted, **WHO}
            sent |= {"event_name": "custom", "_address": ADDRESS, "_user_agent": AGENT}
            if place in ("key", "value"):
                pair = (
                    {text[:64]: "x"} if place == "key" and len(text) <= 64 else {"k": text[:2_000]}
                )
                sent["_properties"] = json.dumps(pair).encode()
            elif place in ("measurement", "unit"):
                named = {"name": "load", "unit": "ms"} | {
                    place.replace("measurement", "name"): text
                }
                sent["measurements"] = [named | {"value": 1.0}]
            else:
                sent[place] = text
            events.append(event(**sent))
    assert found_in(protect(*events)) == set()


def test_a_control_past_the_pipeline_is_found() -> None:
    row = protect(event())[0]
    for planted in PLANTED:
        assert found_in([row | {"page_title": f"x{planted}y"}])
        assert found_in([row | {"properties": [{"key": "k", "value": planted.upper()}]}])
    assert found_in([row | {"person_id": DEVICE.encode()}])
    assert found_in([row | {"revenue": 87012345678.0}])


@pytest.mark.parametrize("number", [87012345678, 900101300017, 4111111111111111])
@pytest.mark.parametrize(
    "wrap", [int, float, lambda n: {"a": [float(n)]}], ids=["i", "f", "nested"]
)
def test_numbers_carry_no_identifier_either(number: int, wrap: Any) -> None:
    sent = {
        "events": [
            {"name": "a", "properties": {"n": wrap(number)}},
            {"name": "a", "revenue": number},
            {"kind": "performance", "measurements": [{"name": "n", "value": number}]},
        ],
        "consent": {"purposes": {"analytics": True}},
    }
    decoded = decode_events(post(json.dumps(sent).encode()), sender(), TERMS)
    assert found_in(protect(*decoded.events)) == set()


identifier_places = st.fixed_dictionaries(
    {},
    optional={
        "_person": st.sampled_from([PERSON, "", "null", "x" * 300]),
        "_device": st.sampled_from([DEVICE, DEVICE.upper(), "{" + DEVICE + "}"]),
        "_advertising_id": st.sampled_from([ADVERTISING, "00000000-0000-0000-0000-000000000000"]),
        "_session": st.sampled_from([SESSION, "s"]),
        "_event_id": st.sampled_from([DEVICE, ADVERTISING, PERSON, SESSION, "e-1", ""]),
        "_address": st.sampled_from([ADDRESS, "::ffff:" + ADDRESS, "", "no address"]),
        "_user_agent": st.sampled_from([AGENT, ""]),
    },
)
free = st.one_of(
    st.text(max_size=20),
    st.builds(lambda one, hide: hide(one), st.sampled_from(PLANTED), st.sampled_from(DISGUISES)),
)
values = free | st.integers() | st.booleans() | st.lists(free, max_size=3)
properties = st.dictionaries(st.text(max_size=10), values, max_size=4).map(
    lambda sent: json.dumps(sent).encode()
)
event_fields = st.fixed_dictionaries(
    {
        "event_name": st.sampled_from(["page_view", "search", "crash", "ad_click", "custom"])
        | free,
        "table": st.sampled_from(["events", "events", "diagnostics"]),
        "granted": st.integers(0, ALL),
        "refused": st.sampled_from([0, 0, bits("analytics"), bits("diagnostics"), ALL]),
        "_properties": properties | st.binary(max_size=8),
    },
    optional={
        **dict.fromkeys(("page_title", "page_path", "campaign_term", "exception_stack"), free),
        **dict.fromkeys(("locale", "device_model", "sdk", "source", "currency"), free),
        "occurred_at_ms": st.integers(-(2**53), 2**53),
        "sent_at_ms": st.integers(-(2**53), 2**53),
        "latitude": st.floats(-90, 90),
        "revenue": st.floats(allow_nan=False, allow_infinity=False),
        "is_import": st.booleans(),
        "is_cut": st.booleans(),
        "site": st.sampled_from(["soq", "other"]),
    },
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(identifier_places, event_fields), min_size=1, max_size=6))
def test_every_row_has_one_outcome_and_none_identifies(
    sent: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    whole = {"_person": PERSON, "_device": DEVICE, "_session": SESSION, "_address": ADDRESS}
    whole |= {"_advertising_id": ADVERTISING, "_user_agent": AGENT}
    rows = protect(*[event(**who | fields) for who, fields in sent])
    assert all(not name.startswith("_") for row in rows for name in row)
    # What an event did not name as its own can be found in its text only if it is PII by itself.
    own = protect(
        *[event(**whole | {"_event_id": who.get("_event_id")} | fields) for who, fields in sent]
    )
    assert found_in(own) == set()


@settings(max_examples=60, deadline=None)
@given(st.lists(event_fields, min_size=2, max_size=5), st.randoms())
def test_an_events_outcome_does_not_hang_on_its_neighbours(
    sent: list[dict[str, Any]], shuffled: Any
) -> None:
    def told(row: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in row.items() if k not in ("row", "event_id", "identity")}

    def outcomes(order: list[int]) -> dict[int, Any]:
        result = PROTECT.run(to_frame([event(**sent[place]) for place in order]), context())
        kept = {order[row["row"]]: told(row) for row in result.frame.to_dicts()}
        return kept | {order[row]: reason for row, reason in result.rejected.items()}

    order = list(range(len(sent)))
    together = outcomes(order)
    shuffled.shuffle(order)
    assert outcomes(order) == together
    assert {place: outcomes([place])[place] for place in order} == together
