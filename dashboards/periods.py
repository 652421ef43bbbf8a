"""The period that a page shows, as it is written in its address.

Days are whole days of the site's time zone; `last` belongs to the period. A period is either
relative (`period=today|7d|28d`, read against the clock) or fixed (`from=…&to=…`). Nothing here
asks a database or a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

PERIOD_DAYS = {"today": 1, "7d": 7, "28d": 28}
"""Relative periods by their word in the address -> how many days, today included."""

PERIOD_DEFAULT = "28d"
"""What a page without a period in its address shows."""

PERIOD_DAYS_MAX = 366
"""The longest period: a chart by day of more is unreadable, and its queries grow with it."""

HOURLY_DAYS_MAX = 2
"""Periods up to this long are charted by hour, longer ones by day."""

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


class BadPeriod(Exception):
    """The address asks for a period that cannot be shown.

    Who handles it: the overview, which shows the default period and says so.
    """


@dataclass(frozen=True)
class Period:
    """Whole local days `first` to `last`, both inside, in one time zone."""

    first: date
    """The first day."""
    last: date
    """The last day; never before `first`."""
    zone: ZoneInfo
    """The site's time zone, which decides where days begin."""
    word: str = ""
    """The relative word it was asked by (`7d`), or nothing for fixed dates."""

    @property
    def days(self) -> int:
        """How many days it covers."""
        return (self.last - self.first).days + 1

    @property
    def start(self) -> datetime:
        """The moment it begins, UTC."""
        return local_midnight(self.first, self.zone)

    @property
    def end(self) -> datetime:
        """The moment it is over, UTC; not inside."""
        return local_midnight(self.last + DAY, self.zone)

    @property
    def is_hourly(self) -> bool:
        """Whether its chart has a point an hour instead of one a day."""
        return self.days <= HOURLY_DAYS_MAX

    def previous(self) -> Period:
        """The period of the same number of days that ends where this one begins."""
        return self.shifted(-1)

    def shifted(self, steps: int) -> Period:
        """The fixed period that lies `steps` lengths later (earlier where negative)."""
        by = DAY * self.days * steps
        return Period(self.first + by, self.last + by, self.zone)

    def buckets(self) -> list[datetime]:
        """The starts (UTC) of its hours or days, oldest first.

        A day on which clocks change has 23 or 25 hours, and gets as many points.
        """
        if not self.is_hourly:
            return [local_midnight(self.first + DAY * n, self.zone) for n in range(self.days)]
        hours = int((self.end - self.start) / HOUR)
        return [self.start + HOUR * n for n in range(hours)]


def local_midnight(day: date, zone: ZoneInfo) -> datetime:
    """The moment (UTC) at which `day` begins in `zone`."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def read_period(query: Mapping[str, str], now: datetime, zone: ZoneInfo) -> Period:
    """Read the period out of an address's query; none named means the default.

    Raises `BadPeriod` for words, dates or lengths that cannot be shown.
    """
    if "from" in query or "to" in query:
        return _fixed_period(query.get("from", ""), query.get("to", ""), zone)
    return relative_period(query.get("period", PERIOD_DEFAULT), now, zone)


def relative_period(word: str, now: datetime, zone: ZoneInfo) -> Period:
    """The days up to and with today that `word` names; raises `BadPeriod` for another word."""
    if word not in PERIOD_DAYS:
        raise BadPeriod("unknown period")
    today = now.astimezone(zone).date()
    return Period(today - DAY * (PERIOD_DAYS[word] - 1), today, zone, word)


def _fixed_period(first_text: str, last_text: str, zone: ZoneInfo) -> Period:
    """Read two ISO dates, either order; one alone is a single day."""
    try:
        first = date.fromisoformat(first_text or last_text)
        last = date.fromisoformat(last_text or first_text)
    except ValueError:
        raise BadPeriod("not a date") from None
    first, last = min(first, last), max(first, last)
    is_far = first.year < 1971 or last.year > 2100
    if is_far or (last - first).days >= PERIOD_DAYS_MAX:
        raise BadPeriod("too long or too far")
    return Period(first, last, zone)


def comparable_end(period: Period, now: datetime) -> datetime:
    """Where the previous period is cut so that both have run for the same time.

    A period that is still running is compared with as much of the previous one as has passed of
    this one; a period that is over with the whole of it.
    """
    previous = period.previous()
    if now >= period.end:
        return previous.end
    elapsed = max(now - period.start, timedelta())
    return min(previous.start + elapsed, previous.end)
