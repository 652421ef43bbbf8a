"""Keep child processes running: start, restart after a crash, stop in order. Used by `up` and
`collector`."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from threading import Event
from types import FrameType

from storage.logs import Log

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a child gets when its parent dies."""

RESTART_SECONDS_MIN = 0.2
RESTART_SECONDS_MAX = 5.0
STEADY_SECONDS = 10.0
"""A child that ran so long is restarted at once; a younger one after a growing pause."""

TICK_SECONDS = 0.05


@dataclass
class Child:
    """One process to keep running."""

    name: str
    arguments: Sequence[str]
    """Arguments of `sanaq`."""
    stop_seconds_max: float = 25.0
    """How long it may take to stop before it is killed."""
    pass_fds: Sequence[int] = ()
    death_signal: int = signal.SIGTERM
    """What it gets when its supervisor dies."""
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    started_at: float = 0.0
    pause_seconds: float = RESTART_SECONDS_MIN
    restart_at: float = 0.0


class Supervisor:
    """Runs children until SIGTERM or SIGINT, then stops them, the first one first."""

    def __init__(self, children: Sequence[Child], log: Log) -> None:
        self._children = list(children)
        self._log = log
        self.stopping = Event()

    def run(self, tick: Callable[[], None]) -> None:
        """Start the children and keep them running; `tick` is called many times a second."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask_to_stop)
        try:
            while not self.stopping.is_set():
                for child in self._children:
                    self._keep(child)
                tick()
                self.stopping.wait(TICK_SECONDS)
        finally:
            for child in self._children:
                _stop(child)

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping.set()

    def _keep(self, child: Child) -> None:
        """Start a child that does not run, unless its pause is not over."""
        now = time.monotonic()
        if child.process is not None:
            code = child.process.poll()
            if code is None:
                return
            self._log.warn("a process ended", role=child.name, exit_code=code)
            steady = now - child.started_at > STEADY_SECONDS
            child.pause_seconds = (
                RESTART_SECONDS_MIN if steady else min(child.pause_seconds * 2, RESTART_SECONDS_MAX)
            )
            child.process, child.restart_at = None, now + (0 if steady else child.pause_seconds)
        if now >= child.restart_at:
            child.process, child.started_at = _start(child), now


def _start(child: Child) -> subprocess.Popen[bytes]:
    """Start a child process of `sanaq` that leaves no core file and dies with its parent."""
    parent = os.getpid()

    def prepare() -> None:
        # A core file would hold what memory holds.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, child.death_signal)
        if os.getppid() != parent:
            os._exit(0)

    return subprocess.Popen(
        [sys.executable, "-m", "cli", *child.arguments],
        pass_fds=child.pass_fds,
        preexec_fn=prepare,
        start_new_session=True,
    )


def _stop(child: Child) -> None:
    """Ask a child to stop, and kill it when it does not."""
    if child.process is None:
        return
    child.process.terminate()
    try:
        child.process.wait(child.stop_seconds_max)
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()
