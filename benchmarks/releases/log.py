"""A synthetic log in a real warehouse: heavy-tailed devices, listings of unequal popularity."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from clickhouse_connect.driver.client import Client

from aggregator.windows import Window
from config.policy_file import load_policy
from config.releases import Release
from config.settings import Settings, load_settings
from storage.migrations import migrate
from storage.warehouse import connect

ROOT = Path(__file__).parents[2]
START_SECONDS_MAX = 90.0
EVENTS_PER_INSERT = 1_000_000
EVENTS_PER_DEVICE = 10
LISTINGS = 100_000

INSERT = """
INSERT INTO sanaq.events
    (event_id, batch_id, event_name, site, occurred_at, received_at, device_id, purposes,
    properties)
WITH
    [{categories}] AS categories,
    [{cities}] AS cities,
    -- A device's number grows with the square of chance: few devices send most of the events.
    toUInt64({devices} * pow(rand(1) / 4294967296, 2)) AS device,
    -- A device keeps to its city and mostly to one category.
    bitAnd(sipHash64(device, 1), 1048575) / 1048576 AS home,
    if(rand(2) % 3 = 0, rand(3) / 4294967296, bitAnd(sipHash64(device, 2), 1048575) / 1048576)
        AS taste
SELECT
    generateUUIDv4(), toUUID('00000000-0000-0000-0000-000000000001'), 'listing_view', 'bench',
    toDateTime64('{start}', 3, 'UTC') + toIntervalSecond(rand(4) % {seconds}),
    toDateTime64('{end}', 3, 'UTC'),
    sipHash128(device),
    ['analytics', 'partner_sharing'],
    map('category', categories[1 + toUInt32(length(categories) * pow(taste, 4))],
        'city', cities[1 + toUInt32(length(cities) * pow(home, 6))],
        'listing', toString(toUInt32({listings} * pow(rand(5) / 4294967296, 4))))
FROM numbers({events})
"""
"""Fills the warehouse by its own engine; every device agrees, since what is measured is the job."""


@contextmanager
def serve_warehouse(home: Path, port: int) -> Iterator[Settings]:
    """Run `sanaq embedded` over a home until the block ends; the tables are there.

    Errors: RuntimeError where it does not come up.
    """
    environ = {
        "SANAQ_HOME": str(home),
        "SANAQ_CONFIG": str(ROOT / "config"),
        "SANAQ_EMBEDDED": f"127.0.0.1:{port}",
        "SANAQ_MASTER_KEY": os.urandom(32).hex(),
    }
    command = [sys.executable, str(ROOT / "cli.py"), "embedded"]
    process = subprocess.Popen(
        command, env=os.environ | environ, cwd=ROOT, stderr=subprocess.DEVNULL
    )
    settings = load_settings(environ)
    try:
        _await(process, f"http://{settings.embedded}/ping")
        policy = load_policy(settings.config_dir)
        migrate(settings, {name: policy.retention_days(name) for name in policy.purposes})
        yield settings
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def fill_log(
    settings: Settings, release: Release, window: Window, events: int, told: Callable[[int], None]
) -> None:
    """Put so many events of a window into the warehouse; `told` hears how many are there."""
    with closing(connect(settings)) as client:
        for done in range(0, events, EVENTS_PER_INSERT):
            count = min(EVENTS_PER_INSERT, events - done)
            client.command(_insert(release, window, count, events // EVENTS_PER_DEVICE))
            told(done + count)


def read_truth(client: Client, release: Release) -> dict[tuple[str, ...], int]:
    """Count the devices of each cell exactly, as no release may."""
    names = [dimension.source.removeprefix("properties.") for dimension in release.dimensions]
    keys = ", ".join(f"properties['{name}']" for name in names)
    rows = client.query(
        f"SELECT {keys}, uniqExact(device_id) FROM sanaq.events GROUP BY {keys}"
    ).result_rows
    return {tuple(map(str, row[:-1])): int(row[-1]) for row in rows}


def _insert(release: Release, window: Window, events: int, devices: int) -> str:
    category, city = release.keysets["category"], release.keysets["city"]
    return INSERT.format(
        categories=", ".join(f"'{key}'" for key in category),
        cities=", ".join(f"'{key}'" for key in city),
        devices=devices,
        listings=LISTINGS,
        start=window.start.strftime("%Y-%m-%d %H:%M:%S"),
        end=window.end.strftime("%Y-%m-%d %H:%M:%S"),
        seconds=int((window.end - window.start).total_seconds()),
        events=events,
    )


def _await(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the embedded warehouse did not come up")
