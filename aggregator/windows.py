"""The spans of time that releases cover: ISO weeks in UTC, cut where pseudonym keys change.

Called by `release` and the command. Windows never overlap, so no two releases of one name can be
subtracted from each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

WEEK = timedelta(days=7)
DAY = timedelta(days=1)

_LABEL = re.compile(r"(\d{4})-W(\d{2})")


@dataclass(frozen=True, order=True)
class Window:
    """One span of time; `start` belongs to it, `end` does not."""

    start: datetime
    """First moment, UTC."""
    end: datetime
    """First moment after it, UTC."""
    label: str
    """`2026-W46`, or `2026-W40-1` and `2026-W40-2` for the parts of a week that was cut."""

    def is_closed(self, now: datetime, grace: timedelta) -> bool:
        """Tell whether the window and the wait for late events are over."""
        return self.end + grace <= now


def week_of(label: str) -> Window:
    """Give the ISO week that a label such as `2026-W46` names.

    Errors: ValueError where it names none.
    """
    match = _LABEL.fullmatch(label)
    if match is None:
        raise ValueError("write a window as 2026-W46")
    start = datetime.fromisocalendar(int(match[1]), int(match[2]), 1).replace(tzinfo=UTC)
    return Window(start, start + WEEK, label)


def week_at(moment: datetime) -> Window:
    """Give the ISO week that a moment lies in."""
    year, week, _ = moment.astimezone(UTC).isocalendar()
    return week_of(f"{year:04}-W{week:02}")


def last_closed_week(now: datetime, grace: timedelta) -> Window:
    """Give the newest week that is over, late events included."""
    return week_at(now - grace - WEEK)


def cut_at_epochs(week: Window, epoch_of: Callable[[datetime], str]) -> list[Window]:
    """Cut a week where the key of its pseudonyms changes; give it whole where none does.

    Why: a change inside a window gives one device two pseudonyms there, which quadruples rho; two
        windows cost twice, as any two windows do.
    """
    days = [week.start + day * DAY for day in range(7)]
    cuts = [day for day in days[1:] if epoch_of(day) != epoch_of(day - DAY)]
    if not cuts:
        return [week]
    edges = [week.start, *cuts, week.end]
    spans = enumerate(pairwise(edges), start=1)
    return [Window(start, end, f"{week.label}-{part}") for part, (start, end) in spans]
