"""Periods: local days, changes of clocks, what is compared with what, and addresses that lie."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.periods import (
    PERIOD_DAYS_MAX,
    BadPeriod,
    Period,
    comparable_end,
    read_period,
)

ALMATY = ZoneInfo("Asia/Almaty")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)


def test_days_begin_at_the_sites_midnight() -> None:
    period = read_period({"period": "today"}, NOW, ALMATY)
    assert period.first == date(2026, 11, 23)  # 20:30 in London is past midnight in Almaty
    assert period.start == datetime(2026, 11, 22, 19, tzinfo=UTC)
    assert period.end - period.start == timedelta(hours=24)


def test_seven_days_are_seven_with_today() -> None:
    period = read_period({"period": "7d"}, NOW, ALMATY)
    assert (period.first, period.last) == (date(2026, 11, 17), date(2026, 11, 23))
    assert period.days == len(period.buckets()) == 7


def test_nothing_said_means_four_weeks() -> None:
    assert read_period({}, NOW, ALMATY).days == 28


@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ({"from": "2026-11-01", "to": "2026-11-03"}, date(2026, 11, 1), date(2026, 11, 3)),
        ({"from": "2026-11-03", "to": "2026-11-01"}, date(2026, 11, 1), date(2026, 11, 3)),
        ({"from": "2026-11-03"}, date(2026, 11, 3), date(2026, 11, 3)),
        ({"to": "2026-11-03", "period": "7d"}, date(2026, 11, 3), date(2026, 11, 3)),
    ],
)
def test_dates_are_read_in_either_order_and_alone(
    query: dict[str, str], first: date, last: date
) -> None:
    period = read_period(query, NOW, ALMATY)
    assert (period.first, period.last, period.word) == (first, last, "")


@pytest.mark.parametrize(
    "query",
    [
        {"period": "90y"},
        {"from": "", "to": ""},
        {"from": "yesterday", "to": "2026-11-01"},
        {"from": "2026-02-30", "to": "2026-03-01"},
        {"from": "0001-01-01", "to": "0001-01-02"},
        {"from": "9999-12-31", "to": "9999-12-31"},
        {"from": "2025-01-01", "to": "2026-11-01"},
    ],
)
def test_what_cannot_be_shown_is_said(query: dict[str, str]) -> None:
    with pytest.raises(BadPeriod):
        read_period(query, NOW, ALMATY)


def test_longest_period_is_shown_and_a_day_more_is_not() -> None:
    first = date(2025, 1, 1)
    last = first + timedelta(days=PERIOD_DAYS_MAX - 1)
    query = {"from": first.isoformat(), "to": last.isoformat()}
    assert read_period(query, NOW, ALMATY).days == PERIOD_DAYS_MAX
    with pytest.raises(BadPeriod):
        read_period(query | {"to": (last + timedelta(days=1)).isoformat()}, NOW, ALMATY)


@pytest.mark.parametrize(
    ("day", "hours"),
    [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 10, 26), 24)],
)
def test_a_day_of_changing_clocks_has_as_many_points_as_hours(day: date, hours: int) -> None:
    buckets = Period(day, day, BERLIN).buckets()
    assert len(set(buckets)) == len(buckets) == hours


def test_a_running_period_is_compared_with_as_much_of_the_previous_one() -> None:
    period = read_period({"period": "today"}, NOW, ALMATY)
    assert comparable_end(period, NOW) == NOW - timedelta(days=1)


def test_a_period_that_is_over_is_compared_with_the_whole_previous_one() -> None:
    period = read_period({"from": "2026-11-01", "to": "2026-11-07"}, NOW, ALMATY)
    assert comparable_end(period, NOW) == period.start == period.previous().end


def test_a_period_ahead_is_compared_with_nothing() -> None:
    period = read_period({"from": "2027-11-01", "to": "2027-11-07"}, NOW, ALMATY)
    assert comparable_end(period, NOW) == period.previous().start


@given(
    first=st.dates(date(1990, 1, 1), date(2050, 1, 1)),
    days=st.integers(1, PERIOD_DAYS_MAX),
    zone=st.sampled_from(["Asia/Almaty", "Europe/Berlin", "Asia/Kolkata", "America/St_Johns"]),
)
def test_buckets_cover_a_period_without_gap(first: date, days: int, zone: str) -> None:
    period = Period(first, first + timedelta(days=days - 1), ZoneInfo(zone))
    buckets = period.buckets()
    assert buckets[0] == period.start
    assert buckets == sorted(set(buckets))
    assert buckets[-1] < period.end
    assert period.previous().end == period.start
    assert period.previous().days == period.days
