"""A real browser for tests: `with open_page(...) as page`, one launch line for everybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, sync_playwright

from scripts.chromium import find_chromium, launch


@contextmanager
def open_page(*, arguments: Sequence[str] = (), **context: Any) -> Iterator[Page]:
    """Yield a page of a fresh browser; `context` is what `Browser.new_context` takes.

    `arguments` are further ones of the browser's command line.

    Example: `open_page(color_scheme="dark", viewport={"width": 390, "height": 844})`.
    """
    with sync_playwright() as playwright:
        browser = launch(playwright, find_chromium(), arguments)
        try:
            yield browser.new_context(**context).new_page()
        finally:
            browser.close()
