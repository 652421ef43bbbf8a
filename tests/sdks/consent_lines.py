"""The lines for consent as the documentation gives them: what is run is what is written.

A fenced block whose first line is "```js consent mixpanel-node record" holds the lines of a *leg*
(`property`, `record` or `cookie`) for an SDK, which is called as its row of docs/sdks.md begins.
A block may serve several SDKs, or all of a platform (`python`, `node`, `browser`).
"""

from __future__ import annotations

import re

from tests.helpers import ROOT

LEGS = ("property", "record", "cookie")

PLATFORMS = ("python", "node", "browser")

_BLOCK = re.compile(r"^```(?:js|python) consent ([^\n]+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)

_ROW = re.compile(r"^\| ([^|`]+) \| `[^`]+` ?[^|]*\| \[[^|]+\]\([^)]+\) \| `\w+\.py`", re.MULTILINE)

_LEGS = re.compile(r"^\| (?!SDK |-)([^|`]+) \| ([^|`]+) \| ([^|`]+) \| ([^|`]+) \|$", re.MULTILINE)


def read_blocks() -> dict[tuple[str, str], str]:
    """Give the lines by SDK or platform, and leg; each stands in one place."""
    blocks: dict[tuple[str, str], str] = {}
    for page in (ROOT / "docs" / "sdks.md", *sorted((ROOT / "docs" / "sdks").glob("*.md"))):
        for head, lines in _BLOCK.findall(page.read_text("utf-8")):
            *names, leg = head.split()
            assert names and leg in LEGS, head
            for name in names:
                assert (name, leg) not in blocks, (name, leg)
                blocks[name, leg] = lines
    return blocks


def read_sdks() -> list[str]:
    """Give the SDKs of the table: `Mixpanel, Node` as `mixpanel-node`."""
    return [_slug(row) for row in _ROW.findall((ROOT / "docs" / "sdks.md").read_text("utf-8"))]


def read_legs() -> dict[str, dict[str, str]]:
    """Give of each SDK what the table of legs says of each: `run`, or why it is not."""
    text = (ROOT / "docs" / "sdks.md").read_text("utf-8")
    rows = _LEGS.findall(text.partition("## Consent for SDKs")[2].partition("\n## ")[0])
    return {_slug(sdk): dict(zip(LEGS, told, strict=True)) for sdk, *told in rows}


def _slug(name: str) -> str:
    """Give the name of an SDK as blocks and sites call it."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower().strip())


def platform_of(sdk: str) -> str:
    """Give the platform that an SDK runs on."""
    return next(one for one in PLATFORMS if one in sdk.split("-"))


def lines_of(sdk: str, leg: str) -> str:
    """Give the lines of a leg: the SDK's own, or else those of its platform; '' for none."""
    blocks = read_blocks()
    return blocks.get((sdk, leg)) or blocks.get((platform_of(sdk), leg), "")


def read_runs() -> list[tuple[str, str]]:
    """Give what the table of legs says is run: SDK and leg."""
    return [
        (sdk, leg) for sdk, cells in read_legs().items() for leg in cells if cells[leg] == "run"
    ]
