"""Bad input: a clear answer from the closed list, and nothing lost for the others in the body."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from collector.outcomes import FAULTS, REASONS, BadRequest
from collector.protocols import PROTOCOLS
from collector.protocols.native import decode_events
from collector.protocols.protocol import Request
from collector.raw_event import Decoded
from tests.collector.worlds import LIMITS, TERMS, post, sender

GOOD = b'{"name":"page_view","properties":{"city":"almaty"}}'
DEEP = 100_000


def body_of(*events: bytes, head: bytes = b"") -> bytes:
    return b'{"events":[' + b",".join(events) + b"]" + head + b"}"


def decode(body: bytes) -> Decoded:
    return decode_events(post(body), sender(), TERMS)


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (b'{"name":"a","revenue":NaN}', "event_invalid"),
        (b'{"name":"a","revenue":Infinity}', "event_invalid"),
        (b'{"name":"a","revenue":1e999}', "event_invalid"),
        (b'{"name":"a","revenue":01}', "event_invalid"),
        (b'{"name":"a",}', "event_invalid"),
        (b"{'name':'a'}", "event_invalid"),
        (b'{"name":"a" "b":1}', "event_invalid"),
        (b"undefined", "event_invalid"),
        (b'{"name":"a\nb"}', "event_invalid"),
        (b'{"name":"\\q"}', "event_invalid"),
        (b'{"name":"a","page":' + b"[" * DEEP + b"]" * DEEP + b"}", "event_too_deep"),
        (b'{"name":"a","properties":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"}",
         "event_too_deep"),
        (b"[" * DEEP + b"]" * DEEP, "event_too_deep"),
        (b'{"name":"a","properties":' + b"[" * 31 + b"]" * 31 + b"}", None),
        (b'{"name":"a","properties":' + b"[" * 32 + b"]" * 32 + b"}", "event_too_deep"),
        (b'{"name":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}', None),
        (b'{"name":"\\ud800"}', None),
        (b'{"name":"\\udc00\\ud800"}', None),
        (b'{"name":"a","page":{"title":"\xff\xfe"}}', None),
        (b'{"name":"a","page":{"title":"\xed\xa0\x80"}}', None),
        (b'{"name":"a\\u0000b"}', None),
        (b'{"name":"a","properties":{"k":NaN}}', "event_invalid"),
    ],
)  # fmt: skip
def test_a_bad_event_never_costs_its_neighbours(event: bytes, reason: str | None) -> None:
    decoded = decode(body_of(GOOD, event, GOOD))
    assert decoded.rejected == ([] if reason is None else [(1, reason)])
    assert decoded.positions == ([0, 1, 2] if reason is None else [0, 2])
    assert {decoded.events[0].event_name, decoded.events[-1].event_name} == {"page_view"}


def test_lone_surrogates_become_the_replacement_character() -> None:
    sent = b'{"name":"\\ud83d\\ude00 \\ud800 \\\\ud800 \\\\\\ud800"}'
    assert decode(body_of(sent)).events[0].event_name == "\U0001f600 \ufffd \\ud800 \\\ufffd"


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b',"consent":' + b"[" * DEEP + b"]" * DEEP, "body_too_deep"),
        (b',"context":' + b'{"a":' * DEEP + b"1" + b"}" * DEEP, "body_too_deep"),
        (b',"sent_at":NaN', "body_invalid"),
        (b',"context":{"locale":"\\ud800"}', None),
        (b',"surplus":"\xff"', None),
    ],
)
def test_a_bad_head(head: bytes, reason: str | None) -> None:
    if reason is None:
        assert decode(body_of(GOOD, head=head)).received == 1
    else:
        with pytest.raises(BadRequest) as fault:
            decode(body_of(GOOD, head=head))
        assert fault.value.reason == reason


def test_a_body_cut_at_any_length_is_whole_or_turned_away() -> None:
    body = body_of(GOOD, b'{"name":"b","consent":{"purposes":{"analytics":true}}}', head=b',"x":1')
    for length in range(len(body)):
        with pytest.raises(BadRequest) as fault:
            decode(body[:length])
        assert fault.value.reason == "body_invalid"


def test_a_million_properties_are_decoded_in_bounded_time() -> None:
    million = b"{" + b",".join(b'"k%d":1' % n for n in range(1_000_000)) + b"}"
    assert len(million) > LIMITS.body_inflated_bytes_max
    fits = million[: LIMITS.body_inflated_bytes_max // 2].rpartition(b",")[0] + b"}"
    assert decode(body_of(GOOD, b'{"name":"a","properties":' + fits + b"}")).received == 2


ENDPOINTS = {
    f"{protocol.name}{endpoint.path}": endpoint
    for protocol in PROTOCOLS
    for endpoint in protocol.endpoints
}


def turned_away_or_decoded(path: str, body: bytes, headers: dict[str, str]) -> None:
    """Decode a body; whatever it is, the answer is of the closed lists and loses nothing."""
    try:
        request = Request(path, body.decode("latin-1"), headers, body)
        decoded = ENDPOINTS[path].decode(request, sender(trusted=True), TERMS)
    except BadRequest as fault:
        assert fault.reason in FAULTS
        return
    places = [*decoded.positions, *(index for index, _ in decoded.rejected)]
    assert sorted(places) == list(range(decoded.received))
    assert {reason for _, reason in decoded.rejected} <= REASONS.keys()


@pytest.mark.parametrize("path", ENDPOINTS)
@given(body=st.binary(max_size=300))
@example(body=b'{"events":[\xff')
@example(body=b'"events":[{]}')
@example(body=b'{"events":[}]]')
def test_arbitrary_bytes_never_raise_anything_else(path: str, body: bytes) -> None:
    turned_away_or_decoded(path, body, {})


words = st.sampled_from(
    [
        *'{}[]:,"\\-% ',
        *('"events"', '"name"', '"a"', '"consent"', '"kind"', '"crash"', '"page"', '"url"'),
        *('"occurred_at"', '"2026-11-22T05:11:11Z"', '"properties"', '"import"', '"lines"'),
        *("null", "NaN", "1e999", "\\ud800", "\xff", '"http://[x"', "utm_source=%ff&"),
    ]
)


@pytest.mark.parametrize("path", ENDPOINTS)
@settings(max_examples=300)
@given(pieces=st.lists(words, max_size=40), wrapped=st.booleans())
def test_json_gone_wrong_never_raises_anything_else(
    path: str, pieces: list[str], wrapped: bool
) -> None:
    body = "".join(pieces).encode("latin-1")
    turned_away_or_decoded(path, body_of(GOOD, body) if wrapped else body, {"referer": "http://[x"})


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4)
    ),
    max_leaves=12,
)
fields = st.sampled_from(
    ["name", "kind", "person", "page", "properties", "consent", "context", "revenue", "location"]
)


@given(odd=st.lists(st.dictionaries(fields, json_values, max_size=4), max_size=4))
def test_wrong_types_cost_their_own_event_alone(odd: list[dict[str, Any]]) -> None:
    pieces = [json.dumps(one).encode() for one in odd]
    decoded = decode(body_of(*[p for piece in pieces for p in (piece, GOOD)]))
    assert {2 * n + 1 for n in range(len(odd))} <= set(decoded.positions)
    assert decoded.received == 2 * len(odd)
