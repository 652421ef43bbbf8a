"""The catalogue's word and the clock's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from collector.pipeline import REASON
from collector.stages.gate import gate
from collector.stages.validate import CUT_MARGIN_CHARS, validate
from config.catalogue import Catalogue
from config.policy_rules import SiteRule
from tests.collector.worlds import (
    CATALOGUE,
    DAY_MS,
    LIMITS,
    NOW_MS,
    POLICY,
    event,
    rows_of,
    run_stages,
)

SECOND = 1_000
AHEAD_MAX = LIMITS.clock_ahead_seconds_max * SECOND
OLD_MAX = LIMITS.event_age_days_max * DAY_MS


def reasons(*events: Any, **changes: Any) -> list[str | None]:
    return run_stages([gate, validate], *events, **changes)[REASON].to_list()


@pytest.mark.parametrize(
    ("occurred", "sent", "imported", "kept", "reason"),
    [
        (None, None, False, NOW_MS, None),
        (NOW_MS - 5_000, None, False, NOW_MS - 5_000, None),
        (NOW_MS - OLD_MAX, None, False, NOW_MS - OLD_MAX, None),
        (NOW_MS - OLD_MAX - 1, None, False, NOW_MS - OLD_MAX - 1, "too_late"),
        (NOW_MS - OLD_MAX - 1, None, True, NOW_MS - OLD_MAX - 1, None),
        (0, None, False, 0, "too_late"),
        (0, None, True, 0, None),
        (-1, None, True, -1, "too_late"),
        (NOW_MS + 5_000, None, False, NOW_MS, None),
        (NOW_MS + AHEAD_MAX, None, False, NOW_MS, None),
        (NOW_MS + AHEAD_MAX + 1, None, False, NOW_MS, "too_early"),
        (4_102_444_800_000, None, False, NOW_MS, "too_early"),
        (4_102_444_800_000, None, True, NOW_MS, "too_early"),
        (NOW_MS - 7_000, NOW_MS - 2_000, False, NOW_MS - 7_000, None),
        (NOW_MS - 3_605_000, NOW_MS - 3_600_000, False, NOW_MS - 5_000, None),
        (NOW_MS + 3_595_000, NOW_MS + 3_600_000, False, NOW_MS - 5_000, None),
        (NOW_MS - 40 * DAY_MS, NOW_MS - 40 * DAY_MS + 9_000, False, NOW_MS - 9_000, None),
        (NOW_MS - 40 * DAY_MS, NOW_MS - 39 * DAY_MS, True, NOW_MS - 40 * DAY_MS, None),
    ],
)
def test_the_clock(
    occurred: int | None, sent: int | None, imported: bool, kept: int, reason: str | None
) -> None:
    one = event(occurred_at_ms=occurred, sent_at_ms=sent, is_import=imported)
    batch = run_stages([gate, validate], one)
    assert rows_of(batch, "occurred_at", "received_at", REASON) == [
        (
            datetime.fromtimestamp(kept / 1000, UTC),
            datetime.fromtimestamp(NOW_MS / 1000, UTC),
            reason,
        )
    ]


@pytest.mark.parametrize(
    ("name", "properties", "reason"),
    [
        ("page_view", b"", None),
        ("page_view", b'{"category": "horses", "price": 250000}', None),
        ("page_view", b'{"price": -1}', "property_invalid"),
        ("page_view", b'{"price": "250000"}', "property_invalid"),
        ("page_view", b'{"undeclared": {"a": [1, 2]}}', None),
        ("app_open", b'{"start": "cold"}', None),
        ("app_open", b'{"start": "lukewarm"}', "property_invalid"),
        ("never_declared", b'{"any": true}', None),
        ("page_view", b"[1]", "property_invalid"),
        ("page_view", b"{" + b",".join(b'"k%d":1' % n for n in range(101)) + b"}",
         "properties_too_many"),
    ],
)  # fmt: skip
def test_names_and_properties(name: str, properties: bytes, reason: str | None) -> None:
    assert reasons(event(event_name=name, _properties=properties)) == [reason]


def test_an_undeclared_name_needs_the_site_to_keep_such() -> None:
    strict = POLICY.model_copy(update={"sites": {"soq": SiteRule(undeclared_events="reject")}})
    sent = [event(event_name="never_declared"), event(event_name="page_view")]
    assert reasons(*sent, policy=strict) == ["event_undeclared", None]
    assert reasons(event(event_name="odd", table="diagnostics"), policy=strict) == [None]


def test_an_expired_event_type_is_rejected_from_its_day_on() -> None:
    end = datetime(2028, 11, 1, tzinfo=UTC).timestamp() * 1000
    before, after = event(received_at_ms=int(end) - 1), event(received_at_ms=int(end))
    assert reasons(before, after) == [None, "event_expired"]


def test_texts_lose_their_zeroes_and_what_no_scrubbing_needs() -> None:
    longest = LIMITS.title_chars_max + CUT_MARGIN_CHARS
    batch = run_stages([gate, validate], event(page_title="a\0b" + "x" * 9_000, page_path="/\0p"))
    assert rows_of(batch, "page_path") == [("/p",)]
    assert batch["page_title"][0] == "ab" + "x" * (longest - 2)


def test_properties_become_pairs_of_text() -> None:
    sent = event(_properties=b'{"s": "a", "n": 1.5, "t": true, "z": null, "l": [1, {"x": "y"}]}')
    assert run_stages([gate, validate], sent, event())["properties"].to_list() == [
        [
            {"key": "s", "value": "a"},
            {"key": "n", "value": "1.5"},
            {"key": "t", "value": "true"},
            {"key": "l", "value": '[1,{"x":"y"}]'},
        ],
        [],
    ]


@pytest.mark.parametrize("declared", [True, False])
def test_of_a_persons_traits_only_declared_ones_are_kept(declared: bool) -> None:
    catalogue = CATALOGUE if declared else Catalogue(events={})
    traits = b'{"plan": "gold", "email": "a@b.kz", "height": 170}'
    sent = event(event_name="identify", _properties=traits)
    batch = run_stages([gate, validate], sent, catalogue=catalogue)
    kept = [{"key": "plan", "value": "gold"}] if declared else []
    assert batch["properties"].to_list() == [kept]
