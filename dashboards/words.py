"""How numbers, changes and dates are written on a page."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from dashboards.periods import Period

COUNTRIES_FILE = Path(__file__).parent / "countries.csv"

TREND_SHARE_MIN = 0.005
"""Changes smaller than this (half a percent) are called no change."""


@dataclass(frozen=True)
class Change:
    """How a figure compares with the one before it, ready to print."""

    text: str
    """`12%`, `4.2x`, or what else there is to say in very few characters."""
    trend: str
    """`up`, `down`, `flat`, or `none` where there is nothing to compare with."""


def write_count(number: int) -> str:
    """Every digit, grouped by threes: `12,345`."""
    return f"{number:,}"


def write_ratio(ratio: float | None) -> str:
    """Two digits behind the point, or a dash where nothing was divided."""
    return "–" if ratio is None else f"{ratio:,.2f}"


def write_share(part: int, whole: int) -> str:
    """`part` of `whole` in percent, as short as is honest: `<1%`, `3%`, `100%`."""
    if whole <= 0 or part <= 0:
        return "0%"
    percent = 100 * part / whole
    return "<1%" if percent < 1 else f"{percent:.0f}%"


def write_change(now: float | None, before: float | None) -> Change:
    """Compare two figures; without an earlier one there is no change to tell."""
    if now is None or not before:
        return Change("", "none")
    share = now / before - 1
    if abs(share) < TREND_SHARE_MIN:
        return Change("no change", "flat")
    trend = "up" if share > 0 else "down"
    if share >= 10:
        return Change(f"{now / before:,.0f}×", trend)
    percent = abs(share) * 100
    return Change(f"{percent:.1f}%" if percent < 10 else f"{percent:.0f}%", trend)


def write_day(day: date) -> str:
    """`12 Nov 2026`."""
    return f"{day.day} {day:%b %Y}"


def write_days(first: date, last: date) -> str:
    """A span of days without saying anything twice: `1–22 Nov 2026`."""
    if first == last:
        return write_day(first)
    if first.year != last.year:
        return f"{write_day(first)} – {write_day(last)}"
    if first.month != last.month:
        return f"{first.day} {first:%b} – {write_day(last)}"
    return f"{first.day}–{write_day(last)}"


def write_bucket(start: datetime, period: Period) -> str:
    """The name of a chart's point in the period's zone: `Mon 12 Nov`, or `12 Nov, 14:00`."""
    local = start.astimezone(period.zone)
    if period.is_hourly:
        return f"{local.day} {local:%b}, {local:%H:%M}"
    return f"{local:%a} {local.day} {local:%b}"


def write_offset(zone: ZoneInfo, at: datetime) -> str:
    """The zone's distance from UTC at a moment: `UTC+5`, `UTC+5:30`."""
    offset = at.astimezone(zone).utcoffset()
    minutes = int(offset.total_seconds() // 60) if offset else 0
    hours, rest = divmod(abs(minutes), 60)
    sign = "−" if minutes < 0 else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


@cache
def country_names() -> dict[str, str]:
    """English names of countries by their two letters (ISO 3166-1; Unicode's names)."""
    with COUNTRIES_FILE.open(encoding="utf-8", newline="") as file:
        return {row["country"]: row["name"] for row in csv.DictReader(file)}
