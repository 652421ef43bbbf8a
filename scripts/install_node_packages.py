"""Installs exactly the locked packages into node_modules, the browser's only where it is needed."""

from __future__ import annotations

from scripts.chromium import find_on_path
from scripts.node import run_npm


def install_node_packages() -> None:
    """Fill node_modules from the lock; a machine with its own Chromium fetches no second one."""
    wanted = "--omit=optional" if find_on_path() else "--include=optional"
    run_npm("ci", "--loglevel=error", wanted)


if __name__ == "__main__":
    install_node_packages()
