"""Stops set-up with one clear sentence where Python is too old or cannot make a venv."""

from __future__ import annotations

import importlib.util
import sys

OLDEST = (3, 11)


def check_python() -> str | None:
    """Return what is wrong with this Python, or None where nothing is."""
    if sys.version_info[:2] < OLDEST:
        return "Python 3.11 or newer is needed: install python3.11 and run again."
    if importlib.util.find_spec("ensurepip") is None:
        return "Python lacks ensurepip: install python3.11-venv (Debian) and run again."
    return None


if __name__ == "__main__":
    sys.exit(check_python())
