"""A large batch is scrubbed by column, and comes out as its events do one by one."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.pii_columns import find_doubtful
from collector.stages import STAGES
from collector.stages.scrub import COLUMNAR_ROWS_MIN
from tests.collector.test_pii import RULES, SCRUBBER
from tests.collector.worlds import CHROME, event, run_stages

SCRUBBED = list(STAGES[: [one.name for one in STAGES].index("scrub") + 1])

READ_AS = {
    "i": "\u0130\u0131", "s": "\u017f", "k": "\u212a", " ": "\x1f\x1c\x85\u2028\u00a0\t\n\v",
    "о": "\u1c82", "т": "\u1c84", "а": "a", "е": "e", "0": "\u0660\uff10О", ".": "\u3002\uff0e",
}  # fmt: skip
"""Signs that may be taken for another, by Python's rules, by those of Polars, or by both."""

EXAMPLES = sorted({text for rule in RULES.rules.values() for text in rule.must_match})

TURNED = [
    text.replace(sign, other)
    for text in EXAMPLES
    for sign, others in READ_AS.items()
    for other in others
    if sign in text
]


def test_odd_signs_are_not_missed() -> None:
    found = find_doubtful(SCRUBBER, pl.Series("text", TURNED)).to_list()
    looked = [SCRUBBER.is_suspect(text) for text in TURNED]
    pairs = zip(TURNED, found, looked, strict=True)
    assert [text for text, one, other in pairs if other > one] == []


IDS = [
    None, "", "u-1842", "айгүл-7", "ab", "0", "İstanbul-1", "a@b.kz", 'u"x\\1842', "a b\x1fc d",
    "5d3a6f2e-5f65-4b8e-9c5f-0a3f2d4b7c11",
]  # fmt: skip
AGENTS = ["", CHROME, "curl", "%41pple Safari 1842 x", "Агент 1842 ждёт ответа", '"Q" Agent/1 (i)']
ADDRESSES = [None, "", "95.56.10.20", "2a02:6b8::2:242"]
WORDS = [
    None, "", "Пони", "iPhone 15", "95-56-10-20.pool", "pple safari 1842 x", "apple Safari 1842 x",
    "\x1f", "İ", "https://soq.kz/?a=b", "u%2D1842", "U-1842", "5D3A6F2E5F654B8E9C5F0A3F2D4B7C11",
]  # fmt: skip
TEXTS = st.sampled_from([*WORDS, *EXAMPLES, *TURNED, *(one for one in IDS if one)])
KEYS = st.sampled_from(["a", "price", "phone", "firstName", "ph\u200bone", "gclid", "имя", "xİd"])
VALUES = st.one_of(
    TEXTS,
    st.sampled_from([1, 87012345678, 1.5, True, [], {}, {"phone": 7}, {"n": [{"email": "x"}]}]),
    TEXTS.map(lambda text: {"n": text}),
    TEXTS.map(lambda text: json.dumps([text])),
    TEXTS.map(lambda text: " " + json.dumps({"name": text})),
)
PROPERTIES = st.none() | st.dictionaries(KEYS, VALUES, max_size=3)
MEASURED = st.builds(
    lambda name, unit, value: {"name": name or "", "unit": unit or "", "value": value},
    TEXTS, TEXTS, st.sampled_from([0.0, 1.5, 87012345678.0, -87012345678.0]),
)  # fmt: skip
SENT: dict[str, st.SearchStrategy[Any]] = {
    "table": st.sampled_from(["events", "diagnostics"]),
    "event_name": TEXTS.map(lambda text: text or "custom"),
    "page_title": TEXTS,
    "page_path": TEXTS,
    "campaign_term": TEXTS,
    "device_model": TEXTS,
    "exception_stack": TEXTS,
    "revenue": st.sampled_from([None, 1.0, 900101300017.0, 1e300]),
    "measurements": st.none() | st.lists(MEASURED, max_size=2),
    "_person": st.sampled_from(IDS),
    "_device": st.sampled_from(IDS),
    "_address": st.sampled_from(ADDRESSES),
    "_user_agent": st.sampled_from(AGENTS),
    "_properties": PROPERTIES.map(
        lambda held: b"" if held is None else json.dumps(held, ensure_ascii=False).encode()
    ),
}
EVENTS = st.lists(st.fixed_dictionaries(SENT), min_size=1, max_size=8)


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(EVENTS, st.sampled_from([-1, 0, 1, 64]))
def test_any_large_batch_is_scrubbed_as_a_small_one_is(
    sent: list[dict[str, Any]], more: int
) -> None:
    rows = COLUMNAR_ROWS_MIN + more
    events = [event(**fields) for fields in sent]
    alone = run_stages(SCRUBBED, *events).drop("row").rows()
    many = (events * rows)[:rows]
    together = run_stages(SCRUBBED, *many).drop("row")
    assert together.rows() == (alone * rows)[:rows]


@pytest.mark.parametrize("rows", [COLUMNAR_ROWS_MIN - 1, COLUMNAR_ROWS_MIN, COLUMNAR_ROWS_MIN + 1])
@pytest.mark.parametrize("properties", [b"", b"{}", b'{"religion": "x"}', b'{"a": null}'])
def test_rows_that_hold_nothing_pass(rows: int, properties: bytes) -> None:
    plain = event(event_name="x", _properties=properties)
    found = run_stages(SCRUBBED, *[plain] * rows)
    assert found["properties"].to_list() == [[]] * rows
    assert found["remarks"].to_list() == [[]] * rows


def test_a_token_behind_a_sign_that_parts_texts_leaves_a_large_batch_too() -> None:
    events = [event(event_name="x", page_title="authorization:\x1fbearer\x1f93d3a7a6730acbd8")]
    found = run_stages(SCRUBBED, *events * COLUMNAR_ROWS_MIN)
    assert "93d3a7a6730acbd8" not in "".join(found["page_title"].to_list())
    assert found["remarks"][0].to_list() == ["token"]
