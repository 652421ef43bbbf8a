"""Builds what the overview shows, ready to print, from a view and the figures behind it.

Called by the pages. Reads the warehouse through `Reads`, writes nothing, and knows neither HTTP
nor HTML: a template only places what stands here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from dashboards.figures import Latest, Reads, Totals, read_latest, read_series, read_totals
from dashboards.lists import Panel, build_panels
from dashboards.metrics import METRICS, Metric
from dashboards.periods import Period, comparable_end
from dashboards.view import View
from dashboards.words import Change, write_bucket, write_change, write_count, write_ratio


@dataclass(frozen=True)
class Tile:
    """One figure above the chart."""

    metric: Metric
    """What it is."""
    text: str
    """The figure of the period."""
    before_text: str
    """The figure that it is compared with."""
    change: Change
    """How the two compare."""
    address: str
    """The view that charts it."""
    is_current: bool
    """Whether the chart draws it now."""


@dataclass(frozen=True)
class Point:
    """One hour or day of the chart, beside the one at its place in the previous period."""

    label: str
    """Its name."""
    tick: str
    """Its short name, below the axis."""
    value: float | None
    """The figure; None where it lies ahead, or where nothing was divided."""
    text: str
    """The figure as it is written."""
    before_label: str
    """The name of its counterpart; empty where there is none."""
    before_value: float | None
    """The figure of its counterpart."""
    before_text: str
    """That figure as it is written."""
    is_running: bool
    """Whether it is not over yet."""


@dataclass(frozen=True)
class Overview:
    """Everything the page shows."""

    view: View
    """What was asked for."""
    now: datetime
    """When it was read, UTC."""
    totals: Totals
    """The period's figures."""
    tiles: tuple[Tile, ...]
    """The figures above the chart."""
    points: tuple[Point, ...]
    """The chart."""
    panels: tuple[Panel, ...]
    """The lists."""
    latest: Latest | None
    """What the site ever sent; asked for only where the period shows nothing."""

    @property
    def metric(self) -> Metric:
        """What the chart draws."""
        return METRICS[self.view.metric]

    @property
    def latest_day(self) -> date | None:
        """The newest day with an event, in the site's time zone."""
        if self.latest is None or self.latest.at is None:
            return None
        return self.latest.at.astimezone(self.view.period.zone).date()


def build_overview(reads: Reads, view: View, now: datetime) -> Overview:
    """Read every figure of a view; raises `Unavailable` when the warehouse does not answer."""
    period, previous = view.period, view.period.previous()
    totals = read_totals(reads, view.site, period.start, period.end)
    before = read_totals(reads, view.site, previous.start, comparable_end(period, now))
    if totals == Totals():
        latest = read_latest(reads, view.site)
        return Overview(view, now, totals, (), (), (), latest)
    series = read_series(reads, view.site, period)
    series_before = read_series(reads, view.site, previous)
    return Overview(
        view=view,
        now=now,
        totals=totals,
        tiles=tuple(_build_tile(metric, view, totals, before) for metric in METRICS.values()),
        points=tuple(_build_points(view, now, series, series_before)),
        panels=build_panels(reads, view, totals),
        latest=None,
    )


def _build_tile(metric: Metric, view: View, totals: Totals, before: Totals) -> Tile:
    return Tile(
        metric=metric,
        text=_write_value(metric, metric.value(totals)),
        before_text=_write_value(metric, metric.value(before)),
        change=write_change(metric.value(totals), metric.value(before)),
        address=view.address(metric=metric.name),
        is_current=metric.name == view.metric,
    )


def _build_points(
    view: View,
    now: datetime,
    series: Mapping[datetime, Totals],
    series_before: Mapping[datetime, Totals],
) -> Iterator[Point]:
    """Pair each bucket of the period with the one at its place in the previous period.

    The two may differ in length by the hour that a change of clocks gives or takes; the point
    without a counterpart stands alone.
    """
    metric, period, previous = METRICS[view.metric], view.period, view.period.previous()
    starts, starts_before = period.buckets(), previous.buckets()
    for place, start in enumerate(starts):
        over_at = starts[place + 1] if place + 1 < len(starts) else period.end
        value = metric.value(series.get(start, Totals())) if start <= now else None
        before = starts_before[place] if place < len(starts_before) else None
        before_totals = series_before.get(before, Totals()) if before else None
        before_value = metric.value(before_totals) if before_totals else None
        yield Point(
            label=write_bucket(start, period),
            tick=_write_tick(start, period),
            value=value,
            text=_write_value(metric, value) if start <= now else "–",
            before_label=write_bucket(before, previous) if before else "",
            before_value=before_value,
            before_text=_write_value(metric, before_value) if before else "",
            is_running=start <= now < over_at,
        )


def _write_tick(start: datetime, period: Period) -> str:
    local = start.astimezone(period.zone)
    return f"{local:%H:%M}" if period.is_hourly else f"{local.day} {local:%b}"


def _write_value(metric: Metric, value: float | None) -> str:
    return write_ratio(value) if metric.is_ratio else write_count(int(value or 0))
