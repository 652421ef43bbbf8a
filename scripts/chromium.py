"""Finds the browser of the tests: `SANAQ_TEST_CHROMIUM`, else on PATH, else set-up's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from playwright.sync_api import Browser, Playwright

ROOT = Path(__file__).resolve().parent.parent

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chromium-headless-shell",
    "chrome-headless-shell",
)
"""What Debian and others call it, best first."""

UNPACKED = ROOT / "node_modules" / ".chromium" / "run-chromium"
"""The launcher that `scripts.setup_chromium` writes beside the browser it unpacked."""

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--disable-features=OptimizationHints,MediaRouter,Translate",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
    "--metrics-recording-only",
    "--font-render-hinting=none",
)
"""Arguments of every launch."""


class BrowserMissing(Exception):
    """No Chromium is here; `make setup` gets one or says what to install."""


def find_chromium() -> Path:
    """Return an executable Chromium, or raise `BrowserMissing`."""
    named = os.environ.get("SANAQ_TEST_CHROMIUM")
    found = Path(named) if named else find_on_path() or UNPACKED
    if not os.access(found, os.X_OK):
        raise BrowserMissing("no Chromium: run `make setup`, or name one in SANAQ_TEST_CHROMIUM")
    return found


def find_on_path() -> Path | None:
    """Return the machine's own Chromium, or None."""
    paths = (shutil.which(name) for name in NAMES)
    return next((Path(path) for path in paths if path), None)


def launch(playwright: Playwright, browser: Path, more: Sequence[str] = ()) -> Browser:
    """Start a browser headless; it runs as root, without a display, and talks to nobody.

    `more` are further arguments.
    """
    return playwright.chromium.launch(
        executable_path=browser, args=[*ARGUMENTS, *more], headless=True, timeout=60_000
    )
