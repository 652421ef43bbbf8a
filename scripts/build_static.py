"""Copies what the pages need from `node_modules` into `dashboards/static/vendor`.

Run by `make setup` after the node packages are installed. The pages load nothing from anywhere
else (decision 0060), and what they load is what the lock file pins.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "dashboards" / "static" / "vendor"

COPIES = {
    "htmx.org/dist/htmx.min.js": "htmx",
    "htmx.org/LICENSE": "htmx",
    "uplot/dist/uPlot.esm.js": "uplot",
    "uplot/dist/uPlot.min.css": "uplot",
    "uplot/LICENSE": "uplot",
    "@fontsource-variable/inter/wght.css": "inter",
    "@fontsource-variable/inter/files/*-wght-normal.woff2": "inter/files",
    "@fontsource-variable/inter/LICENSE": "inter",
    "country-flag-icons/3x2/*.svg": "flags",
    "country-flag-icons/LICENSE": "flags",
}
"""Files below `node_modules` (a pattern may name several) -> the folder that they go to."""


def build_static(modules: Path = MODULES, vendor: Path = VENDOR) -> str | None:
    """Copy every file anew; return what is wrong, or None where nothing is."""
    found = {pattern: sorted(modules.glob(pattern)) for pattern in COPIES}
    missing = [pattern for pattern, files in found.items() if not files]
    if missing:
        return f"node_modules lacks {', '.join(missing)}: run `make setup`."
    fresh = vendor.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for pattern, folder in COPIES.items():
        (fresh / folder).mkdir(parents=True, exist_ok=True)
        for file in found[pattern]:
            shutil.copyfile(file, fresh / folder / file.name)
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)
    return None


if __name__ == "__main__":
    sys.exit(build_static())
