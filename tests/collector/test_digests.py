"""Keyed digests with real keys: equal for equals, unlinkable across sites, classes and epochs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from collector import digests
from collector.digests import CACHED_SECONDS_MAX, Digester
from storage.key_epochs import KeyClass
from storage.keyring import Keyring
from tests.collector.test_small_parts import HandSeconds
from tests.storage.keyring_worlds import MASTER, NOW, HandClock

ALMATY = ZoneInfo("Asia/Almaty")


def ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


class Worlds:
    """A digester on a real keyring, whose clock and seconds are set by hand."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.seconds = HandSeconds()
        self.keyring = Keyring.open(folder / "keys.sqlite", MASTER, self.clock)
        self.digester = Digester(
            self.keyring, lambda site: ALMATY if site == "soq" else ZoneInfo("UTC"), self.seconds
        )

    def digest(
        self, key_class: KeyClass, value: bytes = b"u", site: str = "soq", at: datetime = NOW
    ) -> bytes | None:
        return self.digester.digest_many(key_class, [site], [ms(at)], [value])[0]


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Worlds]:
    yield Worlds(tmp_path)


def test_a_digest_is_keyed_blake2b_of_the_class_and_value(worlds: Worlds) -> None:
    key = worlds.keyring.key("soq", "person", NOW)
    expected = blake2b(b"u-1842", key=key, digest_size=16, person=b"person".ljust(16, b"\0"))
    assert worlds.digest("person", b"u-1842") == expected.digest()


def test_values_come_back_in_order_and_null_stays_null(worlds: Worlds) -> None:
    many = worlds.digester.digest_many(
        "person", ["soq"] * 4, [ms(NOW)] * 4, [b"a", None, b"b", b"a"]
    )
    assert many == [worlds.digest("person", b"a"), None, worlds.digest("person", b"b"), many[0]]
    assert worlds.digester.digest_many("person", [], [], []) == []


def test_sites_and_classes_cannot_be_joined(worlds: Worlds) -> None:
    classes: tuple[KeyClass, ...] = ("person", "device", "advertising", "session", "visit", "event")
    made = {worlds.digest(c, site=site) for c in classes for site in ("soq", "other")}
    assert len(made) == 2 * len(classes)


@pytest.mark.parametrize(
    ("key_class", "same", "next_epoch"),
    [
        ("person", NOW + timedelta(days=3_000), None),
        ("device", datetime(2025, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)),
        ("advertising", datetime(2026, 12, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
        ("session", NOW.replace(hour=23), NOW.replace(hour=0) + timedelta(days=1)),
        ("visit", NOW.replace(hour=18, minute=59), NOW.replace(hour=19, minute=0)),
    ],
)  # fmt: skip
def test_an_event_is_digested_under_the_epoch_of_its_own_time(
    worlds: Worlds, key_class: KeyClass, same: datetime, next_epoch: datetime | None
) -> None:
    assert worlds.digest(key_class) == worlds.digest(key_class, at=same)
    if next_epoch is not None:
        assert worlds.digest(key_class) != worlds.digest(key_class, at=next_epoch)


def test_a_visits_day_is_the_sites_own(worlds: Worlds) -> None:
    before, after = (datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (18, 20))
    assert worlds.digest("visit", at=before) != worlds.digest("visit", at=after)
    other = {worlds.digest("visit", site="other", at=at) for at in (before, after)}
    assert len(other) == 1


def test_a_destroyed_key_digests_nothing_any_more(worlds: Worlds) -> None:
    assert worlds.digest("session") is not None
    worlds.clock.now += timedelta(days=30)
    worlds.keyring.sweep(worlds.clock.now, lambda purpose: 1)
    worlds.seconds.now += CACHED_SECONDS_MAX + 1
    assert worlds.digest("session") is None
    assert worlds.digest("session") is None
    assert worlds.digest("session", at=worlds.clock.now) is not None


def test_prepared_hashes_are_forgotten_by_time_and_by_number(
    worlds: Worlds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "CACHED_MAX", 3)
    days = [NOW - timedelta(days=n) for n in range(6)]
    first = [worlds.digest("session", at=day) for day in days]
    assert [worlds.digest("session", at=day) for day in days] == first
    assert len(worlds.digester._prepared) <= 4
    worlds.seconds.now += CACHED_SECONDS_MAX + 1
    worlds.digest("session")
    assert len(worlds.digester._prepared) == 1


def test_moments_before_1970_in_an_import_have_keys_too(worlds: Worlds) -> None:
    assert worlds.digest("visit", at=datetime(1970, 1, 1, tzinfo=UTC)) is not None
