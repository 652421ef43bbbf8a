"""Classes of pseudonym keys, their epochs, and when each key must die; no state, no clock.

Called by the keyring. A class says what a key is for; an epoch is the span of event time that one
key serves; its label is part of the key's name. A rotation begins an epoch before its time, at a
midnight of UTC, so that every epoch begins where a release's window may be cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal, get_args

KeyClass = Literal[
    "person",
    "device",
    "advertising",
    "session",
    "visit",
    "consent",
    "event",
    "import",
    "signing",
    "forward",
]
"""What a key is for: digests of one kind of identifier, or the signature of releases."""

KEY_CLASSES: tuple[KeyClass, ...] = get_args(KeyClass)
"""All classes."""

FOREVER = "0"
"""Epoch label of the classes without scheduled rotation."""

EPOCH_MONTHS: dict[KeyClass, int] = {"device": 13, "advertising": 3}
"""Length of the epochs that begin on the first of a month, in months."""

PURPOSE_OF: dict[KeyClass, str] = {
    "person": "analytics",
    "device": "analytics",
    "advertising": "advertising",
}
"""Whose retention decides how long rows with digests of the class live."""

ROTATED: tuple[KeyClass, ...] = (*PURPOSE_OF, "forward")
"""The classes that may be rotated; the others end every day, or tell no two events of one person
together. A key of `forward` is one recipient's, by which the recipient knows people."""

ROTATION_LEAD = timedelta(minutes=5)
"""A rotation begins so long after it was asked for at least, so that every process knows of it."""

AFTER_RETENTION_DAYS = 30
"""Days that a key outlives the last row digested with it, so that an erasure still finds it."""

VISIT_LIFE = timedelta(hours=48)
"""Life of a visit salt, from its making."""

SESSION_LATE_DAYS = 8
"""Days that a session key outlives its day: events may be seven days late, and a night passes."""


def epoch_of(
    key_class: KeyClass, at: datetime, zone: tzinfo = UTC, starts: Sequence[datetime] = ()
) -> str:
    """Give the label of the epoch that a moment falls in.

    `zone` is the site's time zone and counts for `visit` alone; all other epochs are UTC's.
    `starts` are the rotations of the site's class, in order; an epoch that one of them begins is
    named after its day.
    """
    if key_class == "visit":
        return at.astimezone(zone).date().isoformat()
    if key_class == "session":
        return at.astimezone(UTC).date().isoformat()
    moment = at.astimezone(UTC)
    months = EPOCH_MONTHS.get(key_class)
    number = (moment.year * 12 + moment.month - 1) // months * months if months else None
    rotated = [start for start in starts if start <= moment]
    if rotated and (number is None or rotated[-1] > _first_of(number)):
        return rotated[-1].date().isoformat()
    return FOREVER if number is None else f"{number // 12:04d}-{number % 12 + 1:02d}"


def end_of(key_class: KeyClass, epoch: str, starts: Sequence[datetime] = ()) -> datetime | None:
    """Give the first moment after an epoch in UTC, None where it has no end.

    A visit's day is taken as UTC's: its key's life hangs on its making, not on this.
    """
    if key_class in ("visit", "session"):
        return _moment(epoch) + timedelta(days=1)
    begin = None if epoch == FOREVER else _moment(epoch if len(epoch) > 7 else f"{epoch}-01")
    ends = [start for start in starts if begin is None or start > begin]
    months = EPOCH_MONTHS.get(key_class)
    if months and begin is not None:
        number = (begin.year * 12 + begin.month - 1) // months * months + months
        ends.append(_first_of(number))
    return min(ends, default=None)


def next_start(now: datetime, *, on_monday: bool) -> datetime:
    """Give when a rotation asked for now begins: at a midnight of UTC, of a Monday if so wished.

    Weeks of releases begin on Mondays: a rotation then cuts none in two.
    """
    soonest = (now + ROTATION_LEAD).astimezone(UTC)
    start = soonest.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return start + timedelta(days=-start.weekday() % 7) if on_monday else start


def _first_of(number: int) -> datetime:
    """Give the first moment of a month, counted from the year 0."""
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def _moment(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)


def due_at(
    key_class: KeyClass,
    made_at: datetime,
    used_at: datetime,
    end: datetime | None,
    retention_days: int,
) -> datetime | None:
    """Give the moment from which a key must be destroyed, None where nothing schedules it.

    `end` is its epoch's; `used_at` is the last day on which it was asked for; `retention_days` is
    how long rows of the class are kept, counted from their arrival. A late import may use an old
    epoch's key: the key then outlives those rows too, or an erasure could not find them.
    """
    if end is None:
        return None
    if key_class == "visit":
        return made_at + VISIT_LIFE
    if key_class == "session":
        return max(end, made_at) + timedelta(days=SESSION_LATE_DAYS)
    return max(end, used_at) + timedelta(days=retention_days + AFTER_RETENTION_DAYS)
