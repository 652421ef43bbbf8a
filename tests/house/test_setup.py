"""Set-up takes what the machine has, fetches what it lacks, and says what it cannot fetch."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import pytest

from scripts import node, setup_chromium
from scripts.check_python import check_python


def make_program(folder: Path, name: str, script: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_missing_libraries_are_told_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SystemExit) as told:
        setup_chromium.install_libraries(["libnss3.so", "libnssutil3.so", "libnspr4.so"])
    command = "`apt-get install --yes --no-install-recommends libnspr4 libnss3`"
    assert f"run as root {command}" in str(told.value)


def test_missing_libraries_are_installed_where_root_is_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    make_program(tmp_path, "apt-get", f'echo "$@" >> {tmp_path}/asked')
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    setup_chromium.install_libraries(["libexpat.so.1", "libof-nobody.so"])
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked == ["update --quiet", "install --yes --no-install-recommends chromium libexpat1"]


def test_a_browser_that_does_not_start_stops_set_up(tmp_path: Path) -> None:
    broken = make_program(tmp_path, "chromium", "exit 1")
    with pytest.raises(SystemExit, match="does not run"):
        setup_chromium.check_chromium(broken)


def test_an_unknown_kind_of_machine_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(SystemExit, match="SANAQ_TEST_CHROMIUM"):
        setup_chromium.unpack_chromium()


@pytest.mark.parametrize(("said", "major"), [("v24.1.0", 24), ("v8.0.0", 8), ("what?", 0)])
def test_the_version_of_node_is_read(tmp_path: Path, said: str, major: int) -> None:
    assert node.read_major(make_program(tmp_path, "node", f"echo '{said}'")) == major


def test_an_old_node_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    old = make_program(tmp_path, "node", "echo v12.22.0")
    make_program(tmp_path, "npm", "exit 0")
    wheel = make_program(tmp_path, "node-of-the-wheel", "echo v24.19.0")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(node, "find_wheel_node", lambda: wheel)
    assert node.find_node() == wheel
    old.write_text("#!/bin/sh\necho v20.1.0\n")
    assert node.find_node() == old


def test_this_python_is_good_enough() -> None:
    assert check_python() is None
