"""The overview in a real browser: reading it, moving about in it, and what it teaches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page

from tests.dashboards.browsing import NARROW, WIDE, Visitor, read_figures, wait_for_chart
from tests.dashboards.samples import FIRST, LAST, make_rows
from tests.dashboards.worlds import subject

CONTRAST_MIN = 4.5
"""WCAG 2.2 AA, for text of any size."""

CONTRASTS = """() => {
  const parse = (text) => {
    const probe = new OffscreenCanvas(1, 1).getContext("2d");
    probe.fillStyle = text;
    probe.fillRect(0, 0, 1, 1);
    return [...probe.getImageData(0, 0, 1, 1).data];
  };
  const light = (text) => {
    const [r, g, b] = parse(text).slice(0, 3).map((part) => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (parse(colour)[3] === 255) return colour;
    }
    return "white";
  };
  const found = {};
  for (const element of document.querySelectorAll("main *, header *")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    if (!own || !element.checkVisibility()) continue;
    const pair = [getComputedStyle(element).color, ground(element)];
    const [low, high] = pair.map(light).sort((a, b) => a - b);
    found[pair.join(" on ")] = (high + 0.05) / (low + 0.05);
  }
  return found;
}"""
"""Contrast of each pair of colours in which visible text is written."""


@pytest.fixture(scope="module")
def site(visitor: Visitor) -> str:
    """A site with a week of events."""
    name = visitor.world.add_site("pages")
    visitor.world.insert(name, make_rows())
    return name


def week(site: str) -> str:
    return f"/sites/{site}?from={FIRST}&to={LAST}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_a_page_fits_and_its_chart_is_drawn(
    visitor: Visitor, site: str, scheme: str, size: dict[str, int]
) -> None:
    with visitor.open(week(site), color_scheme=scheme, viewport=size) as page:
        wait_for_chart(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
        colours = page.evaluate(
            """() => { const canvas = document.querySelector("#chart canvas");
            const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            return new Set(new Uint32Array(data.data.buffer)).size; }"""
        )
        assert colours > 20


def test_a_running_period_fits_a_phone_too(visitor: Visitor) -> None:
    site = visitor.world.add_site("phone")
    visitor.world.insert(site, [{"occurred_at": datetime.now(UTC)}])
    with visitor.open(f"/sites/{site}", viewport=NARROW) as page:
        wait_for_chart(page)
        assert "up to the same time" in (page.locator(".heading").text_content() or "")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(visitor: Visitor, site: str, scheme: str) -> None:
    with visitor.open(week(site), color_scheme=scheme) as page:
        wait_for_chart(page)
        pairs = page.evaluate(CONTRASTS)
        assert len(pairs) > 4
        assert {pair: c for pair, c in pairs.items() if c < CONTRAST_MIN} == {}


def test_every_figure_has_its_definition_one_click_away(visitor: Visitor, site: str) -> None:
    with visitor.open(week(site)) as page:
        buttons = page.locator(".why").all()
        assert len(buttons) == 8
        for button in buttons:
            button.click()
            meaning = page.locator(f"#{button.get_attribute('popovertarget')}")
            assert meaning.is_visible()
            assert "FROM sanaq.events" in (meaning.locator("pre").text_content() or "")
            page.keyboard.press("Escape")
            assert not meaning.is_visible()


def test_the_keyboard_reaches_and_reads_the_chart(visitor: Visitor, site: str) -> None:
    with visitor.open(week(site)) as page:
        wait_for_chart(page)
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the figures"
        for _ in range(40):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.id") == "chart":
                break
        page.keyboard.press("ArrowLeft")
        points = page.locator("#chart-table tbody tr")
        last = points.last.locator("th, td").all_text_contents()
        said = page.locator("#chart-said")
        assert said.text_content() == f"{last[0]}: {last[1]}; {last[2]}: {last[3]}"
        page.keyboard.press("ArrowLeft")
        assert (said.text_content() or "").startswith("Fri 13 Mar: ")


def test_the_keyboard_stays_where_it_was_when_a_view_changes(visitor: Visitor, site: str) -> None:
    with visitor.open(week(site)) as page:
        wait_for_chart(page)
        page.focus("#metric-views")
        page.keyboard.press("Enter")
        page.wait_for_selector("#metric-views[aria-current]")
        assert page.evaluate("document.activeElement.id") == "metric-views"


def test_every_choice_is_in_the_address_and_can_be_taken_back(visitor: Visitor, site: str) -> None:
    with visitor.open(week(site)) as page:
        wait_for_chart(page)
        page.evaluate("window.isSamePage = true")
        steps = [("#metric-views", "metric=views"), ("#tab-browsers", "devices=browsers")]
        steps += [("#all-pages", "all=pages"), ("#period-earlier", "from=2026-03-01")]
        for selector, part in steps:
            before = page.url
            page.click(selector)
            page.wait_for_url(lambda url, part=part: part in url)  # type: ignore[misc]
            assert page.url != before
        assert "metric=views" in page.url and "devices=browsers" in page.url
        shown = page.locator("#overview").text_content()
        page.wait_for_selector('[data-list="browsers"]')
        assert page.evaluate("window.isSamePage") is True
        page.reload()
        assert _without_time(page.locator("#overview").text_content()) == _without_time(shown)
        for _ in steps:
            page.go_back()
        page.wait_for_selector('[data-list="devices"]')
        assert page.url.endswith(week(site))


def _without_time(text: str | None) -> str:
    return (text or "").partition("Read at")[0]


def test_dates_are_chosen_in_a_form(visitor: Visitor, site: str) -> None:
    with visitor.open(week(site) + "&metric=views") as page:
        wait_for_chart(page)
        page.click("text=Dates")
        page.fill("input[name=from]", "2026-03-09")
        page.fill("input[name=to]", "2026-03-10")
        page.click("#dates button")
        page.wait_for_url(lambda url: "from=2026-03-09&to=2026-03-10" in url)
        assert "metric=views" in page.url
        page.wait_for_selector("text=9–10 Mar 2026")


def test_colours_change_by_a_button_and_stay(visitor: Visitor, site: str) -> None:
    with visitor.open(week(site), color_scheme="light") as page:
        wait_for_chart(page)
        light = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.click("#theme")
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert dark != light
        page.reload()
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == dark
        page.click("#theme")
        page.reload()
        assert page.evaluate("document.documentElement.dataset.theme") is None


def test_the_first_event_appears_by_itself(visitor: Visitor) -> None:
    site = visitor.world.add_site("first")
    with visitor.open(f"/sites/{site}") as page:
        assert f"--site {site}" in page.content()
        assert f"http://{visitor.world.settings.collector}/v1/events" in page.content()
        now = datetime.now(UTC)
        visitor.world.insert(site, [{"occurred_at": now, "subject_id": subject(1)}])
        page.wait_for_selector("[data-figure=visitors]")
        assert read_figures(page)["visitors"] == "1"
        wait_for_chart(page)


def test_waiting_leaves_what_is_marked_alone(visitor: Visitor) -> None:
    site = visitor.world.add_site("waiting")
    with visitor.open(f"/sites/{site}") as page:
        page.evaluate("document.querySelector('#waiting').isSame = true")
        with page.expect_response(lambda answer: answer.request.resource_type == "fetch") as asked:
            pass
        assert asked.value.status == 204
        assert page.evaluate("document.querySelector('#waiting').isSame") is True


def test_a_command_is_copied_by_a_button(visitor: Visitor) -> None:
    site = visitor.world.add_site("copied")
    permissions = ["clipboard-read", "clipboard-write"]
    with visitor.open(f"/sites/{site}", permissions=permissions) as page:
        page.locator(".copy").first.click()
        page.wait_for_selector("text=Copied")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == f"KEY=$(sanaq key create --site {site} --kind server)"


def test_an_empty_period_leads_to_where_events_are(visitor: Visitor, site: str) -> None:
    with visitor.open(f"/sites/{site}?from=2020-01-01&to=2020-01-07") as page:
        page.click("#show-latest")
        page.wait_for_selector("[data-figure=visitors]")
        assert int(read_figures(page)["visitors"]) > 50


def test_today_is_compared_with_as_much_of_yesterday(visitor: Visitor) -> None:
    now = datetime.now(UTC)
    # A zone in which it is noon: no moment below then lies on another day than it says.
    site = visitor.world.add_site("today", f"Etc/GMT{now.hour - 12:+}")
    ages = [timedelta(), timedelta(days=1), timedelta(days=1), timedelta(days=1, minutes=-30)]
    visitor.world.insert(site, [{"occurred_at": now - age} for age in ages])
    with visitor.open(f"/sites/{site}?period=today&metric=views") as page:
        assert read_figures(page)["views"] == "1"
        assert page.locator("[data-before=views]:is(span)").text_content() == "2"
        assert page.locator("tr[data-running]").count() == 1


def test_without_scripts_the_page_says_the_same(visitor: Visitor, site: str) -> None:
    with visitor.open(week(site)) as page:
        figures = read_figures(page)
    with visitor.open(week(site), java_script_enabled=False) as page:
        texts = page.locator("[data-figure]").all_text_contents()
        assert texts == list(figures.values())
        page.locator(".as-table summary").click()
        assert page.locator("#chart-table").is_visible()
        page.click("#tab-browsers")
        assert _names_of_tabs(page) == ["Sources", "Pages", "Countries", "Browsers"]


def _names_of_tabs(page: Page) -> list[str]:
    return page.locator(".tab[aria-current]").all_text_contents()
