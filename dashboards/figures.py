"""The overview's figures: each is one query of `queries/`, read for one site and one span of time.

Called by the overview. Groups of fewer than `VISITORS_MIN` visitors leave the warehouse folded
into one row; no query here reads an identifier out of it. Times are UTC, the end is not inside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from string import Template
from typing import Any, Protocol

from dashboards.breakdowns import Breakdown
from dashboards.periods import Period

QUERIES = Path(__file__).parent / "queries"

VISITORS_MIN = 5
"""Smaller groups are folded into one row: that prevents accidents and is no claim of anonymity."""

GROUPS_MAX = 1_000
"""Most rows that a list can show, the row of small groups included."""


class Reads(Protocol):
    """Whoever can run a query of ours on the warehouse as a reader."""

    def read(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Give all rows; raises `Unavailable` when the warehouse does not answer."""


@dataclass(frozen=True)
class Totals:
    """What was counted over a span."""

    visitors: int = 0
    """Distinct subjects, bots left out."""
    views: int = 0
    """Page and screen views, bots left out."""
    visitor_views: int = 0
    """Those of the views that belong to a subject."""
    bots: int = 0
    """Events of bots."""

    @property
    def views_per_visitor(self) -> float | None:
        """Views of subjects divided by subjects; None where there are none."""
        return self.visitor_views / self.visitors if self.visitors else None

    @property
    def unrecognised_views(self) -> int:
        """Views of people who refused to be recognised."""
        return self.views - self.visitor_views


@dataclass(frozen=True)
class Group:
    """One row of a list."""

    name: str
    """What the rows are grouped by; empty where an event did not say."""
    visitors: int
    """Distinct subjects."""
    events: int
    """Views or events of the group, refused ones included."""


@dataclass(frozen=True)
class Groups:
    """A list, largest first."""

    rows: tuple[Group, ...]
    """Groups of at least `VISITORS_MIN` visitors."""
    small: Group | None
    """All smaller groups as one, or None where there are none."""


@dataclass(frozen=True)
class Latest:
    """What a site has ever sent."""

    events: int
    """How many events are stored."""
    at: datetime | None
    """When the newest of them happened, UTC."""


def read_totals(reads: Reads, site: str, start: datetime, end: datetime) -> Totals:
    """Count a span as a whole."""
    row = reads.read(load_query("totals"), _span(site, start, end))[0]
    return Totals(*(int(value) for value in row))


def read_series(reads: Reads, site: str, period: Period) -> dict[datetime, Totals]:
    """Count each hour or day of a period: its start (UTC) -> totals; empty ones are left out."""
    parameters = _span(site, period.start, period.end) | {
        "zone": period.zone.key,
        "by_hour": period.is_hourly,
    }
    rows = reads.read(load_query("series"), parameters)
    return {
        datetime.fromtimestamp(row[0], UTC): Totals(*(int(value) for value in row[1:]))
        for row in rows
    }


def read_groups(reads: Reads, site: str, period: Period, breakdown: Breakdown) -> Groups:
    """Count a period's visitors by what `breakdown` groups by."""
    parameters = _span(site, period.start, period.end) | {
        "visitors_min": VISITORS_MIN,
        "rows_max": GROUPS_MAX,
    }
    if breakdown.query == "first_views":
        parameters["zone"] = period.zone.key
    found = reads.read(breakdown_query(breakdown), parameters)
    rows = [(bool(row[0]), Group(str(row[1]), int(row[2]), int(row[3]))) for row in found]
    small = [group for is_small, group in rows if is_small]
    return Groups(tuple(group for is_small, group in rows if not is_small), next(iter(small), None))


def read_latest(reads: Reads, site: str) -> Latest:
    """Tell whether a site ever sent anything, and when last."""
    events, at = reads.read(load_query("latest"), {"site": site})[0]
    return Latest(int(events), at.replace(tzinfo=UTC) if events else None)


@cache
def load_query(name: str) -> str:
    """Give the text of `queries/<name>.sql`."""
    return (QUERIES / f"{name}.sql").read_text(encoding="utf-8").strip()


@cache
def breakdown_query(breakdown: Breakdown) -> str:
    """Give the query that counts a list, its expressions filled in."""
    template = Template(load_query(breakdown.query))
    return template.substitute(name=breakdown.grouped_by, rows=breakdown.rows)


def _span(site: str, start: datetime, end: datetime) -> dict[str, Any]:
    """Parameters that every query of a span takes; moments as milliseconds since 1970."""
    milliseconds = [round(moment.timestamp() * 1000) for moment in (start, end)]
    return {"site": site, "start_ms": milliseconds[0], "end_ms": milliseconds[1]}
