"""The cheap test for own identifiers misses nothing that a close look would find."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from urllib.parse import quote

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector.own_ids import OwnIds
from collector.own_ids_screen import may_occur
from collector.stages import STAGES
from collector.stages.scrub import COLUMNAR_ROWS_MIN
from collector.unfold import is_odd
from tests.collector.test_own_ids import ADDRESS, DEVICE
from tests.collector.worlds import CHROME, LIMITS, event, run_stages

IDENTIFIERS = [
    DEVICE, DEVICE.replace("-", ""), "u-1842", "a-b-c-d", "seller-1842c", "abc", "ab", "",
    "Jos\u00e9-1842", "Jose\u0301-1842", "айгүл-7", "user%31842", 'a"b\\c1842', "u 1842",
    "İstanbul-1",
]  # fmt: skip


def add_dashes(text: str) -> str:
    """Write a UUID of 32 digits with its dashes; other text as it is."""
    cuts = [0, 8, 12, 16, 20, 32]
    parts = [text[start:end] for start, end in pairwise(cuts)]
    return "-".join(parts) if len(text) == 32 else text


WAYS: list[Callable[[str], str]] = [
    add_dashes,
    str, str.upper, str.lower, quote, lambda text: quote(quote(text, safe=""), safe=""),
    lambda text: text.replace("-", ""), lambda text: text.replace(".", "-"),
    lambda text: text.replace("a", "а").replace("c", "с"), lambda text: "\u200b".join(text),
    lambda text: "", lambda text: text[::-1],
]  # fmt: skip


def test_it_says_yes_wherever_a_look_does() -> None:
    named = [(one, one, "", "") for one in IDENTIFIERS]
    named += [(ADDRESS, "x-1", ADDRESS, ""), ("2a02:6b8::2:242", "", "2A02:6b8::2:242", "curl")]
    named += [(agent, "", ADDRESS, agent) for agent in (CHROME, "x!" * 20, "curl")]
    named += [("apple Safari 1842 x", "", "", "%41pple Safari 1842 x")]
    rows = [
        (before + write(name) + after, f"other-774411\x1f{sent}", address, agent)
        for name, sent, address, agent in named
        for write in WAYS
        for before in ("", "это ", "/ads/")
        for after in ("", "x ")
    ]
    said = [is_odd(row[0]) or may_occur(*row) for row in rows]
    looked = [OwnIds.of(*sender).occur_in(text) for text, *sender in rows]
    assert sum(looked) > len(rows) / 3
    missed = [row for row, yes, found in zip(rows, said, looked, strict=True) if found and not yes]
    assert not missed


def test_ordinary_rows_wake_nothing() -> None:
    sent = f"{DEVICE}\x1fu-184275\x1fab"
    assert not may_occur("/almaty/phones\x1fListing 18.5", sent, ADDRESS, CHROME)
    assert not may_occur("Пони\x1fiPhone", "", "", "")


SIGNS = st.text(alphabet='abcCсАа 0189.-_:/"\\%O@é\u0301ıſ', max_size=12)
ONE_ID = st.one_of(SIGNS, st.sampled_from(IDENTIFIERS), st.uuids().map(str))
PIECES = st.lists(ONE_ID | st.sampled_from([ADDRESS, CHROME]), min_size=1, max_size=3)


@settings(max_examples=400)
@given(PIECES, st.sampled_from(WAYS), SIGNS, st.sampled_from(["", ADDRESS, "2A02:6b8::2:242"]))
def test_whatever_is_sent_the_cheap_test_misses_nothing(
    ids: list[str], write: Callable[[str], str], around: str, address: str
) -> None:
    for one in ids:
        for agent in ("", CHROME, one * 6):
            text = around + write(one) + around[::-1]
            if OwnIds.of("\x1f".join(ids), address, agent).occur_in(text):
                assert is_odd(text) or may_occur(text, "\x1f".join(ids), address, agent)


TITLES = [
    None, "Пони", "u-1842 писал", "a@b.kz", "SELLЕR-1842С", "тел 8 701 234 56 78", "%75%2D1842",
    DEVICE, ADDRESS.replace(".", "-"), CHROME, "\u200bu\u200b-1842", "кот" * 900,
]  # fmt: skip


@pytest.mark.parametrize(
    "properties",
    [b"", b'{"a":"u-1842"}', b'{"first_name":"A"}', b'{"o":{"n":"a@b.kz"}}', b'{"n":1}'],
)
def test_a_large_batch_is_scrubbed_as_small_ones_are(properties: bytes) -> None:
    events = [
        event(event_name="custom", page_title=title, page_path="/1", _person=person,
              _device=DEVICE, _properties=properties, revenue=revenue)
        for title in TITLES
        for person, revenue in (("u-1842", 1.0), ("seller-1842c", 900101300017.0), (None, None))
    ]  # fmt: skip
    kept = ["page_title", "page_path", "properties", "revenue", "remarks"]
    stages = list(STAGES[: [one.name for one in STAGES].index("scrub") + 1])
    one_by_one = pl.concat([run_stages(stages, one).select(kept) for one in events])
    assert len(events) * 8 >= COLUMNAR_ROWS_MIN
    together = run_stages(stages, *(events * 8)).select(kept)
    assert together.rows() == one_by_one.rows() * 8
    assert LIMITS.title_chars_max < len("кот" * 900)
