"""`python -m benchmarks.protocols`: CPU time an event of every protocol, native = 1."""

from __future__ import annotations

import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from benchmarks.protocols.measuring import Cost, Workplace, measure
from benchmarks.protocols.samples import SAMPLES
from benchmarks.report import show
from scripts.markdown_table import build_table


def main(arguments: Sequence[str]) -> int:
    """Measure and print; gives the exit code."""
    parser = ArgumentParser(prog="python -m benchmarks.protocols", description=__doc__)
    parser.add_argument("--events", type=int, default=400, help="events in a batch of the stages")
    parser.add_argument("--rounds", type=int, default=9, help="how often everything is measured")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        place = Workplace.of(Path(folder))
        costs = measure(SAMPLES, place, options.events, options.rounds)
    print(report_costs(costs))
    return 0


def report_costs(costs: Sequence[Cost]) -> str:
    """Give the costs as a table; medians over the rounds, with smallest and largest."""
    per_event = ("bytes/event", "decode us/event", "decode / native's")
    heads = ("Protocol", "events/request", *per_event, "whole us/event", "whole / native's")
    rows = [
        (
            cost.sample.name,
            str(cost.sample.events),
            f"{cost.bytes_per_event:,.0f}",
            f"{cost.decode_us.middle:,.1f}",
            show(cost.decode_ratio, digits=2),
            f"{cost.whole_us.middle:,.1f}",
            show(cost.whole_ratio, digits=2),
        )
        for cost in costs
    ]
    return build_table(heads, rows)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
