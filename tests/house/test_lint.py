"""Style, types and import rules, told beside the other tests so that one summary holds all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import ROOT
from tests.house.source import ROOMS

BIN = Path(sys.executable).parent
TYPED = [*(room for room in ROOMS if (ROOT / room).is_dir()), "cli.py", "scripts", "tests"]
TYPED += ["benchmarks"] if list((ROOT / "benchmarks").glob("*.py")) else []

CHECKS = {
    "style": ["ruff", "check", "--quiet", "."],
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "types": ["mypy", "--no-error-summary", *TYPED],
    "imports": ["lint-imports", "--no-logo"],
}
"""What is checked -> the command, as `make lint` runs it."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("what", CHECKS)
def test_lint_finds_nothing(what: str) -> None:
    program, *arguments = CHECKS[what]
    done = subprocess.run(
        [BIN / program, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
