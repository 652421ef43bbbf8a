"""Every figure of the page, read in a real browser, equals SQL that was written by hand.

The SQL below counts in another way than the product's queries do: by local dates instead of
moments, by subqueries instead of merged states.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page

from dashboards.breakdowns import BREAKDOWNS, PANELS
from dashboards.metrics import METRICS
from tests.dashboards.browsing import (
    Visitor,
    read_before,
    read_figures,
    read_list,
    read_points,
)
from tests.dashboards.samples import FIRST, LAST, make_rows
from tests.dashboards.worlds import World, moment

WEEK = "toDate(occurred_at, 'Asia/Almaty') BETWEEN '2026-03-08' AND '2026-03-14'"
WEEK_BEFORE = "toDate(occurred_at, 'Asia/Almaty') BETWEEN '2026-03-01' AND '2026-03-07'"
SOMEBODY = "hex(subject_id) != '00000000000000000000000000000000'"
VIEW = "(event_name = 'page_view' OR event_name = 'screen_view')"
HUMAN = "is_bot = 0"

BY_HAND = {
    "visitors": f"SELECT count(DISTINCT subject_id) FROM $t WHERE {HUMAN} AND {SOMEBODY}",
    "views": f"SELECT count() FROM $t WHERE {HUMAN} AND {VIEW}",
    "views-per-visitor": f"""SELECT
        (SELECT count() FROM $t WHERE {HUMAN} AND {VIEW} AND {SOMEBODY})
        / (SELECT count(DISTINCT subject_id) FROM $t WHERE {HUMAN} AND {SOMEBODY})""",
    "bots": "SELECT count() FROM $t WHERE is_bot = 1",
    "unrecognised-views": f"SELECT count() FROM $t WHERE {HUMAN} AND {VIEW} AND NOT {SOMEBODY}",
}
"""Each figure above and below the chart."""

SOURCE = """if(campaign_source != '', campaign_source, if(referrer_host = page_host, '',
    if(startsWith(referrer_host, 'www.'), substring(referrer_host, 5), referrer_host)))"""
GROUPED = {
    "pages": (f"$t WHERE {HUMAN} AND {VIEW}", "page_host || page_path"),
    "events": (f"$t WHERE {HUMAN}", "event_name"),
    "countries": (f"$t WHERE {HUMAN}", "country"),
    "devices": (f"$t WHERE {HUMAN}", "device_type"),
    "browsers": (f"$t WHERE {HUMAN}", "browser"),
    "systems": (f"$t WHERE {HUMAN}", "os"),
    "sources": ("$first WHERE 1", SOURCE),
    "campaigns": ("$first WHERE campaign_name != ''", "campaign_name"),
}
"""Each list: the rows it counts, and what a row is named by."""

FIRST_VIEWS = f"""(SELECT * FROM (SELECT *, row_number() OVER (
    PARTITION BY subject_id, toDate(occurred_at, 'Asia/Almaty') ORDER BY occurred_at, event_id
    ) AS place FROM $t WHERE {HUMAN} AND {SOMEBODY} AND {VIEW}) WHERE place = 1)"""


class Sample:
    """The sample site and SQL on it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.site = world.add_site("figures")
        world.insert(self.site, make_rows())
        # Another site's events, which no figure may hold.
        world.insert(world.add_site("other"), make_rows(seed=2))

    def ask(self, sql: str, condition: str) -> list[tuple[Any, ...]]:
        """Run SQL in which `$t` is the sample's events of a span, `$first` first views."""
        events = f"(SELECT * FROM sanaq.events WHERE site = '{self.site}' AND {condition})"
        return self.world.reads.read(sql.replace("$first", FIRST_VIEWS).replace("$t", events), {})


@pytest.fixture(scope="module")
def sample(world: World) -> Sample:
    return Sample(world)


@pytest.fixture(scope="module")
def page(visitor: Visitor, sample: Sample) -> Iterator[Page]:
    path = f"/sites/{sample.site}?from={FIRST}&to={LAST}"
    with visitor.open(path) as page:
        yield page


def write(metric: str, value: Any) -> str:
    return f"{value:,.2f}" if metric == "views-per-visitor" else f"{value:,}"


def test_figures_of_the_period(sample: Sample, page: Page) -> None:
    expected = {name: write(name, sample.ask(sql, WEEK)[0][0]) for name, sql in BY_HAND.items()}
    assert read_figures(page) == expected
    assert int(expected["visitors"]) > 50 and int(expected["unrecognised-views"]) > 3


def test_figures_of_the_period_before(sample: Sample, page: Page) -> None:
    expected = {name: write(name, sample.ask(BY_HAND[name], WEEK_BEFORE)[0][0]) for name in METRICS}
    assert read_before(page) == expected


@pytest.mark.parametrize("metric", list(METRICS))
def test_points_of_the_chart(visitor: Visitor, sample: Sample, metric: str) -> None:
    path = f"/sites/{sample.site}?from={FIRST}&to={LAST}&metric={metric}"
    with visitor.open(path) as page:
        points = read_points(page)
    days = [f"2026-03-{day:02}" for day in range(8, 15)]
    days_before = [f"2026-03-{day:02}" for day in range(1, 8)]
    expected = []
    for day, day_before in zip(days, days_before, strict=True):
        both = [
            sample.ask(BY_HAND[metric], f"toDate(occurred_at, 'Asia/Almaty') = '{each}'")[0][0]
            for each in (day, day_before)
        ]
        expected.append([write(metric, value) for value in both])
    assert [[point[1], point[3]] for point in points] == expected
    assert (points[0][0], points[0][2]) == ("Sun 8 Mar", "Sun 1 Mar")


def test_points_by_hour(visitor: Visitor, sample: Sample) -> None:
    path = f"/sites/{sample.site}?from={FIRST}&to={FIRST}&metric=views"
    with visitor.open(path) as page:
        points = read_points(page)
    hours = sample.ask(
        f"""SELECT toHour(occurred_at, 'Asia/Almaty') AS hour, count() FROM $t
        WHERE {HUMAN} AND {VIEW} GROUP BY hour""",
        f"toDate(occurred_at, 'Asia/Almaty') = '{FIRST}'",
    )
    found = dict(hours)
    assert [point[1] for point in points] == [str(found.get(hour, 0)) for hour in range(24)]
    assert points[13][0] == "8 Mar, 13:00"


@pytest.mark.parametrize("name", list(BREAKDOWNS))
def test_rows_of_lists(visitor: Visitor, sample: Sample, name: str) -> None:
    panel = next(panel for panel, lists in PANELS.items() if name in lists)
    path = f"/sites/{sample.site}?from={FIRST}&to={LAST}&{panel}={name}&all={panel}"
    with visitor.open(path) as page:
        rows = read_list(page, name)
    assert rows == expected_rows(sample, name)
    assert len(rows) >= 2


def expected_rows(sample: Sample, name: str) -> list[list[str]]:
    """Groups of five visitors and more, then all others as one: `[name, counts, visitors]`."""
    rows, named_by = GROUPED[name]
    visitors = f"count(DISTINCT if({SOMEBODY}, subject_id, NULL))"
    grouped = sample.ask(
        f"SELECT {named_by} AS name, count() AS n, {visitors} AS v FROM {rows} GROUP BY name "
        "HAVING v >= 5 ORDER BY v DESC, n DESC, name",
        WEEK,
    )
    breakdown = BREAKDOWNS[name]
    has_counts = bool(breakdown.counts)
    expected = [
        [row[0] or breakdown.unnamed, f"{row[1]:,}" if has_counts else "", f"{row[2]:,}"]
        for row in grouped
    ]
    names = ", ".join(f"'{row[0]}'" for row in grouped)
    others = f"SELECT count(), {visitors} FROM {rows} AND {named_by} NOT IN ({names})"
    count, few = sample.ask(others, WEEK)[0]
    if count:
        is_few = few < 5
        shown = "" if is_few or not has_counts else f"{count:,}"
        expected.append(["Other", shown, "under 5" if is_few else f"{few:,}"])
    return expected


def test_small_groups_are_nowhere_on_the_page(page: Page) -> None:
    text = page.content()
    assert "Uzbekistan" in text
    assert [word for word in ("Mongolia", "Georgia", "/four", "/also-four") if word in text] == []


def test_days_are_the_sites_own(visitor: Visitor) -> None:
    """The same moment is another day in another zone, and counts there."""
    evening = moment("2026-03-10T20:00:00")
    for zone, day in (("Asia/Almaty", "2026-03-11"), ("UTC", "2026-03-10")):
        site = visitor.world.add_site("zone", zone)
        visitor.world.insert(site, [{"occurred_at": evening}])
        with visitor.open(f"/sites/{site}?from={day}&to={day}") as page:
            assert read_figures(page)["views"] == "1"
