"""How figures, changes and dates are written."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from dashboards.periods import Period
from dashboards.words import (
    Change,
    country_names,
    write_bucket,
    write_change,
    write_count,
    write_days,
    write_offset,
    write_ratio,
    write_share,
)

ALMATY = ZoneInfo("Asia/Almaty")


def test_counts_show_every_digit() -> None:
    assert [write_count(n) for n in (0, 999, 12345, 7654321)] == [
        "0",
        "999",
        "12,345",
        "7,654,321",
    ]


def test_a_ratio_of_nothing_is_a_dash() -> None:
    assert (write_ratio(2.5), write_ratio(None)) == ("2.50", "–")


@pytest.mark.parametrize(
    ("part", "whole", "text"),
    [(0, 10, "0%"), (1, 1000, "<1%"), (1, 3, "33%"), (5, 5, "100%"), (1, 0, "0%")],
)
def test_shares_round_without_claiming_nothing(part: int, whole: int, text: str) -> None:
    assert write_share(part, whole) == text


@pytest.mark.parametrize(
    ("now", "before", "change"),
    [
        (110, 100, Change("10%", "up")),
        (95, 100, Change("5.0%", "down")),
        (1000, 1001, Change("no change", "flat")),
        (5000, 100, Change("50×", "up")),
        (0, 40, Change("100%", "down")),
        (40, 0, Change("", "none")),
        (40, None, Change("", "none")),
        (None, 40, Change("", "none")),
    ],
)
def test_changes_say_how_much_and_which_way(
    now: float | None, before: float | None, change: Change
) -> None:
    assert write_change(now, before) == change


def test_spans_of_days_say_nothing_twice() -> None:
    assert write_days(date(2026, 11, 5), date(2026, 11, 5)) == "5 Nov 2026"
    assert write_days(date(2026, 11, 1), date(2026, 11, 22)) == "1–22 Nov 2026"
    assert write_days(date(2026, 10, 26), date(2026, 11, 22)) == "26 Oct – 22 Nov 2026"
    assert write_days(date(2025, 12, 30), date(2026, 1, 2)) == "30 Dec 2025 – 2 Jan 2026"


def test_points_are_named_in_the_sites_time() -> None:
    start = datetime(2026, 11, 22, 19, tzinfo=UTC)
    day = date(2026, 11, 23)
    assert write_bucket(start, Period(day, day, ALMATY)) == "23 Nov, 00:00"
    assert write_bucket(start, Period(day, date(2026, 11, 29), ALMATY)) == "Mon 23 Nov"


def test_offsets_are_written_with_half_hours_and_signs() -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    zones = ("Asia/Almaty", "Asia/Kolkata", "America/St_Johns", "UTC")
    texts = [write_offset(ZoneInfo(zone), at) for zone in zones]
    assert texts == ["UTC+5", "UTC+5:30", "UTC−3:30", "UTC+0"]


def test_every_country_has_a_name() -> None:
    names = country_names()
    assert names["KZ"] == "Kazakhstan"
    assert len(names) > 240
    assert all(len(code) == 2 and name for code, name in names.items())
