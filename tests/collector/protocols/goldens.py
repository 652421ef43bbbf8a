"""What each captured request becomes, kept beside the code.

Written anew by hand (`python -m tests.collector.protocols.goldens [NAME …]`) when an adapter is
meant to change, and read in the difference.
"""

from __future__ import annotations

import json
import sys

from tests.collector.protocols.captures import FOLDER, read_captures, show
from tests.helpers import ROOT

GOLDEN = ROOT / "tests" / "golden" / "protocols"


def render(name: str) -> str:
    """Give what the requests of one file of captures become, as text."""
    shown = [show(captured) for captured in read_captures(name)]
    return json.dumps(shown, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def write_goldens(names: list[str]) -> None:
    """Write the files of some captures; of all that are there already where none is named."""
    for name in names or sorted(file.stem for file in GOLDEN.glob("*.json")):
        (GOLDEN / f"{name}.json").write_text(render(name), "utf-8")


if __name__ == "__main__":
    unknown = [name for name in sys.argv[1:] if not (FOLDER / f"{name}.jsonl").is_file()]
    if unknown:
        sys.exit(f"no such captures: {', '.join(unknown)}")
    write_goldens(sys.argv[1:])
