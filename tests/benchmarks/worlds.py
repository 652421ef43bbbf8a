"""Runs of both servers with figures that can be checked in the head."""

from __future__ import annotations

from benchmarks.figures import Run
from benchmarks.load import Load
from benchmarks.rounds import NGINX, SANAQ, Rounds


def run(
    answered: int, events_per_request: int = 1, cpu_seconds: float = 1.0, generator: float = 1.0
) -> Run:
    """Give a run of ten seconds."""
    load = Load(answered=answered, seconds=10.0, p50_ms=2.0, p99_ms=9.0, cpu_seconds=generator)
    return Run(load, events_per_request, {"workers": cpu_seconds}, machine_share=1.5)


def rounds() -> Rounds:
    """Give two rounds: nginx ten and twenty times as many single requests, a hundredth the CPU."""
    made = Rounds()
    for answered in (1_000, 2_000):
        made.add(NGINX, run(20_000, cpu_seconds=0.2))
        made.add(SANAQ, run(answered, cpu_seconds=answered / 1_000))
        made.add(NGINX, run(10_000, 50, cpu_seconds=0.2))
        made.add(SANAQ, run(answered, 50, cpu_seconds=answered / 500))
    return made
