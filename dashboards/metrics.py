"""The four figures above the chart, as data: what they are called and what they mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboards.figures import Totals


@dataclass(frozen=True)
class Metric:
    """One figure of the overview."""

    name: str
    """Its word in addresses."""
    title: str
    """What it is called on the page."""
    value: Callable[[Totals], float | None]
    """Reads it off the totals of a period or of one point of the chart."""
    is_ratio: bool
    """Whether it is a quotient, written with two digits behind the point."""
    is_progress: bool
    """Whether more of it is good news; else its change is told without colour."""
    meaning: str
    """The definition that people read."""


METRICS = {
    entry.name: entry
    for entry in (
        Metric(
            name="visitors",
            title="Visitors",
            value=lambda totals: totals.visitors,
            is_ratio=False,
            is_progress=True,
            meaning="Distinct subjects with at least one event, bots left out. A subject is a "
            "signed-in person, else a device, else one day's visit without any identifier: who "
            "comes without identifiers on three days counts three times.",
        ),
        Metric(
            name="views",
            title="Views",
            value=lambda totals: totals.views,
            is_ratio=False,
            is_progress=True,
            meaning="Page views and screen views (page_view, screen_view), bots left out. Views of "
            "people who refused to be recognised count here too.",
        ),
        Metric(
            name="views-per-visitor",
            title="Views per visitor",
            value=lambda totals: totals.views_per_visitor,
            is_ratio=True,
            is_progress=True,
            meaning="Views that belong to a visitor, divided by visitors. Views of people who "
            "refused to be recognised are left out of it.",
        ),
        Metric(
            name="bots",
            title="Bot events",
            value=lambda totals: totals.bots,
            is_ratio=False,
            is_progress=False,
            meaning="Events from crawlers, monitors and other programs, known by their user agent. "
            "They are kept out of every other figure on this page.",
        ),
    )
}
"""Every figure by its word; the first is the one charted unasked."""
