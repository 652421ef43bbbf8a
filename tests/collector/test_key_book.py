"""Unknown keys: found where they are young, and no way to keep the registry at work."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.key_book import UNKNOWN_SECONDS, KeyBook
from storage.clock import utc_now
from storage.registry.engine import Registry, open_dsn
from storage.registry.keys import create_key


class Counted(KeyBook):
    """Counts how often the registry is asked."""

    looks = 0

    def refresh(self) -> None:
        """Ask, and count it."""
        self.looks += 1
        super().refresh()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    """An open registry."""
    opened = open_dsn(f"sqlite:///{tmp_path}/registry.sqlite")
    yield opened
    opened.close()


def test_many_unknown_keys_share_one_look(registry: Registry) -> None:
    async def flood() -> int:
        book = Counted(registry, utc_now)
        before = book.looks
        found = await asyncio.gather(*(book.find(f"key-{n}") for n in range(500)))
        assert found == [None] * 500
        return book.looks - before

    assert asyncio.run(flood()) <= 3


def test_unknown_keys_one_after_another_are_looked_for_with_pauses(registry: Registry) -> None:
    async def drip() -> float:
        book = KeyBook(registry, utc_now)
        began = asyncio.get_running_loop().time()
        for n in range(4):
            assert await book.find(f"key-{n}") is None
        return asyncio.get_running_loop().time() - began

    assert asyncio.run(drip()) >= 3 * UNKNOWN_SECONDS


def test_an_answer_that_is_known_takes_no_look(registry: Registry) -> None:
    async def again() -> int:
        book = Counted(registry, utc_now)
        await book.find("key-1")
        before = book.looks
        assert [await book.find("key-1") for _ in range(50)] == [None] * 50
        return book.looks - before

    assert asyncio.run(again()) == 0


def test_a_key_as_young_as_its_request_is_found(registry: Registry) -> None:
    async def young() -> None:
        book = KeyBook(registry, utc_now)
        assert await book.find("key-1") is None
        made = create_key(registry, "soq", "browser", "cli:0")
        found = await book.find(made)
        assert found is not None and found.site == "soq"

    asyncio.run(young())
