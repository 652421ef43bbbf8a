"""All processes gone at once, a warehouse that is away or frozen, a spool that is full."""

from __future__ import annotations

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from config.settings import load_settings
from storage import warehouse
from tests.config.copies import change, copy_config
from tests.crash.checking import check
from tests.crash.roles import Roles, make_tables, roles
from tests.crash.senders import Crowd
from tests.service import running, wait_until

ENDS = 3
"""How often everything is killed at once."""

AWAY_SECONDS = 6.0
FROZEN_SECONDS = 6.0
ANSWER_SECONDS_MAX = 3.0
"""In which a sender is answered though the warehouse is not there."""

IMPORTS = 6
"""Imports that wait at once: more than the batches that a worker has under way."""

SMALL_SPOOL = "spool_bytes_max = 1_000_000"
EVENTS_PER_POST = 200
FULL_POSTS_MAX = 400
ROOM_SECONDS_MAX = 60.0
"""How long a full spool may take to have room again once the warehouse is back."""


@pytest.mark.timeout(600)
def test_an_end_of_all_processes_at_once_loses_nothing(home: Path, seed: int) -> None:
    chance = random.Random(seed)
    with roles(home) as one:
        one.start_role("embedded")
        make_tables(one, "occurred_at")
        one.stop_role("embedded")
    with running(home) as service:
        keys = {"soq": service.key("soq")}
        with Crowd(service.collector, keys, seed) as crowd:
            for _ in range(ENDS):
                time.sleep(chance.uniform(1.5, 5.0))
                service.kill_all()
                service.start()
            time.sleep(1.0)
        counted = check(load_settings(service.environ), crowd.book)
    assert counted["acknowledged"] > 100 and counted["failed"] > 0


@pytest.mark.timeout(300)
def test_the_spool_absorbs_what_a_warehouse_that_is_away_cannot_take(home: Path, seed: int) -> None:
    with roles(home) as one:
        key = _start(one)
        with Crowd(one.collector, {"soq": key}, seed) as crowd:
            time.sleep(1.0)
            one.kill_role("embedded")
            before = crowd.book.told["failed"]
            time.sleep(AWAY_SECONDS / 2)
            one.kill_role("loader")
            one.start_role("loader")
            time.sleep(AWAY_SECONDS / 2)
            assert one.spool.spooled > 0
            assert crowd.book.told["failed"] == before, "a sender was turned away"
            one.start_role("embedded")
        counted = check(one.settings, crowd.book)
    assert counted["acknowledged"] > 50


@pytest.mark.timeout(300)
def test_an_import_that_waits_for_a_frozen_warehouse_holds_nobody_up(home: Path) -> None:
    """Imports are looked up in the warehouse; what is sent live is not."""
    with roles(home) as one:
        key = _start(one)
        one.freeze("embedded")
        with ThreadPoolExecutor(IMPORTS) as pool:
            imports = [pool.submit(_import_one, one, key) for _ in range(IMPORTS)]
            ends_at = time.monotonic() + FROZEN_SECONDS
            while time.monotonic() < ends_at:
                started = time.monotonic()
                assert _post_one(one, key).json()["accepted"] == 1
                assert time.monotonic() - started < ANSWER_SECONDS_MAX
            assert not any(waiting.done() for waiting in imports)
            one.thaw("embedded")
            assert {done.result().json()["accepted"] for done in imports} == {1}
        one.await_spooled()


@pytest.mark.timeout(300)
def test_a_full_spool_turns_senders_away_and_keeps_what_it_took(home: Path) -> None:
    config = copy_config(home / "config")
    change(config, "settings.toml", "spool_bytes_max = 10_000_000_000", SMALL_SPOOL)
    with roles(home, {"SANAQ_CONFIG": str(config)}) as one:
        key = _start(one)
        one.kill_role("embedded")
        taken, turned_away = _post_until_full(one, key)
        assert httpx.get(f"{one.collector}/readyz").json() == {"status": "full"}
        assert len(taken) > 10
        one.start_role("embedded")
        wait_until(lambda: one.post(key, turned_away).status_code == 200, ROOM_SECONDS_MAX)
        ledger = one.await_spooled()
        ids = [event["event_id"] for body in [*taken, turned_away] for event in body["events"]]
        assert ledger.stored == ledger.received == len(ids)
        with closing(warehouse.connect(one.settings, "sanaq_reader")) as client:
            rows = client.query("SELECT toString(event_id) FROM sanaq.events").result_rows
        assert Counter(row[0] for row in rows) == Counter(ids)


def _post_until_full(one: Roles, key: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Post until the spool takes no more; give what was taken and what was turned away."""
    taken: list[dict[str, Any]] = []
    while True:
        body = _make_body(EVENTS_PER_POST)
        answer = one.post(key, body)
        if answer.status_code != 200:
            assert (answer.status_code, answer.json()["error"]) == (503, "spool_full")
            assert int(answer.headers["retry-after"]) > 0
            return taken, body
        taken.append(body)
        assert len(taken) < FULL_POSTS_MAX


def _make_body(count: int) -> dict[str, Any]:
    noise = [random.SystemRandom().randbytes(150).hex() for _ in range(count)]
    return {
        "events": [
            {"event_id": str(uuid4()), "name": "page_view", "properties": {"note": one}}
            for one in noise
        ]
    }


def _post_one(one: Roles, key: str) -> httpx.Response:
    return one.post(key, _make_body(1))


def _import_one(one: Roles, key: str) -> httpx.Response:
    return one.post(key, _make_body(1) | {"import": {"source": "archive", "basis": "contract"}})


def _start(one: Roles) -> str:
    """Start every role but the dashboards; give a write key."""
    for role in ("embedded", "spooler"):
        one.start_role(role)
    make_tables(one, "occurred_at")
    for role in ("loader", "collector"):
        one.start_role(role)
    return one.key("soq")
