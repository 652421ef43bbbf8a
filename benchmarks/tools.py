"""Programs that benchmarks and slow tests need besides our own: found on PATH, else installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

PACKAGES = {"nginx": "nginx-light", "wrk": "wrk", "firefox-esr": "firefox-esr"}
"""Program -> Debian package that has it."""

INSTALL_SECONDS_MAX = 600

SBIN = "/usr/sbin"
"""Where Debian puts servers; not on everybody's PATH."""


class ToolMissing(Exception):
    """A program is not here and cannot be installed; the message says what to do."""


def find_tool(name: str) -> Path:
    """Give a program of `PACKAGES`; install its Debian package where root may.

    Errors: ToolMissing.
    """
    found = _which(name)
    if found is None and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(PACKAGES[name])
        found = _which(name)
    if found is None:
        raise ToolMissing(f"no {name} here; as root: apt-get install {PACKAGES[name]}")
    return found


def version_of(tool: Path) -> str:
    """Give the first line in which a program tells its version."""
    done = subprocess.run([tool, "-v"], capture_output=True, text=True, timeout=30, check=False)
    return (done.stderr + done.stdout).splitlines()[0].strip()


def _which(name: str) -> Path | None:
    found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{SBIN}")
    return Path(found) if found else None


def _install(package: str) -> None:
    """Install a Debian package ; a failure shows in its absence."""
    environ = os.environ | {"DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}
    for arguments in (["update", "-qq"], ["install", "-qq", "--no-install-recommends", package]):
        subprocess.run(
            ["apt-get", "-y", *arguments],
            env=environ,
            stdout=subprocess.DEVNULL,
            timeout=INSTALL_SECONDS_MAX,
            check=False,
        )
