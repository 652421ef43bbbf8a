"""Writes docs/reference.md, docs/protocols.md and what is generated of other pages from the code.

So no setting, reason or command goes untold, and no rule of consent is told otherwise than it is.

Run by `make docs`; a house test fails where the file differs from what this would write, and
where something lacks its sentence.
"""

from __future__ import annotations

from scripts import (
    protocol_tables,
    reference_code,
    reference_commands,
    reference_tables,
    reference_vocabulary,
    web_sdk_snippet,
)
from scripts.chromium import ROOT
from scripts.truth_table import write_page

REFERENCE = ROOT / "docs" / "reference.md"

HEAD = """# Reference

Everything that has a name an operator may meet. Written by `make docs` from the code itself:
change the code, not this file.
"""

SECTIONS = {
    "Environment": reference_code.describe_environment,
    "Limits": reference_code.describe_limits,
    "Purposes": reference_vocabulary.describe_purposes,
    "Sources of consent": reference_vocabulary.describe_sources,
    "Event types": reference_vocabulary.describe_events,
    "PII rules": reference_vocabulary.describe_rules,
    "Reasons of events": reference_code.describe_reasons,
    "Faults of requests": reference_code.describe_faults,
    "Log lines": reference_code.describe_logs,
    "Tables of the warehouse": reference_tables.describe_tables,
    "Commands": reference_commands.describe_commands,
}
"""Title -> what gives the section's text, in the order of the page."""


def build_reference() -> str:
    """Return the whole page."""
    parts = [f"## {title}\n\n{describe().strip()}\n" for title, describe in SECTIONS.items()]
    return "\n".join([HEAD, *parts])


if __name__ == "__main__":
    REFERENCE.write_text(build_reference())
    write_page()
    protocol_tables.PAGE.write_text(protocol_tables.build_protocols())
    web_sdk_snippet.write_page()
