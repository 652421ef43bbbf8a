"""What the command tests share: an installation of its own, and a way to run `sanaq` in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from cli import sanaq
from tests.helpers import ROOT


class Installation:
    """An empty installation in a temporary folder."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home / "var"
        self.user = home / "user"
        self._monkeypatch = monkeypatch
        self.set(SANAQ_HOME=self.home, SANAQ_CONFIG=ROOT / "config", XDG_CONFIG_HOME=self.user)
        for name in ("SANAQ_MASTER_KEY", "SANAQ_MASTER_KEY_FILE", "SANAQ_REGISTRY"):
            monkeypatch.delenv(name, raising=False)

    def set(self, **environ: object) -> None:
        """Set variables of the environment."""
        for name, value in environ.items():
            self._monkeypatch.setenv(name, str(value))

    def run(self, *arguments: str) -> Result:
        """Run one command, whatever comes of it."""
        return CliRunner().invoke(sanaq, arguments)

    def output(self, *arguments: str) -> str:
        """Run one command that must succeed, and give what it printed."""
        result = self.run(*arguments)
        assert result.exit_code == 0, (arguments, result.output, result.exception)
        return result.stdout

    def rows(self, *arguments: str) -> Any:
        """Run one command that must succeed, and give its JSON."""
        return json.loads(self.output(*arguments, "--json"))
