"""Rounds: both servers under the same load in turn, so that what disturbs one disturbs both."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Run
from benchmarks.load import Generator, Load
from benchmarks.processes import CpuTimes, read_busy_seconds, read_cpu_times
from benchmarks.service import Measured, check_account

NGINX = "nginx"
SANAQ = "sanaq"

Bodies = Mapping[int, Sequence[str]]
"""Events in a request -> bodies."""


@dataclass
class Rounds:
    """What all rounds saw: (server, events in a request) -> its run in each round, in order."""

    runs: dict[tuple[str, int], list[Run]] = field(default_factory=dict)

    def add(self, server: str, run: Run) -> None:
        """Take one run into account."""
        self.runs.setdefault((server, run.events_per_request), []).append(run)


@dataclass(frozen=True)
class Bench:
    """Both servers, running, and the load for them."""

    generator: Generator
    measured: Measured
    nginx_url: str
    nginx_pid: int
    bodies: Bodies
    seconds: int

    def run_rounds(self, count: int, tell: Callable[[str], None]) -> Rounds:
        """Run all loads on both servers, as often as asked; odd rounds in the other order.

        A first round, shorter, warms both up and is thrown away.
        """
        for server, size in self._order(0):
            self._run(server, size, max(1, self.seconds // 3))
        rounds = Rounds()
        for number in range(count):
            for server, size in self._order(number):
                run = self._run(server, size, self.seconds)
                rounds.add(server, run)
                tell(_describe(number, count, server, run))
        return rounds

    def _order(self, number: int) -> Iterator[tuple[str, int]]:
        """Give servers and sizes of requests in the order of a round."""
        servers = (NGINX, SANAQ) if number % 2 == 0 else (SANAQ, NGINX)
        for size in self.bodies:
            for server in servers:
                yield server, size

    def _run(self, server: str, size: int, seconds: int) -> Run:
        """Load one server; its CPU time counts until its last event is stored."""
        if server == NGINX:
            before = self._nginx_cpu_times()
            load, share = self._load(self.nginx_url, size, seconds)
            return Run(load, size, self._nginx_cpu_times().since(before), share)
        told, started = self.measured.ledger(), self.measured.cpu_times()
        load, share = self._load(self.measured.service.collector, size, seconds)
        stored = self.measured.await_stored()
        check_account(told, stored, load.answered * size, self.generator.connections * size)
        return Run(load, size, self.measured.cpu_times().since(started), share)

    def _load(self, url: str, size: int, seconds: int) -> tuple[Load, float]:
        """Run the load; give what it saw, and the cores that were busy on the whole machine."""
        busy, started = read_busy_seconds(), time.monotonic()
        load = self.generator.run(f"{url}/v1/events", self.bodies[size], seconds)
        share = (read_busy_seconds() - busy) / (time.monotonic() - started)
        return load, share

    def _nginx_cpu_times(self) -> CpuTimes:
        return read_cpu_times(self.nginx_pid, lambda words: NGINX)


def measure_idle(measured: Measured, seconds: float) -> dict[str, float]:
    """Give the CPU time that the service spends on nothing, in cores, by kind of process."""
    before, started = measured.cpu_times(), time.monotonic()
    time.sleep(seconds)
    spent = measured.cpu_times().since(before)
    passed = time.monotonic() - started
    return {name: value / passed for name, value in spent.items()}


def _describe(number: int, count: int, server: str, run: Run) -> str:
    return (
        f"  round {number + 1} of {count}: {server:5} requests of {run.events_per_request:2}: "
        f"{run.events_per_second:9,.0f} events/s {run.cpu_us_per_event:8,.1f} us CPU/event"
        f"  p50 {run.load.p50_ms:6.1f} ms  p99 {run.load.p99_ms:6.1f} ms"
    )
