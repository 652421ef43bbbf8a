"""The arithmetic between what was seen and what is printed."""

from __future__ import annotations

import pytest

from benchmarks import report
from benchmarks.figures import Spread, cpu_us_by_name, ratio_of, spread_of
from benchmarks.rounds import NGINX, SANAQ
from benchmarks.stages import Watch, summarise
from tests.benchmarks.worlds import rounds, run


def test_a_run_is_counted_in_events() -> None:
    batches = run(answered=200, events_per_request=50, cpu_seconds=2.0)
    assert batches.events == 10_000
    assert batches.requests_per_second == 20
    assert batches.events_per_second == 1_000
    assert batches.cpu_us_per_request == pytest.approx(10_000)
    assert batches.cpu_us_per_event == pytest.approx(200)


def test_a_spread_is_smallest_median_and_largest() -> None:
    spread = spread_of([run(n) for n in (30, 10, 20, 90, 40)], lambda one: one.requests_per_second)
    assert spread == Spread(1.0, 3.0, 9.0)


def test_a_ratio_is_taken_within_each_round() -> None:
    made = rounds()
    ratio = ratio_of(made.runs[NGINX, 1], made.runs[SANAQ, 1], lambda one: one.requests_per_second)
    assert ratio == Spread(10.0, 15.0, 20.0)


def test_ratios_say_how_many_times_ours_costs() -> None:
    told = dict(report.list_ratios(rounds()))
    assert told["requests/s of nginx / ours, same requests, 1 event each"].middle == 15
    single = told["CPU per request, ours / nginx, same requests, 1 event each"]
    assert single.middle == pytest.approx(100)
    shared = told["CPU per event in requests of 50, ours / nginx's per single request"]
    assert shared.middle == pytest.approx(4)
    many = told["events/s in requests of 50, ours / nginx's single requests/s"]
    assert (many.low, many.high) == (2.5, 5.0)


def test_cpu_time_is_told_by_process() -> None:
    assert cpu_us_by_name([run(1_000), run(3_000)]) == {"workers": pytest.approx(500)}


def test_a_generator_that_may_have_been_the_limit_is_told() -> None:
    made = rounds()
    assert report.list_doubts(made, threads=1) == []
    made.add(NGINX, run(1, generator=9.5))
    (doubt,) = report.list_doubts(made, threads=1)
    assert "nginx" in doubt and "95%" in doubt


def test_steps_are_medians_and_parts_leave_their_whole() -> None:
    watches = []
    for spent in (10_000, 30_000, 20_000):
        watch = Watch()
        watch.step_ns = {"decode": 1_000, "checks": spent + 5_000}
        watch.move("checks", {"gate": spent})
        watches.append(watch)
    shares = summarise(4, watches)
    assert shares.stage_us == {"decode": 1.0, "gate": 20.0, "checks": 5.0}


def test_waiting_for_another_is_no_cpu_time_of_ours() -> None:
    watch = Watch()
    with watch.step("spool wait", waits=True):
        sum(range(200_000))
    assert watch.cpu_ns == 0
    with watch.step("work"):
        sum(range(200_000))
    assert watch.cpu_ns > 0


def test_tables_hold_every_server_size_and_step() -> None:
    made = rounds()
    table = report.report_rounds(made).splitlines()
    assert [line.split(" | ")[:2] for line in table[2:]] == [
        ["| nginx", "1"],
        ["| sanaq", "1"],
        ["| nginx", "50"],
        ["| sanaq", "50"],
    ]
    processes = report.report_processes(made, {"workers": 0.25})
    assert "| workers | 1,000.0 | 40.0 | 0.250 |" in processes
    watch = Watch()
    watch.step_ns = {"decode": 2_000_000, "gate": 6_000_000}
    stages = report.report_stages([summarise(40, [watch])])
    assert "| decode | 25%, 50.0 us/event |" in stages
    assert "| **all, ms a batch** | 8.00 |" in stages
