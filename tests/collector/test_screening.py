"""What the screen lets pass comes out of a close look unchanged, however often it was seen."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collector import screening
from collector.raw_event import RawEvent
from collector.screening import COLUMNAR_TEXTS_MIN, KNOWN_CHARS_MAX, Screen
from collector.stages import STAGES
from collector.unfold import is_odd
from tests.collector.test_large_batches import EVENTS, SCRUBBED
from tests.collector.test_pii import ANY, RULES, SCRUBBER
from tests.collector.worlds import event, run_stages, scrubber

LONG = 10_000
EXAMPLES = [t for rule in RULES.rules.values() for t in (*rule.must_match, *rule.must_not_match)]
TEXTS = st.lists(ANY.filter(lambda text: not text or text.isprintable()), max_size=3)


@settings(max_examples=200)
@given(TEXTS, st.lists(st.sampled_from(EXAMPLES), max_size=COLUMNAR_TEXTS_MIN + 4))
def test_what_passes_would_come_out_unchanged(any_texts: list[str], examples: list[str]) -> None:
    screen = Screen(SCRUBBER)
    columns: list[list[str | None]] = [[*any_texts, None], [*examples]]
    for _ in range(2):
        seen = screen.look(columns, LONG)
        for text in {*any_texts, *examples} - seen.suspects:
            assert SCRUBBER.scrub_text(text) == (text, [])
        assert seen.odd == {text for text in {*any_texts, *examples} if is_odd(text)}


def scrubbed(events: list[RawEvent]) -> list[tuple[object, ...]]:
    """Give what comes out of scrubbing, but for the places in the batch."""
    batch = run_stages(SCRUBBED, *events)
    return batch.select(sorted(set(batch.columns) - {"row"})).rows()


@settings(max_examples=60, deadline=None)
@given(EVENTS)
def test_events_are_scrubbed_alike_whatever_was_seen_before(sent: list[dict[str, object]]) -> None:
    events = [event(**fields) for fields in sent]
    Screen.of(scrubber())._known.clear()
    alone = [row for one in events for row in scrubbed([one])]
    assert scrubbed(events) == alone
    assert [row for one in reversed(events) for row in scrubbed([one])] == alone[::-1]


def test_joined_texts_are_suspect_as_soon_as_a_rule_may_match() -> None:
    seen = Screen(SCRUBBER).look([["key: x\x1f87012345678", "a 142.0.0.0 b"]], LONG)
    assert seen.suspects == {"key: x\x1f87012345678"}


def test_what_identifies_is_not_remembered() -> None:
    screen = Screen(SCRUBBER)
    screen.look([["a@b.kz", "u-1842", "x" * (KNOWN_CHARS_MAX + 1), "Пони"]], LONG)
    assert set(screen._known) == {"u-1842", "Пони"}
    screen.forget(["u-1842", None, "never seen"])
    assert set(screen._known) == {"Пони"}


def test_a_row_with_an_own_identifier_is_not_remembered() -> None:
    names = [one.name for one in STAGES]
    stages = list(STAGES[: names.index("scrub") + 1])
    sent = event(page_title="written by seller-1842c", _person="seller-1842c")
    for _ in range(2):
        assert run_stages(stages, sent)["page_title"].to_list() == ["written by [own_id]"]
        assert not [t for t in Screen.of(scrubber())._known if "1842c" in t]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screening, "KNOWN_TEXTS_MAX", 10)
    screen = Screen(SCRUBBER)
    screen.look([[f"title {chr(97 + n)}" for n in range(25)]], LONG)
    assert 0 < len(screen._known) <= 10


@pytest.mark.parametrize(
    ("text", "chars_max", "is_long"),
    [("x" * 200, 200, False), ("x" * 201, 200, True), ("a\0b", 200, True), ("x", 100, True)],
)
def test_long_texts_are_told_every_time(text: str, chars_max: int, is_long: bool) -> None:
    screen = Screen(SCRUBBER)
    assert [screen.look([[text]], chars_max).is_long for _ in range(2)] == [is_long] * 2
