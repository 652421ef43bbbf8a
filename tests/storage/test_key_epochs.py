"""Epochs: which key serves which moment, and when each must die."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.key_epochs import KEY_CLASSES, KeyClass, due_at, end_of, epoch_of

MOMENTS = st.integers(631_152_000, 4_102_444_800).map(lambda s: datetime.fromtimestamp(s, UTC))
"""From 1990 to 2100."""


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("key_class", "moment", "epoch", "end"),
    [
        ("person", "2026-11-22T05:00", "0", None),
        ("consent", "2026-11-22T05:00", "0", None),
        ("session", "2026-11-22T23:59", "2026-11-22", "2026-11-23T00:00"),
        ("advertising", "2026-10-01T00:00", "2026-10", "2027-01-01T00:00"),
        ("advertising", "2026-12-31T23:59", "2026-10", "2027-01-01T00:00"),
        ("advertising", "2027-01-01T00:00", "2027-01", "2027-04-01T00:00"),
    ],
)
def test_epoch_and_its_end(key_class: KeyClass, moment: str, epoch: str, end: str | None) -> None:
    assert epoch_of(key_class, at(moment)) == epoch
    assert end_of(key_class, epoch) == (at(end) if end else None)


def test_visit_day_is_cut_at_the_sites_midnight() -> None:
    almaty = ZoneInfo("Asia/Almaty")
    assert epoch_of("visit", at("2026-11-22T18:59"), almaty) == "2026-11-22"
    assert epoch_of("visit", at("2026-11-22T19:00"), almaty) == "2026-11-23"
    assert epoch_of("session", at("2026-11-22T19:00"), almaty) == "2026-11-22"


@given(MOMENTS, st.sampled_from(["device", "advertising", "session"]))
def test_epochs_tile_time(moment: datetime, key_class: KeyClass) -> None:
    """Each moment lies before its epoch's end, and the end begins the next epoch."""
    epoch = epoch_of(key_class, moment)
    end = end_of(key_class, epoch)
    assert end is not None and moment < end
    assert epoch_of(key_class, end) > epoch
    assert epoch_of(key_class, end - timedelta(milliseconds=1)) == epoch


def test_device_epochs_last_thirteen_months() -> None:
    first = epoch_of("device", at("2026-11-22T00:00"))
    end = end_of("device", first)
    assert end is not None
    begin = datetime.fromisoformat(f"{first}-01").replace(tzinfo=UTC)
    assert (end.year * 12 + end.month) - (begin.year * 12 + begin.month) == 13
    assert begin.day == end.day == 1


def test_long_lived_keys_die_after_their_rows() -> None:
    """End of the epoch + retention + 30 days; a late use of an old epoch moves that on."""
    made = at("2026-10-05T00:00")
    due = due_at("advertising", "2026-10", made, made, retention_days=90)
    assert due == at("2027-01-01T00:00") + timedelta(days=120)
    used = at("2027-03-01T00:00")
    assert due_at("advertising", "2026-10", made, used, 90) == used + timedelta(days=120)


def test_short_lived_keys_have_fixed_lives() -> None:
    made = at("2026-11-22T07:00")
    late = made + timedelta(days=300)
    assert due_at("visit", "2026-11-22", made, late, 999) == made + timedelta(hours=48)
    assert due_at("session", "2026-11-22", made, late, 999) == at("2026-12-01T00:00")


def test_classes_without_rotation_are_never_due() -> None:
    made = at("2026-11-22T07:00")
    forever = [c for c in KEY_CLASSES if epoch_of(c, made) == "0"]
    assert forever == ["person", "consent", "event", "import", "signing"]
    assert all(due_at(c, "0", made, made, 1) is None for c in forever)
