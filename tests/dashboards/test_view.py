"""A view and its address are the same thing."""

from __future__ import annotations

from datetime import UTC, date, datetime
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from dashboards.breakdowns import BREAKDOWNS, PANELS
from dashboards.metrics import METRICS
from dashboards.periods import PERIOD_DAYS, Period, relative_period
from dashboards.view import View, read_view

ALMATY = ZoneInfo("Asia/Almaty")
NOW = datetime(2026, 11, 22, 20, 30, tzinfo=UTC)

periods = st.one_of(
    st.sampled_from(list(PERIOD_DAYS)).map(lambda word: relative_period(word, NOW, ALMATY)),
    st.dates(date(2015, 1, 1), date(2030, 1, 1)).map(lambda day: Period(day, day, ALMATY)),
)
tabs = st.fixed_dictionaries(
    {}, optional={panel: st.sampled_from(lists[1:]) for panel, lists in PANELS.items() if lists[1:]}
)


def read_address(address: str, site: str) -> tuple[View, bool]:
    return read_view(site, dict(parse_qsl(urlsplit(address).query)), NOW, ALMATY)


@given(
    period=periods,
    metric=st.sampled_from(list(METRICS)),
    tabs=tabs,
    whole_panel=st.sampled_from(["", *PANELS]),
)
def test_every_view_can_be_linked(
    period: Period, metric: str, tabs: dict[str, str], whole_panel: str
) -> None:
    view = View("soq", period, metric, tabs, whole_panel)
    assert read_address(view.address(), "soq") == (view, False)


def test_the_plain_view_has_the_plain_address() -> None:
    view, _ = read_view("soq", {}, NOW, ALMATY)
    assert view.address() == "/sites/soq"


def test_a_tab_keeps_the_rest_and_starts_from_the_top() -> None:
    query = {"period": "7d", "metric": "views", "pages": "events", "all": "pages"}
    view, _ = read_view("soq", query, NOW, ALMATY)
    address = view.address_of_tab("devices", "browsers")
    assert address == "/sites/soq?period=7d&metric=views&pages=events&devices=browsers"


def test_unknown_words_count_as_not_said() -> None:
    query = {"metric": "money", "devices": "pages", "all": "everything", "x": "1"}
    view, was_replaced = read_view("soq", query, NOW, ALMATY)
    assert (view.address(), was_replaced) == ("/sites/soq", False)


def test_a_period_that_cannot_be_shown_is_replaced_and_told() -> None:
    view, was_replaced = read_view("soq", {"from": "soon", "metric": "bots"}, NOW, ALMATY)
    assert was_replaced
    assert (view.period.word, view.metric) == ("28d", "bots")


def test_a_sites_name_cannot_leave_its_place_in_the_address() -> None:
    period = relative_period("28d", NOW, ALMATY)
    assert View("../x?y", period).address() == "/sites/..%2Fx%3Fy"


def test_every_tab_of_a_panel_is_a_list() -> None:
    assert sorted(name for lists in PANELS.values() for name in lists) == sorted(BREAKDOWNS)
