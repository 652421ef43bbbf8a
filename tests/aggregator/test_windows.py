"""Windows are closed ISO weeks that never overlap and never span a change of keys."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.windows import DAY, cut_at_epochs, last_closed_week, week_at, week_of

EPOCH = datetime(2015, 1, 1, tzinfo=UTC)
moments = st.integers(0, 75 * 365 * 86_400).map(lambda seconds: EPOCH + timedelta(seconds=seconds))


def months_of_thirteen(moment: datetime) -> str:
    """Thirteen months long, from the first of a month, as the device keys are."""
    months = moment.year * 12 + moment.month - 1
    return str(months - months % 13)


def test_a_label_names_its_week() -> None:
    week = week_of("2026-W46")
    assert week.start == datetime(2026, 11, 9, tzinfo=UTC)
    assert week.end == datetime(2026, 11, 16, tzinfo=UTC)
    assert week_of("2026-W53").start == datetime(2026, 12, 28, tzinfo=UTC)


@pytest.mark.parametrize("label", ["2026-W54", "2027-W53", "2026-46", "", "2026-W00", "x2026-W01"])
def test_a_wrong_label_names_none(label: str) -> None:
    with pytest.raises(ValueError):
        week_of(label)


@given(moments)
def test_every_moment_lies_in_one_week(moment: datetime) -> None:
    week = week_at(moment)
    assert week.start <= moment < week.end
    assert week_of(week.label) == week


@given(moments, st.integers(0, 240))
def test_the_last_closed_week_is_closed_and_the_next_is_not(moment: datetime, hours: int) -> None:
    grace = timedelta(hours=hours)
    week = last_closed_week(moment, grace)
    assert week.is_closed(moment, grace)
    assert not week_at(week.end).is_closed(moment, grace)


def test_a_week_is_cut_where_the_keys_change() -> None:
    week = week_of("2026-W40")

    def from_october(moment: datetime) -> str:
        return "new" if moment >= datetime(2026, 10, 1, tzinfo=UTC) else "old"

    before, after = cut_at_epochs(week, from_october)
    assert (before.start, after.end) == (week.start, week.end)
    assert before.end == after.start == datetime(2026, 10, 1, tzinfo=UTC)
    assert [before.label, after.label] == ["2026-W40-1", "2026-W40-2"]
    assert cut_at_epochs(week_of("2026-W41"), from_october) == [week_of("2026-W41")]


@given(moments)
def test_no_part_spans_two_epochs(moment: datetime) -> None:
    week = week_at(moment)
    parts = cut_at_epochs(week, months_of_thirteen)
    assert len(parts) <= 2
    assert parts[0].start == week.start
    assert parts[-1].end == week.end
    for part in parts:
        assert months_of_thirteen(part.start) == months_of_thirteen(part.end - DAY)
