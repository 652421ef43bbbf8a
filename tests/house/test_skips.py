"""A test that cannot run fails, and one that lacks the shared data is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.helpers import ROOT

TESTS = """
import pytest

@pytest.mark.needs_shared
def test_of_shared_data(): pass

@pytest.mark.skip(reason="no browser here")
def test_of_a_browser(): pass

@pytest.mark.xfail(reason="known")
def test_of_a_known_fault(): assert False
"""


def run(folder: Path, text: str, **environ: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_trial.py").write_text(text)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "tests.conftest",
        "-c",
        ROOT / "pyproject.toml",
    ]
    return subprocess.run(
        [*map(str, command), f"--rootdir={folder}", "-p", "no:cacheprovider", str(folder)],
        cwd=ROOT,
        env=os.environ | {"SANAQ_TEST_SHARED": str(folder / "absent")} | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_skips_fail_but_for_absent_data(tmp_path: Path) -> None:
    done = run(tmp_path, TESTS)
    assert done.returncode == 1
    assert "1 skipped, 1 xfailed, 1 error" in done.stdout
    assert "not run: test_trial.py::test_of_shared_data" in done.stdout
    assert "no browser here" in done.stdout


def test_shared_data_that_is_there_is_used(tmp_path: Path) -> None:
    done = run(tmp_path, TESTS, SANAQ_TEST_SHARED=str(tmp_path))
    assert "1 passed, 1 xfailed, 1 error" in done.stdout
    assert "not run:" not in done.stdout


def test_a_module_that_skips_itself_fails(tmp_path: Path) -> None:
    done = run(tmp_path, "import pytest\npytest.importorskip('absent_module')\n")
    assert done.returncode != 0
    assert "a part that cannot run fails" in done.stdout
