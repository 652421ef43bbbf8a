"""The browser that other tests drive is there and runs scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.chromium import BrowserMissing, find_chromium
from tests.browser import open_page


def test_the_browser_runs_scripts_and_speaks_kazakh() -> None:
    with open_page(locale="kk-KZ", color_scheme="dark") as page:
        page.set_content("<p>Қазақша</p>")
        assert page.evaluate("document.querySelector('p').textContent") == "Қазақша"
        assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is True


def test_a_browser_named_by_hand_comes_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    named = tmp_path / "my-chromium"
    monkeypatch.setenv("SANAQ_TEST_CHROMIUM", str(named))
    with pytest.raises(BrowserMissing):
        find_chromium()
    named.write_text("#!/bin/sh\n")
    named.chmod(0o755)
    assert find_chromium() == named
