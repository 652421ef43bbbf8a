"""Rows of Plausible's daily figures as ours: which column is what, and what is no figure.

Source: Plausible's documentation of its CSV format, and the columns that its exporter and importer
name. Days, values and counts are taken as they stand; nothing is made of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Any

from collector.pii import Scrubber
from collector.protocols.identifying import reduce_url

COUNT = re.compile(r"[0-9]{1,18}")
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2149, 6, 6)
"""The days that the warehouse's type of date holds."""

COUNTS = {
    "visitors": "visitors",
    "visits": "visits",
    "pageviews": "page_views",
    "bounces": "bounces",
    "visit_duration": "visit_duration_seconds",
}
"""Column -> ours, of most files."""

CAMPAIGN = {
    "referrer": "referrer",
    "utm_source": "campaign_source",
    "utm_medium": "campaign_medium",
    "utm_campaign": "campaign_name",
    "utm_content": "campaign_content",
    "utm_term": "campaign_term",
}


@dataclass(frozen=True)
class Table:
    """What one of the files holds."""

    dimension: str
    value: str
    """Its column with the value; '' for none."""
    parts: Mapping[str, str] = field(default_factory=dict)
    """Further columns that tell rows apart -> name of the part."""
    counts: Mapping[str, str] = field(default_factory=lambda: COUNTS)
    """Column -> ours."""

    @property
    def needed(self) -> tuple[str, ...]:
        """Give the columns without which the file is none of these."""
        return ("date", *filter(None, (self.value,)), "visitors")


TABLES: Mapping[str, Table] = {
    "visitors": Table("total", ""),
    "sources": Table("source", "source", CAMPAIGN),
    "pages": Table(
        "page",
        "page",
        {"hostname": "host"},
        COUNTS
        | {"time_on_page": "time_on_page_seconds", "total_time_on_page": "time_on_page_seconds"},
    ),
    "entry_pages": Table("entry_page", "entry_page", {}, COUNTS | {"entrances": "visits"}),
    "exit_pages": Table("exit_page", "exit_page", {}, COUNTS | {"exits": "visits"}),
    "custom_events": Table(
        "event", "name", {"link_url": "url", "path": "path"}, COUNTS | {"events": "events"}
    ),
    "locations": Table("country", "country", {"region": "region", "city": "city"}),
    "devices": Table("device_type", "device"),
    "browsers": Table("browser", "browser", {"browser_version": "version"}),
    "operating_systems": Table("os", "operating_system", {"operating_system_version": "version"}),
}
"""Name of a file -> what it holds. Its dimensions are all that the warehouse's table has."""

Figure = dict[str, Any]
"""Column of `storage.schemas.IMPORTED` -> value, of one row."""


class Reader:
    """Reads the rows of one file after its header."""

    def __init__(self, table: Table, header: Sequence[str], scrubber: Scrubber, chars: int) -> None:
        self._table = table
        self._at = {name.strip().lower(): place for place, name in enumerate(header)}
        self._width = len(header)
        self._chars_max = chars
        self._clean = lru_cache(maxsize=65_536)(self._clean_once)
        self._scrubber = scrubber

    @property
    def missing(self) -> list[str]:
        """Give the columns that the file lacks."""
        return [name for name in self._table.needed if name not in self._at]

    def read(self, cells: Sequence[str] | None) -> Figure | str:
        """Give the figure of a row, or the reason why it is none."""
        if cells is None or len(cells) != self._width:
            return "row_invalid"
        day = _read_day(self._cell(cells, "date"))
        if day is None:
            return "date_invalid"
        figure: Figure = {"date": day}
        for name, ours in self._table.counts.items():
            text = self._cell(cells, name)
            if text and COUNT.fullmatch(text):
                figure[ours] = int(text)
            elif text not in ("", "\\N"):
                return "count_invalid"
        figure["value"] = self._clean(self._cell(cells, self._table.value))
        parts = {ours: self._cell(cells, name) for name, ours in self._table.parts.items()}
        figure["parts"] = [
            {"key": key, "value": self._clean(text)} for key, text in parts.items() if text
        ]
        return figure

    def _cell(self, cells: Sequence[str], name: str) -> str:
        """Give a cell, '' where the file has no such column."""
        place = self._at.get(name)
        return "" if place is None else cells[place].strip()

    def _clean_once(self, text: str) -> str:
        """Give a text without what identifies, and without what follows a page's path."""
        text = reduce_url(text.replace("\x00", ""), frozenset())
        if text.startswith("/") or "/" in text.partition("?")[0]:
            text = text.partition("?")[0].partition("#")[0]
        return self._scrubber.scrub_text(text)[0][: self._chars_max]


def _read_day(text: str) -> date | None:
    """Give a day that is written 2026-11-23, None for any other text."""
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-11-23") else None
    except ValueError:
        return None
    return day if day is not None and FIRST_DAY <= day <= LAST_DAY else None
