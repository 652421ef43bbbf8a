"""Consent strings of the golden files, and what a reader makes of a text."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from collector.consent.bit_reader import Unreadable
from collector.consent.iab import ReadText
from config.policy import Policy
from config.policy_file import load_policy
from tests.helpers import ROOT

GOLDEN = ROOT / "tests" / "golden" / "consent"

POLICY: Policy = load_policy(ROOT / "config")


def cases(name: str) -> list[dict[str, Any]]:
    """Give the cases of one golden file."""
    found: list[dict[str, Any]] = json.loads((GOLDEN / name).read_text())["cases"]
    return found


def names_of(bits: int, policy: Policy = POLICY) -> list[str]:
    """Give the purposes of a set, in the policy's order."""
    return [name for place, name in enumerate(policy.purposes) if bits >> place & 1]


def says(read: ReadText, text: str, policy: Policy = POLICY) -> dict[str, list[str]] | None:
    """Give what a text grants and refuses by name, None where it cannot be read."""
    try:
        said = read(text, policy, "soq")
    except Unreadable:
        return None
    return {"granted": names_of(said.granted, policy), "refused": names_of(said.refused, policy)}


def with_tcf(tmp_path: Path, lines: str) -> Policy:
    """Give the shipped policy with other lines under `[signals.tcf]`."""
    text = (ROOT / "config" / "policy.toml").read_text()
    table = re.compile(r"\[signals\.tcf\].*?\n\n", re.DOTALL)
    text, changes = table.subn(f"[signals.tcf]\n{lines}\n\n", text)
    assert changes == 1
    (tmp_path / "policy.toml").write_text(text)
    return load_policy(tmp_path)


def cuts(text: str) -> list[int]:
    """Give the lengths at which a cut takes more of a segment than padding.

    A string that is cut between two segments is a whole string of its own: no reader can tell.
    """
    return [n for n in range(len(text)) if re.split(r"[.~]", text[n:])[0].strip("A")]
