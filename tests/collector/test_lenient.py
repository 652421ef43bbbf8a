"""The lenient reader: same as the strict one where both can read, and more careful elsewhere."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.protocols.lenient import depth_of, mend_text, split_events

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)
heads = st.dictionaries(st.text(max_size=8).filter(lambda key: key != "events"), values, max_size=3)


@given(head=heads, tail=heads, events=st.lists(values, max_size=4), gap=st.booleans())
def test_it_agrees_with_a_strict_reader_on_valid_bodies(
    head: dict[str, Any], tail: dict[str, Any], events: list[Any], gap: bool
) -> None:
    whole = head | {"events": events} | {k: v for k, v in tail.items() if k not in head}
    body = json.dumps(whole, indent=1 if gap else None, ensure_ascii=gap).encode()
    split = split_events(body)
    assert split is not None
    assert json.loads(split[0]) == whole | {"events": []}
    assert [json.loads(piece) for piece in split[1]] == events
    assert json.loads(mend_text(body)) == json.loads(body.decode("utf-8", "replace"))


@pytest.mark.parametrize(
    ("body", "pieces"),
    [
        (b"{}", None),
        (b'{"events":', None),
        (b'{"events":{}}', None),
        (b'{"events":"[1]"}', None),
        (b'{"a":{"events":[1]}}', None),
        (b'{"a":"events","b":[1]}', None),
        (b'{"events":[1,2', None),
        (b'{"events":[]}', []),
        (b'{"events" : [ ]}', []),
        (b'{"events":[1,2,]}', [b"1", b"2"]),
        (b'{"events":["],["]}', [b'"],["']),
        (b'{"events":["\\"],["]}', [b'"\\"],["']),
        (b'{"events":[{"a":[1,2]},[3,[4]]]}', [b'{"a":[1,2]}', b"[3,[4]]"]),
        (b'{"a":"events","events":[1]}', [b"1"]),
    ],
)
def test_cutting_events_out(body: bytes, pieces: list[bytes] | None) -> None:
    split = split_events(body)
    assert (None if split is None else split[1]) == pieces


@pytest.mark.parametrize(
    ("sent", "mended"),
    [
        (b'"plain \\n \\\\ \\u0041"', b'"plain \\n \\\\ \\u0041"'),
        (b'"\\ud83d\\ude00"', b'"\\ud83d\\ude00"'),
        (b'"\\uD83D"', b'"\\ufffd"'),
        (b'"\\ude00\\ud83d"', b'"\\ufffd\\ufffd"'),
        (b'"\\\\ud83d"', b'"\\\\ud83d"'),
        (b'"\\\\\\ud83d"', b'"\\\\\\ufffd"'),
        (b'"\xd0\xb0\xff"', '"а\ufffd"'.encode()),
    ],
)
def test_mending(sent: bytes, mended: bytes) -> None:
    assert mend_text(sent) == mended
    msgspec.json.decode(mended)


@pytest.mark.parametrize(
    ("piece", "depth"),
    [
        (b"[[[[]]]]", 4),
        (b"[[[[[]]]]]", 5),
        (b'"\\', 0),
        (b'["', 5),
        (b"1", 0),
        (b"[]", 1),
        (b'{"a":[{}]}', 3),
        (b'"[[["', 0),
        (b"[[[[[[", 5),
        (b"]][", 5),
    ],
)
def test_depth_is_counted_outside_texts_and_no_further_than_asked(piece: bytes, depth: int) -> None:
    assert depth_of(piece, 4) == depth


HOSTILE = {
    "openers": b"[",
    "pairs": b"[],",
    "comb": b"[[]",
    "objects": b'{"a":',
    "quotes": b'"',
    "texts": b'"a",',
    "escaped quotes": b'\\"',
    "backslashes": b"\\",
    "commas": b",",
    "keys": b'"a":1,',
    "lists of events": b'"events":',
    "surrogates": b"\\ud800",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.timeout(30)
def test_no_body_costs_more_than_its_length(name: str) -> None:
    # Anything that grew with the square of the length would take hours here.
    hostile = HOSTILE[name] * (8_000_000 // len(HOSTILE[name]))
    for body in (b'{"events":[' + hostile + b"]}", b"{" + hostile, b'{"events":["' + hostile):
        split_events(body)
    depth_of(b'"' + hostile, 32)
    depth_of(hostile, 32)
    mend_text(hostile)
