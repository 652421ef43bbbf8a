"""Two other scrubbers over the same lines, each in an environment of its own with its own pins."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.pii.corpus import Line
from benchmarks.pii.scoring import Span, align

FOLDER = Path(__file__).parent
SECONDS_MAX = 1_800
"""Longer than this no peer may take, installing included."""

RELAY_MARK = re.compile(r"\[[A-Za-z]{1,20}\]")


def prepare(folder: Path) -> Path:
    """Make the peers' environment where it is missing; give its Python.

    Errors: `subprocess.CalledProcessError` where a package cannot be installed.
    """
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True, timeout=SECONDS_MAX)
    pins = FOLDER / "peers.txt"
    command = [str(python), "-m", "pip", "install", "--quiet", "--requirement", str(pins)]
    subprocess.run(command, check=True, timeout=SECONDS_MAX)
    return python


def find_by_relay(python: Path, lines: Sequence[Line]) -> list[list[Span]]:
    """Give the spans that Sentry Relay's rules take out of each line."""
    texts = _ask(python, "peer_relay.py", lines)
    pairs = zip(lines, texts, strict=True)
    return [align(line.text, str(text), RELAY_MARK) for line, text in pairs]


def find_by_presidio(python: Path, lines: Sequence[Line]) -> list[list[Span]]:
    """Give the spans that Presidio's recognisers find in each line."""
    found = _ask(python, "peer_presidio.py", lines)
    return [[(int(start), int(end)) for start, end in spans] for spans in found]


def _ask(python: Path, program: str, lines: Sequence[Line]) -> list[Any]:
    """Hand a program all lines; give its answers.

    `-P` keeps the program's folder off the import path, where `numbers` would hide Python's own.
    """
    asked = "\n".join(json.dumps([line.key, line.text]) for line in lines)
    done = subprocess.run(
        [python, "-P", FOLDER / program],
        input=asked, stdout=subprocess.PIPE, text=True, check=True, timeout=SECONDS_MAX,
    )  # fmt: skip
    return [json.loads(answer) for answer in done.stdout.splitlines()]
