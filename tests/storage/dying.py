"""Death between any two lines: stops a call at its n-th line, as `kill -9` would.

What was written to mapped memory or handed to SQLite before that line stays; what was only in
Python's memory is gone, because the test opens everything anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from tests.helpers import ROOT


class Death(BaseException):
    """The process would have died here. No handler of ours may catch it."""


def die_at_every_line(act: Callable[[int], Callable[[], object]], step: int = 1) -> Iterator[int]:
    """Make `act(n)` ready and call what it gives, dying at line n, for n = 1, 1 + step, ...

    Yields n after each death, for the test to look at what is left. Ends when a call came
    through alive.
    """
    n = 1
    while True:
        call = act(n)
        if not _dies(call, n):
            return
        yield n
        n += step


def _dies(call: Callable[[], object], line: int) -> bool:
    left = line
    room = str(ROOT / "storage")

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(room):
            return None
        if event == "line":
            left -= 1
            if left == 0:
                raise Death
        return trace

    sys.settrace(trace)
    try:
        call()
    except Death:
        return True
    finally:
        sys.settrace(None)
    return False
