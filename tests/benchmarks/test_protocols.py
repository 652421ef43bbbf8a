"""The cost of every protocol is measured, on events that are all kept."""

from __future__ import annotations

import pytest

from benchmarks.figures import Spread
from benchmarks.pii.speed import describe_hostilely, measure_speed
from benchmarks.pii.tables import list_speeds
from benchmarks.protocols.__main__ import main
from benchmarks.protocols.measuring import NotKept, Workplace, measure
from benchmarks.protocols.people import visits
from benchmarks.protocols.samples import NATIVE, SAMPLES
from collector.protocols import PROTOCOLS
from collector.protocols.protocol import Request


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Workplace:
    """The shipped rules in an empty home."""
    return Workplace.of(tmp_path_factory.mktemp("place"))


def test_a_small_run_prints_every_protocol(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--rounds", "1", "--events", "20"]) == 0
    told = capsys.readouterr().out
    names = [line.split("|")[1].strip().partition(",")[0] for line in told.strip().splitlines()[2:]]
    assert set(names) == {protocol.name for protocol in PROTOCOLS}
    assert [sample.protocol for sample in SAMPLES] == names and names[0] == "native"


def test_native_is_one(place: Workplace) -> None:
    (cost,) = measure([NATIVE], place, events=200, rounds=5)
    assert 0.6 < cost.decode_ratio.middle < 1.6 and 0.6 < cost.whole_ratio.middle < 1.6
    assert cost.whole_us.middle > cost.decode_us.middle > 1


def test_events_that_are_turned_away_are_no_measurement(place: Workplace) -> None:
    bad = NATIVE._replace(events=1, make=lambda first, count: Request("/v1/events", body=BODY))
    with pytest.raises(NotKept):
        measure([bad], place, events=1, rounds=1)


BODY = b'{"events":[{"name":"search","properties":{"results":"many"}}]}'


def test_scrubbing_is_measured_with_hostile_texts(place: Workplace) -> None:
    speeds = measure_speed(place, rounds=1, sizes=(1, 50))
    told = list_speeds(speeds)
    assert [(one.texts, one.events) for one in speeds] == [
        (texts, size) for texts in ("plain", "hostile") for size in (1, 50)
    ]
    assert len(told.strip().splitlines()) == 2 + 4 and all(one.ratio.middle > 0 for one in speeds)
    assert speeds[3].scrub_us.middle > 2 * speeds[1].scrub_us.middle
    assert len({describe_hostilely(one) for one in visits(0, 50)}) > 40


def test_a_spread_is_of_all_rounds() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(1.0, 2.0, 3.0)
