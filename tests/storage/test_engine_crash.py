"""A warehouse that crashes ends at once, so that its supervisor can start it again."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.helpers import ROOT
from tests.storage.warehouses import Server

ENDED_SECONDS_MAX = 20.0


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT"])
def test_a_crash_ends_the_process_and_tells_nothing(home: Path, port: int, name: str) -> None:
    where = {"SANAQ_HOME": str(home), "SANAQ_CONFIG": str(ROOT / "config")}
    server = Server(where | {"SANAQ_EMBEDDED": f"127.0.0.1:{port}"})
    server.start()
    assert server.process is not None
    os.kill(server.process.pid, getattr(signal, name))
    deadline = time.monotonic() + ENDED_SECONDS_MAX
    while server.process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    code = server.process.poll()
    told = server.kill()
    assert code == -getattr(signal, name) and told.count(b"\n") == 1
