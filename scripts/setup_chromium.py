"""Gets a working Chromium for the tests, or says exactly what to install and fails.

Order: one that is named or on PATH; else the one that the npm package `@sparticuz/chromium`
carries (Linux on x86-64), unpacked under node_modules with the libraries and fonts it brings.
Why not the download that the browser driver offers: it comes from a host of its own, outside
the pinned package files (docs/decisions/0002-pins-and-browsers.md).
"""

from __future__ import annotations

import io
import os
import platform
import shutil
import subprocess
import tarfile
from pathlib import Path

import brotli
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from scripts.chromium import ROOT, UNPACKED, BrowserMissing, find_chromium, launch
from scripts.install_node_packages import install_node_packages

PACKED = ROOT / "node_modules" / "@sparticuz" / "chromium" / "bin"
LIBRARIES = {
    "libnspr4.so": "libnspr4",
    "libplc4.so": "libnspr4",
    "libplds4.so": "libnspr4",
    "libnss3.so": "libnss3",
    "libnssutil3.so": "libnss3",
    "libexpat.so.1": "libexpat1",
    "libgcc_s.so.1": "libgcc-s1",
    "libsqlite3.so.0": "libsqlite3-0",
}
"""Shared library of the browser -> Debian package that has it."""

LAUNCHER = """#!/bin/sh
# Starts the unpacked browser with the libraries and fonts that came with it.
here=$(dirname "$(readlink -f "$0")")
export LD_LIBRARY_PATH="$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export FONTCONFIG_FILE="$here/fonts.conf"
exec "$here/chromium" "$@"
"""

FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>/usr/local/share/fonts</dir>
  <dir>{folder}/fonts</dir>
  <cachedir>{folder}/font-cache</cachedir>
</fontconfig>
"""

BY_HAND = "Install it (Debian: apt-get install chromium), or name one in SANAQ_TEST_CHROMIUM."


def setup_chromium() -> Path:
    """Return a Chromium that has just drawn a page here."""
    try:
        browser = find_chromium()
    except BrowserMissing:
        unpack_chromium()
        browser = find_chromium()
    missing = find_missing_libraries(browser)
    if missing:
        install_libraries(missing)
        browser = find_chromium()
    check_chromium(browser)
    return browser


def unpack_chromium() -> None:
    """Unpack the browser, its libraries and fonts side by side, then write the launcher."""
    if platform.system() != "Linux" or platform.machine() != "x86_64":
        raise SystemExit(f"No Chromium is packaged for this kind of machine. {BY_HAND}")
    if not PACKED.is_dir():
        install_node_packages()
    folder = UNPACKED.parent
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("al2023", "fonts", "swiftshader"):
        packed = brotli.decompress((PACKED / f"{name}.tar.br").read_bytes())
        with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
            archive.extractall(folder, filter="data")
    (folder / "chromium").write_bytes(brotli.decompress((PACKED / "chromium.br").read_bytes()))
    (folder / "chromium").chmod(0o755)
    (folder / "fonts.conf").write_text(FONTS.format(folder=folder))
    # The launcher comes last: whoever finds it finds everything else.
    UNPACKED.write_text(LAUNCHER)
    UNPACKED.chmod(0o755)


def find_missing_libraries(browser: Path) -> list[str]:
    """Return the shared libraries that the unpacked browser would not find, in a fixed order."""
    if browser != UNPACKED:
        return []
    folder = UNPACKED.parent
    environ = os.environ | {"LD_LIBRARY_PATH": str(folder / "lib")}
    files = [folder / "chromium", folder / "lib" / "libsoftokn3.so"]
    listed = subprocess.run(
        ["ldd", *files], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    lines = [line.split() for line in listed.stdout.splitlines() if "not found" in line]
    return sorted({line[0].rstrip(":") for line in lines})


def install_libraries(missing: list[str]) -> None:
    """Install Debian's packages of the missing libraries where root is there, else say which."""
    # A library that no small package has (a C library too old) needs the distribution's browser.
    packages = sorted({LIBRARIES.get(name, "chromium") for name in missing})
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise SystemExit(
            f"Chromium lacks {', '.join(missing)}: run as root `{' '.join(command)}`, then again."
        )
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "--quiet"], env=quiet, check=True)
    subprocess.run(command, env=quiet, check=True)


def check_chromium(browser: Path) -> None:
    """Draw one page with the browser; stop set-up where that fails."""
    try:
        with sync_playwright() as playwright:
            running = launch(playwright, browser)
            drawn = running.new_page().evaluate("6 * 7")
            running.close()
    except PlaywrightError as error:
        raise SystemExit(f"Chromium at {browser} does not run. {BY_HAND}\n{error}") from None
    if drawn != 42:
        raise SystemExit(f"Chromium at {browser} draws no page. {BY_HAND}")


if __name__ == "__main__":
    print(f"Browser of the tests: {setup_chromium()}")
