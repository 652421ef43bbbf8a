"""The real loader, in a process that is killed at its n-th step.

Run as a program: for each line with a number it forks, and the child loads until that step and is
killed there, as `kill -9` would, or ends alive when it would claim for the second time. Forking
saves the seconds that a loader needs to start. The answer is a line: `killed` or `alive`.
"""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import Any

from collector.loader import run_loader
from config.settings import Settings, load_settings
from tests.helpers import ROOT

FILES = ("collector/loader.py", "collector/loading.py", "storage/spool_loader.py")
"""Where calls are counted: from what is claimed to what is told."""

FILES_BY_LINE = (*FILES, "storage/warehouse.py", "storage/spool.py")
"""Where lines are."""


class _Steps:
    """Counts what the loader does from its first claim on, and kills it at one of these steps."""

    def __init__(self, target: int, by_line: bool) -> None:
        self._left, self._claims = target, 0
        self._event = "line" if by_line else "call"
        self._files = {str(ROOT / name) for name in (FILES_BY_LINE if by_line else FILES)}

    def trace(self, frame: FrameType, event: str, _: Any) -> Any:
        """Take one event of `sys.settrace`."""
        code = frame.f_code
        if code.co_filename not in self._files:
            return None
        if event == "call" and code.co_name == "claim":
            self._claims += 1
            if self._claims > 1:
                os._exit(0)
        if self._claims and event == self._event:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
        return self.trace


def _load(settings: Settings, target: int, by_line: bool) -> bool:
    """Load in a child process; tell whether it was killed at the step."""
    child = os.fork()
    if child == 0:
        sys.settrace(_Steps(target, by_line).trace)
        run_loader(settings)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def main() -> None:
    """Answer until the input ends."""
    settings = load_settings()
    by_line = sys.argv[1:] == ["line"]
    for asked in sys.stdin:
        killed = _load(settings, int(asked), by_line)
        sys.stdout.write("killed\n" if killed else "alive\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
