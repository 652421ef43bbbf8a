"""Every role, killed again and again at random moments while events arrive.

`SANAQ_TEST_SEED` repeats a run, as far as processes can be made to.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from config.settings import Settings, load_settings
from storage.spool_file import LOADING as LOADING_STATE
from storage.spool_file import open_for_reading, spool_file
from tests.config.copies import change, copy_config
from tests.crash.checking import check
from tests.crash.roles import make_tables, roles
from tests.crash.senders import Crowd
from tests.service import Service, kill, running, wait_until

LOADING = ("spooler", "loader", "embedded")
VICTIMS = ("worker", "collector", *LOADING)

BACK_SECONDS_MAX = 60.0
"""How long a role may take to be started again."""

LOADING_SHARE = 0.6
"""Share of kills of who takes part in loading that come while batches are claimed, which is a small
part of the time; the rest come whenever they come."""

LOADING_SECONDS_MAX = 10.0
"""How long such a kill waits for its moment."""

INSERT_SECONDS = 0.3
"""From a claim, the rows are in the warehouse after about so long, and are told after more."""

FROZEN_SHARE = 0.25
"""Share of the loader's deaths that come while the warehouse has frozen in mid-work."""

SITES = ("soq", "bazar", "jol")


@pytest.fixture
def environ(home: Path) -> dict[str, str]:
    """An installation whose loader lingers little, so that inserts are many and small."""
    folder = copy_config(home / "config")
    change(
        folder, "settings.toml", "load_linger_seconds_max = 1.0", "load_linger_seconds_max = 0.1"
    )
    return {"SANAQ_CONFIG": str(folder)}


def prepare(home: Path, environ: dict[str, str]) -> None:
    """Make tables in which an import's insert has many parts and no row hides another."""
    with roles(home, environ) as one:
        one.start_role("embedded")
        make_tables(one, "occurred_at")
        one.stop_role("embedded")


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(55, marks=pytest.mark.timeout(900)),
        pytest.param(500, marks=[pytest.mark.slow, pytest.mark.timeout(7_200)]),
    ],
)
def test_kills_of_any_role_lose_nothing_and_double_nothing(
    home: Path, environ: dict[str, str], seed: int, kills: int
) -> None:
    prepare(home, environ)
    with running(home, environ) as service:
        keys = {site: service.key(site) for site in SITES}
        with Crowd(service.collector, keys, seed) as crowd:
            killed = Counter(_kill_at_random(service, kills, random.Random(seed)))
        service.await_ready()
        counted = check(_settings_of(service), crowd.book)
        again = _count_batches(service, "claims > 1")
        sys.stdout.write(f"killed {dict(killed)}, {again} batches claimed again, {counted}\n")
    assert killed.total() >= kills and set(killed) == set(VICTIMS)
    assert counted["acknowledged"] > 10 * kills, "too little arrived for this to prove anything"
    assert counted["failed"] > 0 and counted["duplicate"] > 0
    assert again > kills / 10, "hardly a kill came between a claim and its end"


def _count_batches(service: Service, condition: str) -> int:
    """Count the batches in the spool of which a condition holds."""
    with closing(open_for_reading(spool_file(_settings_of(service)))) as spool:
        sql = f"SELECT count(*) FROM batches WHERE {condition}"
        return int(spool.execute(sql).fetchone()[0])


def _await_claim(service: Service) -> None:
    """Wait until a loader has claimed batches, or for as long as is reasonable."""
    ends_at = time.monotonic() + LOADING_SECONDS_MAX
    while time.monotonic() < ends_at and not _count_batches(service, f"state = {LOADING_STATE}"):
        time.sleep(0.005)


def _settings_of(service: Service) -> Settings:
    return load_settings(service.environ)


def _kill_at_random(service: Service, kills: int, chance: random.Random) -> Iterator[str]:
    """Kill roles in random order, as often each, at random moments; give their names."""
    victims = [VICTIMS[n % len(VICTIMS)] for n in range(kills)]
    chance.shuffle(victims)
    for victim in victims:
        time.sleep(chance.uniform(0.1, 3.0))
        if victim == "loader" and chance.random() < FROZEN_SHARE:
            _kill_loader_beside_frozen_warehouse(service, chance)
        else:
            pid = _await_pid(service, victim, chance)
            if victim in LOADING and chance.random() < LOADING_SHARE:
                _await_claim(service)
                time.sleep(chance.uniform(0, INSERT_SECONDS))
            kill(pid)
        yield victim


def _kill_loader_beside_frozen_warehouse(service: Service, chance: random.Random) -> None:
    """Kill the loader while its insert is stuck: the next loader must wait for it to end."""
    loader, embedded = (_await_pid(service, role, chance) for role in ("loader", "embedded"))
    os.kill(embedded, signal.SIGSTOP)
    try:
        time.sleep(chance.uniform(0, 0.5))
        kill(loader)
        time.sleep(chance.uniform(0.5, 3.0))
    finally:
        os.kill(embedded, signal.SIGCONT)


def _await_pid(service: Service, role: str, chance: random.Random) -> int:
    """Wait until a role runs, which it may not from an earlier kill; give one of its processes."""
    found: list[int] = []

    def is_there() -> bool:
        found[:] = service.pids(role)
        return bool(found)

    wait_until(is_there, BACK_SECONDS_MAX)
    return chance.choice(found)
