"""The figures as tables that can be read in a terminal and put into a page as they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.figures import (
    Figure,
    Run,
    Spread,
    cpu_us_by_name,
    ratio_of,
    spread_of,
)
from benchmarks.rounds import NGINX, SANAQ, Rounds
from benchmarks.stages import Shares
from scripts.markdown_table import build_table

BOTTLENECK_SHARE = 0.9
"""A generator that uses so much of its threads may have been the limit."""

FIGURES: dict[str, Figure] = {
    "requests/s": lambda run: run.requests_per_second,
    "events/s": lambda run: run.events_per_second,
    "CPU us/request": lambda run: run.cpu_us_per_request,
    "CPU us/event": lambda run: run.cpu_us_per_event,
    "p50 ms": lambda run: run.load.p50_ms,
    "p99 ms": lambda run: run.load.p99_ms,
    "generator, cores": lambda run: run.load.cpu_share,
    "machine, cores": lambda run: run.machine_share,
}
"""Column -> what is read off a run."""


def report_machine(machine: Mapping[str, str]) -> str:
    """Give what was measured on."""
    return build_table(("Machine", ""), list(machine.items()))


def report_rounds(rounds: Rounds) -> str:
    """Give every figure of both servers: median over the rounds, with smallest and largest."""
    rows = [
        (server, str(size), *(show(spread_of(runs, figure)) for figure in FIGURES.values()))
        for (server, size), runs in sorted(rounds.runs.items(), key=lambda item: item[0][1])
    ]
    return build_table(("Server", "Events/request", *FIGURES), rows)


def report_ratios(rounds: Rounds) -> str:
    """Give how we compare with nginx, each ratio from runs of one round."""
    rows = [(what, show(spread, digits=2)) for what, spread in list_ratios(rounds)]
    return build_table(("Sanaq against nginx (204, access log)", "median (min to max)"), rows)


def list_ratios(rounds: Rounds) -> Iterator[tuple[str, Spread]]:
    """Give each ratio with what it compares."""
    sizes = sorted(size for server, size in rounds.runs if server == SANAQ)
    single = rounds.runs[NGINX, sizes[0]]
    for size in sizes:
        ours, theirs = rounds.runs[SANAQ, size], rounds.runs[NGINX, size]
        same = f"same requests, {size} event{'s' if size > 1 else ''} each"
        yield f"requests/s of nginx / ours, {same}", ratio_of(theirs, ours, _requests)
        yield f"CPU per request, ours / nginx, {same}", ratio_of(ours, theirs, _cpu_request)
        if size > sizes[0]:
            what = f"CPU per event in requests of {size}, ours / nginx's per single request"
            yield what, ratio_of(ours, single, _cpu_event, _cpu_request)
            what = f"events/s in requests of {size}, ours / nginx's single requests/s"
            yield what, ratio_of(ours, single, _events, _requests)


def report_processes(rounds: Rounds, idle: Mapping[str, float]) -> str:
    """Give which of our processes the CPU time of an event goes to, and what they cost idle."""
    ours = {size: runs for (server, size), runs in rounds.runs.items() if server == SANAQ}
    spent = {size: cpu_us_by_name(runs) for size, runs in sorted(ours.items())}
    rows = [
        (name, *(f"{by_name.get(name, 0.0):,.1f}" for by_name in spent.values()), f"{cores:.3f}")
        for name, cores in sorted(idle.items())
    ]
    heads = [f"CPU us/event, requests of {size}" for size in spent]
    return build_table(("Process", *heads, "idle, cores"), rows)


def report_stages(all_shares: Sequence[Shares]) -> str:
    """Give the share of each step of a batch, and its time per event."""
    rows = [
        (name, *(_show_step(shares, name) for shares in all_shares))
        for name in all_shares[0].stage_us
    ]
    totals = [sum(shares.stage_us.values()) for shares in all_shares]
    rows.append(("**all, ms a batch**", *(f"{total / 1000:.2f}" for total in totals)))
    cpus = [
        f"{one.cpu_us / 1000:.2f}, {one.cpu_us / one.events:,.1f} us/event" for one in all_shares
    ]
    rows.append(("**CPU, ms a batch**", *cpus))
    heads = [f"{one.events} event{'s' if one.events > 1 else ''}" for one in all_shares]
    return build_table(("Step", *heads), rows)


def list_doubts(rounds: Rounds, threads: int) -> list[str]:
    """Give what speaks against the figures."""
    doubts = []
    for (server, size), runs in rounds.runs.items():
        share = max(run.load.cpu_share for run in runs) / threads
        if share > BOTTLENECK_SHARE:
            doubts.append(
                f"the load generator was busy {share:.0%} of its time on {server} with requests "
                f"of {size}: {server} can do more than the events/s and latencies say"
            )
    return doubts


def show(spread: Spread, digits: int | None = None) -> str:
    """Give a spread as its median with the smallest and the largest."""
    places = _digits_of(spread.middle) if digits is None else digits
    low, middle, high = (f"{x:,.{places}f}" for x in (spread.low, spread.middle, spread.high))
    return f"{middle} ({low} to {high})"


def _digits_of(value: float) -> int:
    return 0 if value >= 100 else 1 if value >= 10 else 2


def _show_step(shares: Shares, name: str) -> str:
    spent = shares.stage_us[name]
    share = spent / sum(shares.stage_us.values())
    return f"{share:.0%}, {spent / shares.events:,.1f} us/event"


def _requests(run: Run) -> float:
    return run.requests_per_second


def _events(run: Run) -> float:
    return run.events_per_second


def _cpu_request(run: Run) -> float:
    return run.cpu_us_per_request


def _cpu_event(run: Run) -> float:
    return run.cpu_us_per_event
