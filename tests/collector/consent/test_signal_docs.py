"""docs/consent-signals.md tells of every source, cookie and category that is read."""

from __future__ import annotations

import re
from pathlib import Path

from collector.consent.banner_cookies import BANNERS
from collector.consent.categories import DEFAULTS
from tests.collector.worlds import POLICY

TEXT = (Path(__file__).parents[3] / "docs" / "consent-signals.md").read_text()


def test_every_category_stands_in_the_table_with_what_it_speaks_of() -> None:
    section = TEXT.partition("## Categories")[2].partition("\n## ")[0]
    told: dict[str, tuple[str, ...]] = {}
    for line in section.splitlines():
        if line.startswith("| `"):
            _, categories, purposes, _ = line.split("|")
            spoken = tuple(one for one in POLICY.purposes if one in re.findall(r"\w+", purposes))
            told |= dict.fromkeys(
                [one.lower() for one in re.findall("`(.+?)`", categories)], spoken
            )
    assert told == {name: tuple(purposes) for name, purposes in DEFAULTS.items()}


def test_every_source_and_cookie_is_told() -> None:
    assert [name for name in POLICY.signals if f"`{name}`" not in TEXT and name != "record"] == []
    told = [banner for banner in BANNERS if f"| `{banner.source}` | `" in TEXT]
    assert told == list(BANNERS)
