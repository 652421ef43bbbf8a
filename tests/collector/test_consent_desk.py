"""Keeping records when neighbours fail: no refusal is lost, no grant stands without its row."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.consent.recorded import Recorded
from collector.consent_book import ConsentBook
from collector.consent_desk import RECORDS_PER_ROUND_MAX, ConsentDesk
from collector.consent_scribe import Scribe
from collector.outcomes import BadRequest
from collector.protocols.consent_record import withdraw_all
from storage.errors import Unavailable
from storage.logs import Log
from storage.registry import Registry
from storage.registry.exclusions import list_excluded
from storage.registry.requests import list_requests
from storage.spool_client import SpoolClient
from storage.spool_protocol import Commit, Committed, SpoolFull
from tests.collector.test_consent_book import GONE, ask, digest_many
from tests.collector.test_consent_record import decode
from tests.collector.test_consent_scribe import decode_for
from tests.collector.worlds import LIMITS, POLICY, bits, scrubber, sender
from tests.storage.keyring_worlds import HandClock
from tests.storage.registry_worlds import open_registry_in

KEY = Ed25519PrivateKey.generate()
T = TypeVar("T")


class FakeSpool(SpoolClient):
    """A spooler that takes everything, or fails on demand."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.commits: list[Commit] = []
        self.fault: Exception | None = None
        self.open = asyncio.Event()
        self.open.set()

    async def commit(self, commit: Commit) -> Committed:
        await self.open.wait()
        if self.fault is not None:
            raise self.fault
        self.commits.append(commit)
        return Committed([b""])


def mark(site: str, kind: str, text: str) -> list[bytes]:
    """Stand for the digests that rows of events carry."""
    return [f"{epoch}/{site}/{kind}/{text}".encode() for epoch in (2, 1)]


class World:
    """A desk with a registry of its own, and a spool that obeys."""

    def __init__(self, registry: Registry, waiting_max: int = 1_000) -> None:
        self.registry = registry
        self.log = io.StringIO()
        self.spool = FakeSpool()
        self.book = ConsentBook(registry, POLICY, digest_many, lambda: 0.0)
        scribe = Scribe(POLICY, LIMITS, scrubber(), digest_many, lambda site: KEY)
        log = Log("collector", HandClock(), self.log)
        self.desk = ConsentDesk(scribe, registry, self.book, self.spool, mark, waiting_max, log)

    def known(self, **ids: str) -> Recorded:
        self.book.refresh()
        return ask(self.book, **ids)

    def run(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run some work beside the desk, and stop the desk in order."""

        async def whole() -> T:
            desk = asyncio.create_task(self.desk.run())
            try:
                return await asyncio.wait_for(work(), 20)
            finally:
                self.desk.stop()
                await asyncio.wait_for(desk, 20)

        return asyncio.run(whole())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    registry = open_registry_in(tmp_path)
    yield World(registry)
    registry.close()


BOTH: dict[str, Any] = {"purposes": {"analytics": True, "advertising": False}}


def test_a_record_is_in_both_stores_when_it_is_answered(world: World) -> None:
    async def work() -> Recorded:
        answer = await world.desk.submit(decode(**BOTH))
        assert json.loads(answer)["receipt"]["signature"]
        # Without another look at the registry: the worker that answers knows at once.
        return ask(world.book, device="d-1")

    said = Recorded(withdrawn=bits("advertising"), granted=bits("analytics"))
    assert world.run(work) == said
    (commit,) = world.spool.commits
    assert [part.table for part in commit.parts] == ["consents"] and commit.counts == []


def test_a_wish_to_be_erased_is_noted_once_even_where_its_row_fails(world: World) -> None:
    wish = withdraw_all("d-1", sender(trusted=False), POLICY, "glean")

    async def work() -> None:
        world.spool.fault = Unavailable("spooler")
        with pytest.raises(Unavailable):
            await world.desk.submit(wish)
        world.spool.fault = None
        await asyncio.gather(world.desk.submit(wish), world.desk.submit(decode(device="d-2")))

    world.run(work)
    (noted,) = list_requests(world.registry)
    assert (noted.kind, noted.site, noted.source) == ("erase", "soq", "glean")
    assert world.known(device="d-1").withdrawn == bits(*wish.refused)
    assert {"analytics", "advertising", "diagnostics"} <= wish.refused
    assert "necessary" not in wish.refused


def test_releases_leave_out_who_withdrew_and_count_who_agreed_again(world: World) -> None:
    left_out: list[list[bytes]] = []

    async def work() -> None:
        for minutes, says in enumerate([True, False, True]):
            at = f"2026-01-01T00:0{minutes}:00Z"
            said = decode(device="d-1", purposes={"partner_sharing": says}, decided_at=at)
            await world.desk.submit(said)
            left_out.append(list_excluded(world.registry))

    world.run(work)
    assert left_out == [[], sorted(mark("soq", "device", "d-1")), []]


@pytest.mark.parametrize("fault", [SpoolFull(), Unavailable("spooler"), RuntimeError()])
def test_without_a_spool_the_refusal_holds_and_the_grant_does_not(
    world: World, fault: Exception
) -> None:
    world.spool.fault = fault

    async def work() -> None:
        with pytest.raises(type(fault)):
            await world.desk.submit(decode(**BOTH))

    world.run(work)
    assert world.known(device="d-1") == Recorded(withdrawn=bits("advertising"))
    assert "consent was not kept" in world.log.getvalue() and "d-1" not in world.log.getvalue()


def test_what_failed_is_whole_after_it_was_sent_again(world: World) -> None:
    record = decode(**BOTH)

    async def work() -> tuple[bytes, bytes]:
        world.spool.fault = SpoolFull()
        with pytest.raises(SpoolFull):
            await world.desk.submit(record)
        world.spool.fault = None
        return await world.desk.submit(record), await world.desk.submit(record)

    first, second = world.run(work)
    assert first == second
    assert world.known(device="d-1").granted == bits("analytics")
    digests = {commit.parts[0].digests for commit in world.spool.commits}
    assert len(world.spool.commits) == 2 and len(digests) == 1


def test_without_a_registry_nothing_is_kept(world: World) -> None:
    world.registry.close()
    with world.registry.write() as connection:
        connection.exec_driver_sql("DROP TABLE consent_states")

    async def work() -> None:
        with pytest.raises(Unavailable):
            await world.desk.submit(decode(purposes={"analytics": False}))

    world.run(work)
    assert world.spool.commits == []


def test_a_record_without_its_sites_key_fails_alone(world: World) -> None:
    async def work() -> list[bytes | BaseException]:
        records = [decode_for("soq"), decode_for(GONE), decode_for("ads")]
        submitted = [world.desk.submit(one) for one in records]
        return await asyncio.gather(*submitted, return_exceptions=True)

    first, second, third = world.run(work)
    assert isinstance(first, bytes) and isinstance(third, bytes)
    assert isinstance(second, Unavailable)


def test_records_that_wait_together_share_a_commit(world: World) -> None:
    count = RECORDS_PER_ROUND_MAX + 50

    async def work() -> None:
        world.spool.open.clear()
        submitted = [
            asyncio.create_task(world.desk.submit(decode(device=f"d-{n}"))) for n in range(count)
        ]
        await asyncio.sleep(1)
        world.spool.open.set()
        await asyncio.gather(*submitted)

    world.run(work)
    assert sum(commit.parts[0].rows for commit in world.spool.commits) == count
    assert len(world.spool.commits) <= 4
    assert all(world.known(device=f"d-{n}").granted for n in (0, count - 1))


def test_too_many_are_told_to_come_again_and_stopping_answers_all(tmp_path: Path) -> None:
    registry = open_registry_in(tmp_path)
    world = World(registry, waiting_max=3)

    async def work() -> list[bytes | BaseException]:
        world.spool.open.clear()
        submitted: list[asyncio.Task[bytes]] = []
        for number in range(12):
            record = decode(device=f"d-{number}")
            submitted.append(asyncio.create_task(world.desk.submit(record)))
            await asyncio.sleep(0.05)
        world.desk.stop()
        world.spool.open.set()
        return await asyncio.gather(*submitted, return_exceptions=True)

    answers = world.run(work)
    kept = [one for one in answers if isinstance(one, bytes)]
    told = [one for one in answers if isinstance(one, BadRequest)]
    assert len(kept) + len(told) == 12 and kept and told
    assert {one.reason for one in told} == {"busy"}
    assert sum(commit.parts[0].rows for commit in world.spool.commits) == len(kept)
    registry.close()
