"""A crash leaves no core file, whatever the limits of the shell that started the process."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers import ROOT

CRASH = """
import ctypes, os, signal, sys
{before}
secret = "planted-" + "in-memory"
signal.signal(signal.{name}, signal.SIG_DFL)
os.kill(os.getpid(), signal.{name})
"""

FORBID = "from commands._core_files import forbid_core_files; forbid_core_files()"


@contextmanager
def cores_allowed() -> Iterator[None]:
    """Let processes that are started meanwhile leave core files of any size."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def crash(folder: Path, before: str, name: str) -> int:
    """Crash a process that is started in a folder; give its exit status."""
    with cores_allowed():
        return subprocess.run(
            [sys.executable, "-c", CRASH.format(before=before, name=name)],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=False,
            timeout=60,
        ).returncode


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGQUIT", "SIGBUS"])
def test_a_crash_leaves_no_core_file(tmp_path: Path, name: str) -> None:
    assert crash(tmp_path, FORBID, name) == -getattr(signal, name)
    assert list(tmp_path.iterdir()) == []


def test_no_command_of_sanaq_may_leave_one(tmp_path: Path) -> None:
    seen = tmp_path / "seen.py"
    seen.write_text(
        "import ctypes, resource, cli\n"
        "cli.sanaq.main = lambda **_: print(\n"
        "    resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))\n"
        "cli.main()\n"
    )
    with cores_allowed():
        done = subprocess.run(
            [sys.executable, str(seen)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            check=True,
            timeout=60,
            capture_output=True,
            text=True,
        )
    assert done.stdout == "(0, 0) 0\n"
