"""What a page shows is what its address says: reading and writing the overview's query.

Everything a reader can choose is in the address, so that every view can be linked, and going back
goes back. Defaults are left out, so that the plain address stays plain.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from dashboards.breakdowns import PANELS
from dashboards.metrics import METRICS
from dashboards.periods import (
    PERIOD_DEFAULT,
    BadPeriod,
    Period,
    read_period,
    relative_period,
)

METRIC_DEFAULT = next(iter(METRICS))


@dataclass(frozen=True)
class View:
    """One state of the overview."""

    site: str
    """Whose figures."""
    period: Period
    """Over which days."""
    metric: str = METRIC_DEFAULT
    """What the chart draws."""
    tabs: Mapping[str, str] = field(default_factory=dict)
    """Panel -> the list it shows, where that is not its first."""
    whole_panel: str = ""
    """The panel that shows all its rows, if any."""

    def shows(self, panel: str) -> str:
        """The list that a panel shows."""
        return self.tabs.get(panel, PANELS[panel][0])

    def address(self, **changes: Any) -> str:
        """The address of this view, or of one that differs from it by `changes`."""
        return replace(self, **changes)._write()

    def address_of_tab(self, panel: str, breakdown: str) -> str:
        """The address of this view with another list in one panel, from its top."""
        return self.address(tabs={**self.tabs, panel: breakdown}, whole_panel="")

    def _write(self) -> str:
        query: dict[str, str] = {}
        if not self.period.word:
            query["from"] = self.period.first.isoformat()
            query["to"] = self.period.last.isoformat()
        elif self.period.word != PERIOD_DEFAULT:
            query["period"] = self.period.word
        if self.metric != METRIC_DEFAULT:
            query["metric"] = self.metric
        query |= {panel: name for panel, name in self.tabs.items() if name != PANELS[panel][0]}
        if self.whole_panel:
            query["all"] = self.whole_panel
        return site_address(self.site) + (f"?{urlencode(query)}" if query else "")


def site_address(site: str) -> str:
    """The address of a site's overview, as plain as it gets."""
    return f"/sites/{quote(site, safe='')}"


def read_view(
    site: str, query: Mapping[str, str], now: datetime, zone: ZoneInfo
) -> tuple[View, bool]:
    """Read a view out of an address's query, and whether its period had to be replaced.

    Words that nobody knows count as not said: an old link shows something rather than nothing.
    """
    was_replaced = False
    try:
        period = read_period(query, now, zone)
    except BadPeriod:
        period, was_replaced = relative_period(PERIOD_DEFAULT, now, zone), True
    metric = query.get("metric", METRIC_DEFAULT)
    whole_panel = query.get("all", "")
    view = View(
        site=site,
        period=period,
        metric=metric if metric in METRICS else METRIC_DEFAULT,
        tabs={panel: query[panel] for panel, lists in PANELS.items() if query.get(panel) in lists},
        whole_panel=whole_panel if whole_panel in PANELS else "",
    )
    return view, was_replaced
