"""The shipped release over a real warehouse: who enters it, who does not, and what comes out."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import polars as pl
import pytest

from aggregator.job import Job, open_job
from aggregator.measure import count_window
from aggregator.read import read_window
from aggregator.release import run_release
from aggregator.windows import week_of
from config.releases import Release
from config.settings import Settings
from storage.warehouse import Refused, connect, insert_frame
from tests.integration.warehouses import make_events, serve_warehouse
from tests.storage.keyring_worlds import HandClock

WINDOW = week_of("2026-W46")
RECEIVED = WINDOW.end + timedelta(hours=1)
CUT_OFF = WINDOW.end + timedelta(hours=30)
DEVICES = 2_000
CATEGORIES = ("cars", "flats", "phones", "jobs", "horses")
CITIES = ("almaty", "astana", "shymkent", "oral")


def view(device: int, category: str, city: str, **changes: Any) -> dict[str, Any]:
    """One willing view of a listing in the middle of the week."""
    return {
        "event_name": "listing_view",
        "site": "soq",
        "occurred_at": WINDOW.start + timedelta(days=3),
        "device_id": device.to_bytes(16, "big"),
        "purposes": ["analytics", "partner_sharing"],
        "properties": {"category": category, "city": city},
    } | changes


def crowd() -> list[dict[str, Any]]:
    """Two thousand devices with one or two cells each, one of them a whale."""
    dice = random.Random(7)
    rows = []
    for device in range(1, DEVICES + 1):
        for _ in range(dice.randint(1, 2)):
            cell = (dice.choice(CATEGORIES), dice.choices(CITIES, (5, 3, 2, 1))[0])
            rows += [view(device, *cell)] * dice.randint(1, 3)
    return rows + [view(1, "cars", "almaty") for _ in range(500)]


def outsiders() -> list[dict[str, Any]]:
    """Rows that must not enter, each for one reason."""
    return [
        view(900_001, "cars", "almaty", purposes=["analytics"]),
        view(900_002, "cars", "almaty", is_bot=True),
        view(900_003, "cars", "almaty", device_id=bytes(16), visit_id=b"v" * 16),
        view(900_004, "cars", "almaty", event_name="search"),
        view(900_005, "cars", "almaty", occurred_at=WINDOW.start - timedelta(milliseconds=1)),
        view(900_006, "cars", "almaty", occurred_at=WINDOW.end),
        view(900_007, "cars", "almaty", received_at=CUT_OFF),
    ]


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A warehouse with the crowd, the outsiders, the edges and a second delivery."""
    with serve_warehouse(tmp_path_factory.mktemp("wh")) as settings:
        edges = [
            view(800_001, "jobs", "oral", occurred_at=WINDOW.start),
            view(800_002, "jobs", "oral", occurred_at=WINDOW.end - timedelta(milliseconds=1)),
        ]
        twice = view(800_003, "jobs", "oral", event_id=str(uuid.UUID(int=5)))
        client = connect(settings)
        rows = [{**row} for row in [*crowd(), *outsiders(), *edges, twice]]
        insert_frame(client, "events", make_events(rows, RECEIVED), "first")
        insert_frame(client, "events", make_events([twice], RECEIVED), "second")
        client.close()
        yield settings


def read_all(job: Job, release: Release, marked: Collection[bytes] = ()) -> pl.DataFrame:
    """Read all parts of the window."""
    return pl.concat(read_window(job.client, release, WINDOW, CUT_OFF, marked)).collect()


@pytest.mark.timeout(300)
def test_only_those_who_may_be_counted_are_read(warehouse: Settings) -> None:
    with open_job(warehouse) as job:
        release = job.config.releases["weekly_reach"]
        read = read_all(job, release)
    units = {int(unit, 16) for unit in read["unit"]}
    assert units == {*range(1, DEVICES + 1), 800_001, 800_002, 800_003}
    whale = read.filter(unit=f"{1:032x}", category="cars", city="almaty")
    assert whale["rows"].item() >= 500
    assert read.filter(unit=f"{800_003:032x}")["rows"].to_list() == [1]
    assert read.schema["rows"] == pl.Int64


def test_marked_subjects_and_other_sites_stay_out(warehouse: Settings) -> None:
    with open_job(warehouse) as job:
        release = job.config.releases["weekly_reach"]
        marked = [(1).to_bytes(16, "big"), (2).to_bytes(16, "big")]
        read = read_all(job, release, marked)
        assert not {one.hex() for one in marked} & set(read["unit"])
        assert read["unit"].n_unique() == DEVICES + 1
        many = [*marked, *((10**12 + n).to_bytes(16, "big") for n in range(10_000))]
        without = read_all(job, release, many)
        assert without.sort(pl.all()).equals(read.sort(pl.all()))
        elsewhere = release.model_copy(update={"sites": ("other",)})
        assert read_all(job, elsewhere).height == 0


def test_parts_read_everyone_once_and_nobody_twice(
    warehouse: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[int, int]] = []
    with open_job(warehouse, watch=lambda done, whole: told.append((done, whole))) as job:
        release = job.config.releases["weekly_reach"]
        whole = read_all(job, release)
        counted = count_window([whole.lazy()], release, seed=5)
        monkeypatch.setattr("aggregator.read.ROWS_PER_READ_MAX", 500)
        window = read_window(job.client, release, WINDOW, CUT_OFF, watch=job.watch)
        parts = [part.collect() for part in window]
    units = [set(part["unit"]) for part in parts]
    assert len(parts) > 5 and sum(map(len, units)) == len(set.union(*units))
    assert pl.concat(parts).sort(pl.all()).equals(whole.sort(pl.all()))
    again = count_window((part.lazy() for part in parts), release, seed=5)
    assert again.cells.equals(counted.cells) and again.pairs == counted.pairs
    assert told == [(number + 1, len(parts)) for number in range(len(parts))]


@pytest.mark.timeout(300)
def test_the_shipped_release_tells_the_truth_within_its_noise(warehouse: Settings) -> None:
    clock = HandClock(CUT_OFF)
    with open_job(warehouse, clock) as job:
        release = job.config.releases["weekly_reach"]
        done = run_release(job, release, WINDOW)
        again = run_release(job, release, WINDOW)
        read = read_window(job.client, release, WINDOW, CUT_OFF)
        exact = count_window(read, release, seed=3).cells
    assert again == replace(done, is_new=False)
    table = pl.read_parquet(done.folder / "data.parquet")
    assert table.height == exact.height == 48
    both = exact.join(table, on=["category", "city"])
    # Another random pick of cells than the release's own moves a count a little, too.
    far = (both["units"] - both["devices_measured"]).abs().max()
    assert isinstance(far, int)
    assert far < 6 * 13 + 30
    shown = table.filter(pl.col("devices").is_not_null())
    assert 8 <= shown.height < 40
    manifest = json.loads((done.folder / "manifest.json").read_bytes())
    assert manifest["policy_version"] == "2026-11"
    assert manifest["audit"]["is_sound"] is True
    assert manifest["cut_off"] == "2026-11-17T06:00:00.000Z"
    assert manifest["rho_year_to_date"] == "9/1000"


def test_nothing_in_the_artefact_is_an_id(warehouse: Settings) -> None:
    folders = [one for one in (warehouse.home / "releases").iterdir() if one.is_dir()]
    assert folders
    for file in (file for folder in folders for file in folder.iterdir()):
        data = file.read_bytes()
        for device in (1, 2, 1_999, 900_001):
            digest = device.to_bytes(16, "big")
            assert digest not in data
            assert digest.hex().encode() not in data.lower()


def test_a_dimensions_name_never_stands_in_for_a_column(warehouse: Settings) -> None:
    with open_job(warehouse) as job:
        release = job.config.releases["weekly_reach"]
        category, city = release.dimensions
        names = [("event_name", category), ("site", city)]
        odd = tuple(one.model_copy(update={"name": name}) for name, one in names)
        by_column = (category, city.model_copy(update={"source": "site"}))
        read = read_all(job, release.model_copy(update={"dimensions": odd}))
        assert set(read["event_name"]) == set(CATEGORIES)
        assert set(read["site"]) == set(CITIES)
        sites = read_all(job, release.model_copy(update={"dimensions": by_column}))
        assert set(sites["city"]) == {"soq"}


def test_a_column_that_does_not_exist_is_refused(warehouse: Settings) -> None:
    with open_job(warehouse) as job, pytest.raises(Refused):
        broken = job.config.releases["weekly_reach"].model_copy(update={"events": ("x",)})
        odd = broken.dimensions[0].model_copy(update={"source": "no_such_column"})
        read_all(job, broken.model_copy(update={"dimensions": (odd,)}))
