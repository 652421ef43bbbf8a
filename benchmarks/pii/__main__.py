"""`python -m benchmarks.pii`: recall, precision and cost of the PII rules on the labelled lines."""

from __future__ import annotations

import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from benchmarks.pii.corpus import PARTS, Line, draw_corpus
from benchmarks.pii.ours import find_ours
from benchmarks.pii.peers import find_by_presidio, find_by_relay, prepare
from benchmarks.pii.scoring import Span, score
from benchmarks.pii.speed import measure_speed
from benchmarks.pii.tables import list_classes, list_faults, list_speeds
from benchmarks.protocols.measuring import Workplace
from collector.pii import Scrubber
from config.pii_file import load_pii_rules
from tests.helpers import ROOT

PEERS = ROOT / "var" / "benchmarks" / "peers"

Finder = Callable[[Sequence[Line]], list[list[Span]]]


def main(arguments: Sequence[str]) -> int:
    """Measure and print; gives the exit code."""
    parser = ArgumentParser(prog="python -m benchmarks.pii", description=__doc__)
    parser.add_argument("--faults", action="store_true", help="show open lines that went wrong")
    parser.add_argument("--peers", action="store_true", help="measure two other scrubbers as well")
    parser.add_argument("--peers-folder", type=Path, default=PEERS, help="where they are installed")
    parser.add_argument("--rounds", type=int, default=7, help="how often the cost is measured")
    options = parser.parse_args(arguments)
    scrubber = Scrubber.of(load_pii_rules(ROOT / "config"))
    finders: dict[str, Finder] = {"Sanaq": lambda lines: find_ours(scrubber, lines)}
    if options.peers:
        python = prepare(options.peers_folder)
        finders["Relay"] = partial(find_by_relay, python)
        finders["Presidio"] = partial(find_by_presidio, python)
    for part in PARTS:
        lines = [line for line in draw_corpus() if line.part == part]
        scores = {}
        for name, find in finders.items():
            started = time.perf_counter()
            scores[name] = score(lines, find(lines))
            spent = time.perf_counter() - started
            print(f"{part}: {name} took {spent / len(lines) * 1e6:.0f} us a line", flush=True)
        print(f"\n{part}: {len(lines):,} lines\n\n{list_classes(scores)}\n")
        if options.faults and part == "open":
            print(list_faults(scores["Sanaq"]))
    with tempfile.TemporaryDirectory() as folder:
        print(list_speeds(measure_speed(Workplace.of(Path(folder)), options.rounds)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
