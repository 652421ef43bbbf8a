"""Builds the overview's lists, ready to print: rows with their bars, tabs, and what was folded."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.breakdowns import BREAKDOWNS, PANELS, Breakdown
from dashboards.figures import VISITORS_MIN, Group, Groups, Reads, Totals, read_groups
from dashboards.view import View
from dashboards.words import country_names, write_count, write_share

ROWS_SHOWN = 8
"""How many rows a list shows before it is asked for all."""


@dataclass(frozen=True)
class Row:
    """One row of a list."""

    label: str
    """What it is called."""
    title: str
    """Its name in full, for whoever points at it."""
    country: str
    """Two letters of the flag before it, or nothing."""
    visitors_text: str
    """How many visitors."""
    share_text: str
    """Their share of all visitors of the period."""
    counts_text: str
    """How many views or events, or nothing."""
    bar_percent: float
    """Length of the bar behind it; the longest of a list is 100."""


@dataclass(frozen=True)
class Tab:
    """One list that a panel can show."""

    breakdown: Breakdown
    """Which."""
    address: str
    """The view that shows it."""
    is_current: bool
    """Whether it is shown now."""


@dataclass(frozen=True)
class Panel:
    """One panel with the list that it shows."""

    name: str
    """Its word in addresses."""
    tabs: tuple[Tab, ...]
    """The lists that it can show."""
    breakdown: Breakdown
    """The list that it shows."""
    rows: tuple[Row, ...]
    """The rows to print."""
    small: Row | None
    """All groups that are too small to be told apart, as one row."""
    rows_hidden: int
    """How many rows are not printed."""
    address_of_whole: str
    """The view that prints all rows, or, where this one does, the one that does not."""
    is_whole: bool
    """Whether all rows were asked for."""


def build_panels(reads: Reads, view: View, totals: Totals) -> tuple[Panel, ...]:
    """Read and build every panel of a view, in the page's order."""
    return tuple(_build_panel(reads, view, totals, panel) for panel in PANELS)


def _build_panel(reads: Reads, view: View, totals: Totals, name: str) -> Panel:
    breakdown = BREAKDOWNS[view.shows(name)]
    groups = read_groups(reads, view.site, view.period, breakdown)
    is_whole = view.whole_panel == name
    shown = groups.rows if is_whole else groups.rows[:ROWS_SHOWN]
    longest = max((group.visitors for group in groups.rows), default=0)
    host = _common_host(groups) if breakdown.name == "pages" else ""
    return Panel(
        name=name,
        tabs=tuple(
            Tab(BREAKDOWNS[tab], view.address_of_tab(name, tab), tab == breakdown.name)
            for tab in PANELS[name]
        ),
        breakdown=breakdown,
        rows=tuple(_build_row(group, breakdown, totals, longest, host) for group in shown),
        small=_build_small(groups.small, breakdown, totals, longest) if groups.small else None,
        rows_hidden=len(groups.rows) - len(shown),
        address_of_whole=view.address(whole_panel="" if is_whole else name),
        is_whole=is_whole,
    )


def _build_row(group: Group, breakdown: Breakdown, totals: Totals, longest: int, host: str) -> Row:
    is_country = breakdown.name == "countries" and group.name in country_names()
    return Row(
        label=_write_label(group.name, breakdown, host),
        title=group.name or breakdown.unnamed,
        country=group.name if is_country else "",
        visitors_text=write_count(group.visitors),
        share_text=write_share(group.visitors, totals.visitors),
        counts_text=write_count(group.events) if breakdown.counts else "",
        bar_percent=round(100 * group.visitors / longest, 2) if longest else 0,
    )


def _build_small(small: Group, breakdown: Breakdown, totals: Totals, longest: int) -> Row:
    """The row of small groups; where even together they are few, it says no more than that."""
    is_few = small.visitors < VISITORS_MIN
    return Row(
        label="Other",
        title=f"All groups of fewer than {VISITORS_MIN} visitors",
        country="",
        visitors_text=f"under {VISITORS_MIN}" if is_few else write_count(small.visitors),
        share_text="" if is_few else write_share(small.visitors, totals.visitors),
        counts_text="" if is_few or not breakdown.counts else write_count(small.events),
        bar_percent=0 if is_few or not longest else min(100, 100 * small.visitors / longest),
    )


def _write_label(name: str, breakdown: Breakdown, host: str) -> str:
    if not name:
        return breakdown.unnamed
    if breakdown.name == "countries":
        return country_names().get(name, name)
    if breakdown.name == "devices":
        return name[:1].upper() + name[1:]
    return name.removeprefix(host) or name


def _common_host(groups: Groups) -> str:
    """The host that all pages share, which then need not be said in each row."""
    hosts = {group.name.partition("/")[0] for group in groups.rows}
    return hosts.pop() if len(hosts) == 1 else ""
