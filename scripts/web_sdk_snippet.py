"""The lines of docs/web-sdk.md that change with every build of the web SDK."""

from __future__ import annotations

from collections.abc import Mapping

from collector.web_sdk import Build, read_builds, write_snippet
from scripts.chromium import ROOT

PAGE = ROOT / "docs" / "web-sdk.md"

BEGIN, END = "<!-- snippet: written by `make docs` -->", "<!-- end of snippet -->"

ORIGIN, KEY = "https://c.soq.example", "sk_b_…"


def fill_page(page: str, builds: Mapping[str, Build]) -> str:
    """Give the page with the snippet of these builds between its marks."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    snippet = write_snippet(builds["sanaq.js"], ORIGIN, KEY)
    sizes = ", ".join(
        f"`{name}` {len(build.bodies['gzip']):,} bytes" for name, build in builds.items()
    )
    text = f"```html\n{snippet}\n```\n\nThis build, compressed with gzip: {sizes}."
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def write_page() -> None:
    """Write the snippet into docs/web-sdk.md; where nothing is built, the page stays as it is."""
    if builds := read_builds():
        PAGE.write_text(fill_page(PAGE.read_text(), builds))
