"""Small things that tests of several rooms share."""

from __future__ import annotations

import os
import socket
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout."""

SHARED = Path(os.environ.get("SANAQ_TEST_SHARED", ROOT.parent / "shared"))
"""Captured requests and data sets, beside the checkout where they exist."""


def free_port() -> int:
    """Return a loopback port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number
