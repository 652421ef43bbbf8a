"""Classes of pseudonym keys, their epochs, and when each key must die; no state, no clock.

Called by the keyring. A class says what a key is for; an epoch is the span of event time that one
key serves; its label is part of the key's name. Design 4.4 argues the lengths.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Literal, get_args

KeyClass = Literal[
    "person", "device", "advertising", "session", "visit", "consent", "event", "import", "signing"
]
"""What a key is for: digests of one kind of identifier, or the signature of releases."""

KEY_CLASSES: tuple[KeyClass, ...] = get_args(KeyClass)
"""All classes."""

FOREVER = "0"
"""Epoch label of the classes without scheduled rotation."""

EPOCH_MONTHS: dict[KeyClass, int] = {"device": 13, "advertising": 3}
"""Length of the epochs that begin on the first of a month, in months."""

PURPOSE_OF: dict[KeyClass, str] = {"device": "analytics", "advertising": "advertising"}
"""Whose retention decides how long rows with digests of the class live."""

AFTER_RETENTION_DAYS = 30
"""Days that a key outlives the last row digested with it, so that an erasure still finds it."""

VISIT_LIFE = timedelta(hours=48)
"""Life of a visit salt, from its making."""

SESSION_LATE_DAYS = 8
"""Days that a session key outlives its day: events may be seven days late, and a night passes."""


def epoch_of(key_class: KeyClass, at: datetime, zone: tzinfo = UTC) -> str:
    """Give the label of the epoch that a moment falls in.

    `zone` is the site's time zone and counts for `visit` alone; all other epochs are UTC's.
    """
    if key_class == "visit":
        return at.astimezone(zone).date().isoformat()
    if key_class == "session":
        return at.astimezone(UTC).date().isoformat()
    months = EPOCH_MONTHS.get(key_class)
    if months is None:
        return FOREVER
    moment = at.astimezone(UTC)
    number = (moment.year * 12 + moment.month - 1) // months * months
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def end_of(key_class: KeyClass, epoch: str) -> datetime | None:
    """Give the first moment after an epoch in UTC, None where it has no end.

    A visit's day is taken as UTC's: its key's life hangs on its making, not on this.
    """
    if epoch == FOREVER:
        return None
    if key_class in ("visit", "session"):
        return datetime.fromisoformat(epoch).replace(tzinfo=UTC) + timedelta(days=1)
    year, month = (int(part) for part in epoch.split("-"))
    number = year * 12 + month - 1 + EPOCH_MONTHS[key_class]
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


def due_at(
    key_class: KeyClass, epoch: str, made_at: datetime, used_at: datetime, retention_days: int
) -> datetime | None:
    """Give the moment from which a key must be destroyed, None where nothing schedules it.

    `used_at` is the last day on which it was asked for; `retention_days` is how long rows of the
    class are kept, counted from their arrival. A late import may use an old epoch's key: the key
    then outlives those rows too, or an erasure could not find them.
    """
    end = end_of(key_class, epoch)
    if end is None:
        return None
    if key_class == "visit":
        return made_at + VISIT_LIFE
    last_use = max(end, used_at)
    if key_class == "session":
        return max(end, made_at) + timedelta(days=SESSION_LATE_DAYS)
    return last_use + timedelta(days=retention_days + AFTER_RETENTION_DAYS)
