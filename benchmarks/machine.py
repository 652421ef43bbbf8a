"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from tempfile import TemporaryFile

PACKAGES = ("polars", "msgspec", "uvicorn", "uvloop", "chdb")
"""Python packages whose versions move the figures most."""

SYNCS = 50
SYNC_BYTES = 4_096


def describe_machine(folder: Path) -> dict[str, str]:
    """Give the machine in a few lines: what -> value. `folder` is where the data goes."""
    return {
        "processor": f"{_cpu_model()}, {os.cpu_count()} cores",
        "memory": f"{_memory_bytes() / 2**30:.1f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version(name)}" for name in PACKAGES),
        "load before": f"{os.getloadavg()[0]:.2f}",
        "one fsync": f"{_fsync_ms(folder):.2f} ms (median of {SYNCS}, {SYNC_BYTES} bytes)",
    }


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _fsync_ms(folder: Path) -> float:
    """Measure how long the disk takes to have a small write: what each answer waits for."""
    spent = []
    with TemporaryFile(dir=folder) as file:
        for _ in range(SYNCS):
            file.write(os.urandom(SYNC_BYTES))
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            spent.append(time.perf_counter() - started)
    return median(spent) * 1000
