"""Attempts to sign in are bounded by where they come from, whatever e-mail they name."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from dashboards.attempts import (
    ADDRESSES_MAX,
    ATTEMPTS_BURST,
    SECONDS_PER_ATTEMPT,
    WAITING_MAX,
    Attempts,
    TooManyAttempts,
)
from tests.dashboards.worlds import World


class HandSeconds:
    """A clock that a test turns."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def tried(attempts: Attempts, *addresses: str) -> list[bool]:
    """Tell of one attempt after another whether it was let through."""

    async def try_all() -> list[bool]:
        told = []
        for address in addresses:
            try:
                async with attempts.admit(address):
                    told.append(True)
            except TooManyAttempts:
                told.append(False)
        return told

    return asyncio.run(try_all())


def test_an_address_has_so_many_and_gets_more_in_time() -> None:
    clock = HandSeconds()
    attempts = Attempts(clock)
    assert tried(attempts, *["203.0.113.7"] * (ATTEMPTS_BURST + 1)) == [True] * ATTEMPTS_BURST + [
        False
    ]
    assert tried(attempts, "203.0.113.8") == [True]
    clock.now = 2 * SECONDS_PER_ATTEMPT
    assert tried(attempts, *["203.0.113.7"] * 3) == [True, True, False]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2a02:6b8::1", "2a02:6b8::ffff:1", True),
        ("2a02:6b8::1", "2a02:6b8:0:1::1", False),
        ("::ffff:203.0.113.7", "203.0.113.7", True),
        ("", "", True),
    ],
)
def test_a_household_counts_as_one(one: str, other: str, same: bool) -> None:
    attempts = Attempts(HandSeconds())
    tried(attempts, *[one] * ATTEMPTS_BURST)
    assert tried(attempts, other) == [not same]


def test_a_flood_of_addresses_takes_bounded_memory() -> None:
    attempts = Attempts(HandSeconds())
    assert all(tried(attempts, *(f"a{n}" for n in range(ADDRESSES_MAX + 5))))
    assert len(attempts._left) <= ADDRESSES_MAX


def test_only_so_many_wait_together() -> None:
    async def crowd() -> tuple[int, int]:
        attempts, gate = Attempts(HandSeconds()), asyncio.Event()

        async def one(number: int) -> bool:
            try:
                async with attempts.admit(f"a{number}"):
                    await gate.wait()
            except TooManyAttempts:
                return False
            return True

        tasks = [asyncio.create_task(one(n)) for n in range(WAITING_MAX + 10)]
        await asyncio.sleep(0)
        gate.set()
        told = await asyncio.gather(*tasks)
        return sum(told), len(told) - sum(told)

    assert asyncio.run(crowd()) == (WAITING_MAX, 10)


def test_the_page_says_so_and_looks_at_no_password(world: World) -> None:
    # From an address of its own, so that the other tests keep their attempts.
    elsewhere = httpx.HTTPTransport(local_address="127.0.0.77")
    with httpx.Client(base_url=world.address, timeout=30, transport=elsewhere) as client:
        page = client.get("/sign-in").text
        csrf = page.partition('name="csrf" value="')[2].partition('"')[0]

        def attempt(number: int) -> int:
            form = {"csrf": csrf, "email": f"nobody{number}@y.example", "password": "z"}
            return client.post("/sign-in", data=form).status_code

        # All at once, so that a slow machine gives no time for more attempts to come.
        with ThreadPoolExecutor(3 * ATTEMPTS_BURST) as pool:
            answers = list(pool.map(attempt, range(3 * ATTEMPTS_BURST)))
    assert set(answers) == {401, 429}
    assert ATTEMPTS_BURST <= answers.count(401) < 2 * ATTEMPTS_BURST
