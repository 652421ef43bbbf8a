"""`python -m benchmarks`: measure the whole service against nginx, and print the figures."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import report
from benchmarks.load import Generator
from benchmarks.machine import describe_machine
from benchmarks.nginx import running_nginx
from benchmarks.requests import draw_events, make_bodies
from benchmarks.rounds import Bench, measure_idle
from benchmarks.service import Measured
from benchmarks.stages import StageBench
from benchmarks.tools import ToolMissing, find_tool, version_of
from config.folders import make_private_folder
from config.settings import Settings, load_settings
from tests.helpers import ROOT
from tests.service import running

FOLDER = ROOT / "var" / "benchmarks"

SITE = "soq"
IDLE_SECONDS = 5.0


def main(arguments: Sequence[str]) -> int:
    """Measure and print; gives the exit code."""
    options = read_options(arguments)
    try:
        tools = {name: find_tool(name) for name in ("nginx", "wrk")}
    except ToolMissing as fault:
        print(f"benchmarks: {fault}", file=sys.stderr)
        return 1
    if options.folder == FOLDER:
        make_private_folder(FOLDER.parent)  # It is the service's home too.
    options.folder.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=options.folder))
    try:
        measure(options, tools, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


def read_options(arguments: Sequence[str]) -> Namespace:
    """Read the command line."""
    parser = ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="how often each load is run")
    parser.add_argument("--seconds", type=int, default=8, help="length of each load")
    parser.add_argument("--connections", type=int, default=64, help="requests under way at once")
    parser.add_argument("--threads", type=int, default=2, help="threads of the load generator")
    parser.add_argument("--batch", type=int, default=50, help="events in the larger requests")
    parser.add_argument("--events", type=int, default=6_000, help="distinct events that are drawn")
    parser.add_argument(
        "--folder",
        type=Path,
        default=FOLDER,
        help="where the data goes while measuring; on a real disk, or an fsync costs nothing",
    )
    return parser.parse_args(arguments)


def measure(options: Namespace, tools: dict[str, Path], folder: Path) -> None:
    """Start both servers, measure them in turn, and print what was found."""
    now = datetime.now(UTC)
    machine = describe_machine(folder)
    machine |= {name: version_of(tool) for name, tool in tools.items()}
    events = draw_events(now, options.events)
    bodies = {size: make_bodies(events, size, now) for size in (1, options.batch)}
    print(f"Measuring for about {_minutes(options):.0f} minutes ...", flush=True)
    home = folder / "sanaq"
    home.mkdir()
    with running(home) as service:
        measured = Measured(service, service.key(SITE))
        settings = load_settings(service.environ)
        nginx = running_nginx(tools["nginx"], folder / "nginx", settings.limits.collector_workers)
        with nginx as (url, pid):
            idle = measure_idle(measured, IDLE_SECONDS)
            generator = Generator(tools["wrk"], options.connections, options.threads, measured.key)
            bench = Bench(generator, measured, url, pid, bodies, options.seconds)
            rounds = bench.run_rounds(options.rounds, lambda line: print(line, flush=True))
        shares = StageBench(settings, SITE).measure(bodies[1])
        ledger = measured.await_stored()
        service.stop()
    print_report(
        report.report_machine(machine | _describe_load(options, settings)),
        report.report_rounds(rounds),
        report.report_ratios(rounds),
        report.report_processes(rounds, idle),
        report.report_stages(shares),
        f"Received {ledger.received:,} events: stored {ledger.stored:,}, refused for want of "
        f"consent {ledger.refused:,}, duplicate {ledger.duplicate:,}, rejected "
        f"{ledger.rejected:,}.",
        *(f"Doubt: {doubt}." for doubt in report.list_doubts(rounds, options.threads)),
    )


def print_report(*parts: str) -> None:
    """Print the tables, an empty line between them."""
    print("\n" + "\n\n".join(part.strip() for part in parts), flush=True)


def _describe_load(options: Namespace, settings: Settings) -> dict[str, str]:
    return {
        "measured": datetime.now(UTC).date().isoformat(),
        "load": f"{options.connections} connections, {options.threads} generator threads, "
        f"{options.rounds} rounds of {options.seconds} s each",
        "workers": f"{settings.limits.collector_workers} of ours, as many of nginx",
    }


def _minutes(options: Namespace) -> float:
    """Give about how long it will take: each load, the waits for loading, start and stages."""
    seconds: float = options.rounds * 4 * (options.seconds + 2) + 90
    return seconds / 60


if __name__ == "__main__":
    # What is measured is what is shipped: no setting of the caller's shell changes it.
    for name in [name for name in os.environ if name.startswith("SANAQ_")]:
        del os.environ[name]
    sys.exit(main(sys.argv[1:]))
