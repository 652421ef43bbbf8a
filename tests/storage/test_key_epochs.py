"""Epochs: which key serves which moment, and when each must die."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.key_epochs import KEY_CLASSES, KeyClass, due_at, end_of, epoch_of, next_start

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
    end = end_of("advertising", "2026-10")
    due = due_at("advertising", made, made, end, retention_days=90)
    assert due == at("2027-01-01T00:00") + timedelta(days=120)
    used = at("2027-03-01T00:00")
    assert due_at("advertising", made, used, end, 90) == used + timedelta(days=120)


def test_short_lived_keys_have_fixed_lives() -> None:
    made = at("2026-11-22T07:00")
    late = made + timedelta(days=300)
    ends = [end_of(key_class, "2026-11-22") for key_class in ("visit", "session")]
    assert due_at("visit", made, late, ends[0], 999) == made + timedelta(hours=48)
    assert due_at("session", made, late, ends[1], 999) == at("2026-12-01T00:00")


def test_classes_without_rotation_are_never_due() -> None:
    made = at("2026-11-22T07:00")
    forever = [c for c in KEY_CLASSES if epoch_of(c, made) == "0"]
    assert forever == ["person", "consent", "event", "import", "signing", "forward"]
    assert all(due_at(c, made, made, end_of(c, "0"), 1) is None for c in forever)


STARTS = [at("2026-11-30T00:00"), at("2026-12-02T00:00"), at("2027-01-01T00:00")]
"""Two rotations in one advertising epoch, and one where an epoch begins anyway."""


@pytest.mark.parametrize(
    ("key_class", "moment", "epoch", "end"),
    [
        ("person", "2026-11-29T23:59", "0", "2026-11-30T00:00"),
        ("person", "2026-11-30T00:00", "2026-11-30", "2026-12-02T00:00"),
        ("person", "2031-01-01T00:00", "2027-01-01", None),
        ("advertising", "2026-11-29T23:59", "2026-10", "2026-11-30T00:00"),
        ("advertising", "2026-11-30T00:00", "2026-11-30", "2026-12-02T00:00"),
        ("advertising", "2026-12-31T00:00", "2026-12-02", "2027-01-01T00:00"),
        ("advertising", "2027-01-01T00:00", "2027-01", "2027-04-01T00:00"),
        ("advertising", "2027-04-01T00:00", "2027-04", "2027-07-01T00:00"),
        ("session", "2026-11-30T00:00", "2026-11-30", "2026-12-01T00:00"),
    ],
)
def test_a_rotation_begins_an_epoch_and_ends_the_one_before(
    key_class: KeyClass, moment: str, epoch: str, end: str | None
) -> None:
    assert epoch_of(key_class, at(moment), starts=STARTS) == epoch
    assert end_of(key_class, epoch, STARTS) == (at(end) if end else None)


@given(
    MOMENTS,
    st.sampled_from(["person", "device", "advertising"]),
    st.lists(st.integers(7_305, 47_000), max_size=5),
)
def test_rotated_epochs_tile_time_and_begin_at_midnight(
    moment: datetime, key_class: KeyClass, days: list[int]
) -> None:
    starts = sorted(datetime.fromtimestamp(day * 86_400, UTC) for day in days)
    epoch = epoch_of(key_class, moment, starts=starts)
    end = end_of(key_class, epoch, starts)
    if end is None:
        assert key_class == "person" and all(start <= moment for start in starts)
        return
    assert moment < end and end.time() == datetime.min.time()
    assert epoch_of(key_class, end, starts=starts) != epoch
    assert epoch_of(key_class, end - timedelta(milliseconds=1), starts=starts) == epoch


@pytest.mark.parametrize(
    ("now", "midnight", "monday"),
    [
        ("2026-11-25T09:00", "2026-11-26", "2026-11-30"),
        ("2026-11-25T23:54", "2026-11-26", "2026-11-30"),
        ("2026-11-25T23:56", "2026-11-27", "2026-11-30"),
        ("2026-11-29T23:54", "2026-11-30", "2026-11-30"),
        ("2026-11-29T23:56", "2026-12-01", "2026-12-07"),
        ("2026-11-30T00:00", "2026-12-01", "2026-12-07"),
    ],
)
def test_a_rotation_begins_when_every_process_knows_of_it(
    now: str, midnight: str, monday: str
) -> None:
    assert next_start(at(now), on_monday=False) == at(f"{midnight}T00:00")
    assert next_start(at(now), on_monday=True) == at(f"{monday}T00:00")
