"""A second service in the same home, a busy port or a wrong master key: said once, then the end."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from commands import _claim
from config.errors import ConfigError
from config.settings import load_settings
from tests.service import Service, running

pytestmark = pytest.mark.timeout(180)


def _start_up(service: Service, **environ: str) -> subprocess.CompletedProcess[str]:
    """Start `sanaq up` beside a service and wait for its end."""
    return subprocess.run(
        [sys.executable, "-m", "cli", "up"],
        cwd=service.folder,
        env=service.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_second_service_in_one_home_ends_at_once_and_the_first_goes_on(tmp_path: Path) -> None:
    with running(tmp_path) as service:
        key = service.key()
        second = _start_up(service)
        assert second.returncode == 2
        assert "another service runs in this SANAQ_HOME" in second.stderr
        assert second.stderr.count("\n") == 1, "one sentence, and no role was started"
        service.post(key, {"events": [{"name": "page_view"}]}).raise_for_status()
        assert service.await_loaded()["stored"] == 1
        service.stop()
        another_key = _start_up(service, SANAQ_MASTER_KEY="ab" * 32, SANAQ_MASTER_KEY_FILE="")
        assert another_key.returncode == 2
        assert "this master key did not seal this keyring" in another_key.stderr
        assert another_key.stderr.count("\n") == 1
        service.start()


def test_a_busy_port_is_waited_for_and_then_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_claim, "FREE_SECONDS_MAX", 0.5)
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        environ = {"SANAQ_HOME": str(tmp_path / "home"), "SANAQ_EMBEDDED": f"127.0.0.1:{port}"}
        free = {"SANAQ_COLLECTOR": "127.0.0.1:0", "SANAQ_DASHBOARDS": "127.0.0.1:0"}
        settings = load_settings(environ | free)
        with (
            pytest.raises(ConfigError, match="SANAQ_EMBEDDED"),
            _claim.claim(settings, told.append),
        ):
            pytest.fail("the address is in use")
    assert len(told) == 1 and "SANAQ_EMBEDDED" in told[0]
    with _claim.claim(settings, told.append):
        assert len(told) == 1, "a free address is not waited for"
