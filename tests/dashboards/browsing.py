"""Real pages in a real browser, signed in, that complain about whatever a browser complains of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, Page

from tests.dashboards.worlds import World

WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 360, "height": 780}


@dataclass(frozen=True)
class Visitor:
    """An analyst at a browser."""

    world: World
    browser: Browser
    session: str

    @contextmanager
    def open(self, path: str, **context: Any) -> Iterator[Page]:
        """Open a page; afterwards, fail for everything that the console was told.

        What the content policy forbids, scripts that fail and files that are missing land there.
        """
        complaints: list[str] = []
        wanted = {"viewport": WIDE, "reduced_motion": "reduce", **context}
        opened = self.browser.new_context(**wanted)
        try:
            opened.add_cookies(
                [{"name": "sanaq_session", "value": self.session, "url": self.world.address}]
            )
            opened.set_default_timeout(15_000)
            page = opened.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", lambda request: _check_origin(request.url, self.world, complaints))
            page.goto(self.world.address + path)
            yield page
        finally:
            opened.close()
        assert not complaints


def _check_origin(url: str, world: World, complaints: list[str]) -> None:
    """Note a request that leaves the installation."""
    if not url.startswith((f"{world.address}/", "data:")):
        complaints.append(f"asked elsewhere: {url}")


def wait_for_chart(page: Page) -> None:
    """Wait until the chart is drawn."""
    page.wait_for_selector("#chart canvas")


def read_figures(page: Page) -> dict[str, str]:
    """The figures above and below the chart, by name."""
    texts = page.eval_on_selector_all(
        "[data-figure]", "all => all.map(one => [one.dataset.figure, one.textContent])"
    )
    return dict(texts)


def read_before(page: Page) -> dict[str, str]:
    """The figures of the previous period, by name."""
    texts = page.eval_on_selector_all(
        "[data-before]:is(span)", "all => all.map(one => [one.dataset.before, one.textContent])"
    )
    return dict(texts)


def read_points(page: Page) -> list[list[str]]:
    """The chart's table: label, figure, label before, figure before, of each point."""
    rows: list[list[str]] = page.eval_on_selector_all(
        "#chart-table tbody tr", "all => all.map(row => [...row.cells].map(c => c.textContent))"
    )
    return rows


def read_list(page: Page, name: str) -> list[list[str]]:
    """A list's rows, largest first, the row of small groups last: name, counts, visitors."""
    rows: list[list[str]] = page.eval_on_selector_all(
        f'[data-list="{name}"] tbody tr',
        """all => all.map(row => [
            row.dataset.row ?? "Other",
            row.querySelector("[data-counts]")?.textContent ?? "",
            row.querySelector("[data-visitors]").textContent,
        ])""",
    )
    return rows
