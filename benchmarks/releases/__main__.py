"""`python -m benchmarks.releases`: what a release costs, and how near to the truth it comes."""

from __future__ import annotations

import argparse
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from fractions import Fraction
from pathlib import Path

from aggregator.windows import week_of
from benchmarks.machine import describe_machine
from benchmarks.releases.figures import compare, round_to_floor, write_table
from benchmarks.releases.job import draw
from benchmarks.releases.log import fill_log, read_truth, serve_warehouse
from benchmarks.report import report_machine
from config.release_files import load_releases
from config.releases import Dimension, Release
from config.settings import Settings
from storage.warehouse import connect

WINDOW = week_of("2026-W46")


def main(arguments: Sequence[str]) -> int:
    """Fill a warehouse, draw two releases from it and print what was seen."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.releases", description=__doc__)
    parser.add_argument("--events", type=int, default=10_000_000, help="events of the week")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        print(report_machine(describe_machine(Path(folder))), flush=True)
        with serve_warehouse(Path(folder) / "home", _free_port()) as settings:
            measure(settings, options.events)
    return 0


def measure(settings: Settings, events: int) -> None:
    """Print cost and nearness of a release with public keys and of one with private ones."""
    reach = load_releases(settings.config_dir).releases["weekly_reach"]
    started = time.monotonic()
    fill_log(settings, reach, WINDOW, events, lambda done: None)
    print(f"\n{events:,} events of a week, made in {time.monotonic() - started:.0f} s", flush=True)
    for name, release in (("public keys", reach), ("private keys", by_listing(reach))):
        with closing(connect(settings, "sanaq_reader")) as client:
            truth = read_truth(client, release)
        drawn = draw(settings, release, WINDOW)
        print(f"\n## {release.name}, {name}\n")
        print(
            f"{drawn.parts} parts, {drawn.seconds:.1f} s, peak memory of the job"
            f" {drawn.peak_mebibytes:,.0f} MiB, {drawn.base_mebibytes:,.0f} MiB of it before the"
            f" first row; (device, cell) pairs {drawn.pairs:,} (noisy), after bounding"
            f" {drawn.released_pairs:,}\n"
        )
        tables = {"released": drawn.shown, "10 and 5": round_to_floor(truth)}
        print(
            write_table({key: compare(truth, shown) for key, shown in tables.items()}), flush=True
        )


def by_listing(reach: Release) -> Release:
    """Ask about single listings instead, whose keys are private and many."""
    listing = Dimension(name="listing", source="properties.listing", description="The listing.")
    budget = reach.budget.model_copy(update={"selection_delta": Fraction(1, 10**8)})
    bounds = reach.bounds.model_copy(update={"cells_per_unit_max": 8, "loss_cells_max": 32})
    changes = {"name": "weekly_listings", "dimensions": (listing,), "keysets": {}}
    return reach.model_copy(update=changes | {"budget": budget, "bounds": bounds})


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
