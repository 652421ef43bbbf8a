"""The load generator: wrk at a fixed number of connections, each waiting for its answer."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("load.lua")

ANSWER_SECONDS_MAX = 10
"""An answer that takes longer counts as failed."""

SETTLE_SECONDS_MAX = 60


class LoadFailed(Exception):
    """The load did not run as it should; its figures would mean nothing."""


@dataclass(frozen=True)
class Load:
    """What one run of the load generator saw."""

    answered: int
    """Requests answered with a success, whole."""
    seconds: float
    p50_ms: float
    """Half of the answers came within this time."""
    p99_ms: float
    cpu_seconds: float
    """CPU time of the generator itself."""

    @property
    def cpu_share(self) -> float:
        """The generator's own CPU time, in cores."""
        return self.cpu_seconds / self.seconds


@dataclass(frozen=True)
class Generator:
    """wrk, with everything that is the same for both servers."""

    wrk: Path
    connections: int
    threads: int
    key: str
    """Write key; the other server reads it as any header."""

    def run(self, url: str, bodies: Sequence[str], seconds: int) -> Load:
        """Post the bodies in turn for some seconds, every event under a fresh id.

        Errors: LoadFailed where an answer was no success, failed or did not come.
        """
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl") as file:
            file.write("\n".join(bodies) + "\n")
            file.flush()
            told, cpu_seconds = self._run_wrk(url, file.name, seconds)
        if told["refused"] or told["failed"] or not told["answered"]:
            raise LoadFailed(f"{told['refused']} refused, {told['failed']} failed requests")
        return Load(
            answered=int(told["answered"]),
            seconds=told["seconds"],
            p50_ms=told["p50_ms"],
            p99_ms=told["p99_ms"],
            cpu_seconds=cpu_seconds,
        )

    def _run_wrk(self, url: str, bodies: str, seconds: int) -> tuple[dict[str, float], float]:
        """Run wrk to its end; give what `load.lua` prints last, and wrk's CPU time."""
        command = [
            str(self.wrk),
            f"-c{self.connections}",
            f"-t{self.threads}",
            f"-d{seconds}s",
            f"--timeout={ANSWER_SECONDS_MAX}s",
            f"--script={SCRIPT}",
            url,
            "--",
            bodies,
            self.key,
            secrets.token_hex(4),
        ]
        before = os.times()
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                timeout=seconds + SETTLE_SECONDS_MAX,
                check=True,
            )
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as fault:
            raise LoadFailed("wrk did not end in order") from fault
        after = os.times()
        cpu_seconds = sum(after[2:4]) - sum(before[2:4])
        told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return told, cpu_seconds
