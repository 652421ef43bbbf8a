"""Late events: digested under the epoch of their own time, as long as they are taken at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from collector.digests import CACHED_SECONDS_MAX, Digester
from collector.stages.admit import admit
from collector.stages.gate import gate
from collector.stages.pseudonymise import pseudonymise
from collector.stages.validate import validate
from storage.keyring import Keyring
from tests.collector.test_digests import ms
from tests.collector.test_small_parts import HandSeconds
from tests.collector.worlds import LIMITS, POLICY, event, rows_of, run_stages
from tests.storage.keyring_worlds import MASTER, HandClock

IDS = {
    "_person": "u-1842",
    "_device": "5d3a6f2e-5f65-4b8e-9c5f-0a3f2d4b7c11",
    "_advertising_id": "c59d9eb7-02be-4d0f-a3f5-6e1f1c7a9b20",
    "_session": "s-77",
}
COLUMNS = ("person_id", "device_id", "advertising_id", "session_id")

BEFORE = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
"""The last second of an advertising epoch and of a session's day."""

LATE = timedelta(days=LIMITS.event_age_days_max)


class Worlds:
    """A collector's stages on a real keyring, and a clock for all of them."""

    def __init__(self, folder: Path) -> None:
        self.clock, self.seconds = HandClock(BEFORE), HandSeconds()
        self.keyring = Keyring.open(folder / "keys.sqlite", MASTER, self.clock)
        self._digester = Digester(self.keyring, lambda site: ZoneInfo("UTC"), self.seconds)

    def take(self, occurred_at: datetime, **fields: Any) -> tuple[bytes | None, ...]:
        """Give the four digests and the visit of an event that arrives now."""
        self.seconds.now += CACHED_SECONDS_MAX + 1
        self.keyring.sweep(self.clock.now, POLICY.retention_days)
        one = event(occurred_at_ms=ms(occurred_at), received_at_ms=ms(self.clock.now), **fields)
        digest_many: Callable[..., Any] = self._digester.digest_many
        batch = run_stages([gate, validate, admit, pseudonymise], one, digest_many=digest_many)
        (row,) = rows_of(batch, *COLUMNS, "visit_id")
        return row


@pytest.fixture
def worlds(tmp_path: Path) -> Iterator[Worlds]:
    made = Worlds(tmp_path)
    yield made
    made.keyring.close()


def test_a_late_event_joins_those_of_its_own_time(worlds: Worlds) -> None:
    """Seven days late, swept in between, and after another epoch has begun."""
    in_time = worlds.take(BEFORE, **IDS)
    assert None not in in_time[:4]
    worlds.clock.now = BEFORE + timedelta(days=1)
    after = worlds.take(worlds.clock.now, **IDS)
    worlds.clock.now = BEFORE + LATE
    assert worlds.take(BEFORE, **IDS) == in_time
    assert (after[0], after[1]) == (in_time[0], in_time[1])
    assert after[2] != in_time[2] and after[3] != in_time[3]


def test_a_skewed_clock_does_not_choose_the_epoch(worlds: Worlds) -> None:
    """A sender whose clock is a day ahead is digested under the corrected time."""
    in_time = worlds.take(BEFORE, **IDS)
    ahead = timedelta(days=1)
    assert worlds.take(BEFORE + ahead, sent_at_ms=ms(BEFORE + ahead), **IDS) == in_time


def test_a_time_ahead_of_ours_opens_no_epoch(worlds: Worlds) -> None:
    """The future's key would be made before its time, and would die before its rows."""
    in_time = worlds.take(BEFORE, **IDS)
    assert worlds.take(BEFORE + timedelta(hours=23), **IDS) == in_time
    epochs = {stored.name.epoch for stored in worlds.keyring.names()}
    assert not {"2027-01", "2027-01-01"} & epochs


def test_a_late_visit_is_counted_within_the_salts_life_and_not_after(worlds: Worlds) -> None:
    said_nothing = {"granted": 0, "_address": "95.56.10.20", "_user_agent": "agent"}
    in_time = worlds.take(BEFORE, **said_nothing)[-1]
    worlds.clock.now = BEFORE + timedelta(hours=47)
    assert worlds.take(BEFORE, **said_nothing)[-1] == in_time is not None
    worlds.clock.now = BEFORE + timedelta(hours=48)
    assert worlds.take(BEFORE, **said_nothing)[-1] is None


def test_a_session_key_dies_once_no_event_may_use_it(worlds: Worlds) -> None:
    in_time = worlds.take(BEFORE, **IDS)
    worlds.clock.now = BEFORE + LATE + timedelta(days=2)
    assert worlds.take(BEFORE, is_import=True, **IDS)[3] is None
    assert worlds.take(BEFORE, is_import=True, **IDS)[:3] == in_time[:3]
