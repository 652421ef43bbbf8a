"""Copies of the shipped configuration that a test may spoil."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.helpers import ROOT

SHIPPED = ROOT / "config"
"""The configuration that comes with the product."""


def copy_config(target: Path) -> Path:
    """Copy all data files of the shipped configuration; give the new folder."""
    shutil.copytree(SHIPPED, target, ignore=shutil.ignore_patterns("*.py", "*.pyc", "__pycache__"))
    return target


def change(folder: Path, file: str, old: str, new: str) -> int:
    """Replace one text in a file; give the line, from 1, on which it stood."""
    text = (folder / file).read_text("utf-8")
    assert text.count(old) >= 1
    (folder / file).write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1
