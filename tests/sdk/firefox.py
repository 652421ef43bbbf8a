"""A Firefox for tests, steered by Marionette, the protocol that it speaks by itself.

Debian's Firefox is not one that the driver of the other browser tests can steer.
"""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks.tools import find_tool
from tests.helpers import free_port
from tests.service import wait_until

START_SECONDS_MAX = 60
ANSWER_SECONDS_MAX = 60


class CommandFailed(Exception):
    """Firefox did not do what it was told."""


class Firefox:
    """One Firefox with one page."""

    def __init__(self, connection: socket.socket) -> None:
        connection.settimeout(ANSWER_SECONDS_MAX)
        self._connection = connection
        self._file = connection.makefile("rb")
        self._number = 0
        self._read()
        self.version: str = self.tell("WebDriver:NewSession")["capabilities"]["browserVersion"]

    def open(self, url: str) -> None:
        """Open a page and wait until it is loaded."""
        self.tell("WebDriver:Navigate", url=url)

    def run(self, script: str) -> Any:
        """Run the body of a function in the page; give what it returns.

        In the page itself: a sandbox would not see the globals that the page's scripts made.
        """
        told = self.tell("WebDriver:ExecuteScript", script=script, args=[], sandbox=None)
        return told["value"]

    def tell(self, command: str, **parameters: Any) -> Any:
        """Give one command; return its answer.

        Errors: CommandFailed.
        """
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._connection.sendall(b"%d:%s" % (len(message), message))
        _, _, error, answer = self._read()
        if error is not None:
            raise CommandFailed(error["message"])
        return answer

    def _read(self) -> Any:
        """Read one message: its length, a colon, JSON."""
        size = b""
        while (sign := self._file.read(1)) != b":":
            assert sign, "Firefox ended"
            size += sign
        return json.loads(self._file.read(int(size)))


@contextmanager
def open_firefox(folder: Path) -> Iterator[Firefox]:
    """Start a Firefox without a window under a fresh profile, and end it whatever happens.

    Errors: ToolMissing.
    """
    port, profile = free_port(), folder / "profile"
    profile.mkdir()
    (profile / "user.js").write_text(f'user_pref("marionette.port", {port});\n')
    command = [str(find_tool("firefox-esr")), "--headless", "--marionette", "--no-remote"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(
        [*command, "--profile", str(profile)], stdout=quiet, stderr=quiet
    ) as process:
        try:
            with _connect(port) as connection:
                firefox = Firefox(connection)
                yield firefox
                with suppress(CommandFailed):
                    firefox.tell("Marionette:Quit", flags=["eForceQuit"])
        finally:
            process.kill()


def _connect(port: int) -> socket.socket:
    """Connect as soon as Firefox listens."""
    found: list[socket.socket] = []

    def is_there() -> bool:
        with suppress(OSError):
            found.append(socket.create_connection(("127.0.0.1", port), timeout=5))
        return bool(found)

    wait_until(is_there, START_SECONDS_MAX)
    return found[0]
