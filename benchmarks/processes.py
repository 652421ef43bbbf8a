"""CPU time of processes, as the kernel accounts for it (proc(5), `stat` and `children`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

NameOf = Callable[[list[str]], str]
"""Command line, word by word -> what the process is called in the tables."""


@dataclass(frozen=True)
class CpuTimes:
    """User and system time of some processes so far."""

    seconds: Mapping[int, float]
    """Process id -> CPU seconds."""
    names: Mapping[int, str]
    """Process id -> what it is called."""

    def since(self, earlier: CpuTimes) -> dict[str, float]:
        """Give the CPU seconds spent since an earlier look, by name, several of one name added.

        Errors: ProcessEnded where one has come or gone in between: its time would be missing.
        """
        if self.seconds.keys() != earlier.seconds.keys():
            raise ProcessEnded("a process of the measured service came or went")
        spent: dict[str, float] = {}
        for pid, seconds in self.seconds.items():
            name = self.names[pid]
            spent[name] = spent.get(name, 0.0) + seconds - earlier.seconds[pid]
        return spent


class ProcessEnded(Exception):
    """The figures of this run are not whole."""


def read_cpu_times(root: int, name_of: NameOf) -> CpuTimes:
    """Read the CPU times of a process and of everything below it."""
    pids = [root, *_descendants(root)]
    seconds = {pid: _cpu_seconds(pid) for pid in pids}
    return CpuTimes(seconds, {pid: name_of(_command_of(pid)) for pid in pids})


def read_busy_seconds() -> float:
    """Give the CPU seconds that the whole machine has spent, idle and waiting left out."""
    line = Path("/proc/stat").read_text().splitlines()[0].split()
    user, nice, system, _, _, irq, softirq, steal = (int(word) for word in line[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND


def _descendants(pid: int) -> list[int]:
    """Give the ids of all processes below one, whichever of its threads started them."""
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return [one for child in children for one in (child, *_descendants(child))]


def _cpu_seconds(pid: int) -> float:
    """Give user and system time of a process, its ended threads included."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND


def _command_of(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
