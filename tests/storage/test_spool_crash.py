"""The real spooler under load, killed at random moments, and with its power cut."""

from __future__ import annotations

import asyncio
import random
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from storage.bitmap import unpack_bitmap
from storage.errors import Unavailable
from storage.spool import read_batches, read_ledger
from storage.spool_client import SpoolClient
from storage.spool_loader import LoaderClient
from storage.spool_protocol import Commit
from tests.helpers import ROOT
from tests.storage.spooling import SpoolerProcess, digest, make_commit, running_spooler

WORKERS = 2
COMMITS_AT_ONCE = 4


@dataclass
class Told:
    """What the workers were told, to be held against what is on disk."""

    accepted: dict[int, int] = field(default_factory=dict)
    """Event number -> how often it was answered as new."""
    rows: int = 0
    """Rows of answered commits."""
    unanswered: list[Commit] = field(default_factory=list)

    def take(self, numbers: list[int], duplicates: bytes) -> None:
        """Note an answer."""
        self.rows += len(numbers)
        for number, is_duplicate in zip(
            numbers, unpack_bitmap(duplicates, len(numbers)), strict=True
        ):
            self.accepted[number] = self.accepted.get(number, 0) + (not is_duplicate)


async def send_until(stop: asyncio.Event, client: SpoolClient, told: Told, seed: int) -> None:
    """Commit random events, some of them again and again, until told to stop."""
    chance = random.Random(seed)
    while not stop.is_set():
        numbers = [chance.randrange(20_000) for _ in range(chance.choice([1, 5, 40]))]
        commit = make_commit(*numbers)
        try:
            answer = await client.commit(commit)
        except Unavailable:
            told.unanswered.append(commit)
        else:
            told.take(numbers, answer.duplicates[0])


async def load_until(stop: asyncio.Event, spooler: SpoolerProcess) -> None:
    """Claim, read and end batches as a loader does, until told to stop."""
    loader = LoaderClient(spooler.socket, 5.0)
    while not stop.is_set():
        with suppress(Unavailable):
            claimed = await asyncio.to_thread(loader.claim, 2_000)
            read_batches(spooler.file, [batch.seq for batch in claimed])
            await asyncio.to_thread(loader.loaded, [batch.seq for batch in claimed])
        await asyncio.sleep(0.03)
    loader.close()


async def kill_under_load(spooler: SpoolerProcess, kills: int, seed: int) -> Told:
    """Kill and restart the spooler while two workers send and a loader loads."""
    chance, told, stop = random.Random(seed), Told(), asyncio.Event()
    clients = [SpoolClient(spooler.socket, 20.0) for _ in range(WORKERS)]
    tasks = [
        asyncio.create_task(send_until(stop, client, told, seed * 100 + index))
        for index, client in enumerate(clients * COMMITS_AT_ONCE)
    ]
    tasks.append(asyncio.create_task(load_until(stop, spooler)))
    for _ in range(kills):
        await asyncio.sleep(chance.uniform(0.02, 0.4))
        spooler.kill()
        spooler.launch()
        await asyncio.to_thread(spooler.wait_ready)
    stop.set()
    await asyncio.gather(*tasks)
    for client in clients:
        await client.close()
    return told


def check(spooler: SpoolerProcess, told: Told) -> None:
    """Every answered event is there once, and the ledger adds up."""
    assert told.unanswered == []
    assert set(told.accepted.values()) == {1}
    ledger = read_ledger(spooler.file)
    assert ledger.difference == 0
    assert ledger.received == told.rows
    assert ledger.stored + ledger.spooled == len(told.accepted)


@pytest.mark.parametrize(
    "kills", [12, pytest.param(100, marks=[pytest.mark.slow, pytest.mark.timeout(900)])]
)
def test_kills_under_load_lose_nothing_and_double_nothing(home: Path, kills: int) -> None:
    with running_spooler(home) as spooler:
        check(spooler, asyncio.run(kill_under_load(spooler, kills, seed=kills)))


@pytest.fixture(scope="module")
def power_cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that remembers what was synced."""
    library = tmp_path_factory.mktemp("library") / "power_cut.so"
    source = ROOT / "tests" / "storage" / "power_cut.c"
    command = ["gcc", "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True, timeout=60)
    return library


async def answer_some(spooler: SpoolerProcess, seed: int) -> Told:
    """Send for a moment, then pull the plug while commits are under way."""
    told, stop = Told(), asyncio.Event()
    client = SpoolClient(spooler.socket, 0.5)
    tasks = [asyncio.create_task(send_until(stop, client, told, seed + n)) for n in range(4)]
    async with asyncio.timeout(60):
        while len(told.accepted) < 100:
            await asyncio.sleep(0.01)
    await asyncio.sleep(random.Random(seed).uniform(0.0, 0.5))
    spooler.kill()
    stop.set()
    await asyncio.gather(*tasks)
    await client.close()
    return told


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(n, marks=pytest.mark.slow) for n in range(3, 30))]
)
def test_a_power_cut_leaves_every_answered_event(home: Path, power_cut: Path, seed: int) -> None:
    """What was synced, and nothing else, still holds every event that was answered.

    No index of seen ids survives either: it is never synced and is made anew.
    """
    shadow = home / "shadow"
    shadow.mkdir()
    spooler = SpoolerProcess(home)
    spooler.launch(LD_PRELOAD=str(power_cut), POWER_CUT_SHADOW=str(shadow))
    try:
        spooler.wait_ready()
        told = asyncio.run(answer_some(spooler, seed))
        shutil.rmtree(home / "spool")
        shutil.move(shadow, home / "spool")
        spooler.launch()
        spooler.wait_ready()
        asyncio.run(check_all_are_duplicates(spooler, list(told.accepted)))
        ledger = read_ledger(spooler.file)
        assert ledger.difference == 0
        assert ledger.spooled >= len(told.accepted)
    finally:
        spooler.kill()


async def check_all_are_duplicates(spooler: SpoolerProcess, numbers: list[int]) -> None:
    """Send events again: the spool knows every one of them."""
    client = SpoolClient(spooler.socket)
    (bitmap,) = (await client.commit(make_commit(*numbers))).duplicates
    await client.close()
    assert unpack_bitmap(bitmap, len(numbers)).all()


def test_digests_of_these_tests_differ() -> None:
    assert len({digest(number) for number in range(20_000)}) == 20_000
