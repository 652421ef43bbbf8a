"""Identifiers as the consent ledger knows them: digests under the site's consent key.

That key lives long and digests no column of any event, so the ledger finds a person again after
the keys of events have changed, and no event can be found from the ledger alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

from collector.advertising_ids import canonical_advertising_id
from collector.context import DigestMany
from collector.identifiers import canonical_id
from storage.key_epochs import KeyClass

IdKind = Literal["person", "device", "advertising_id"]
"""What an identifier stands for."""

CANONICAL: dict[IdKind, Callable[[str | None], bytes | None]] = {
    "person": canonical_id,
    "device": canonical_id,
    "advertising_id": canonical_advertising_id,
}
"""Kind -> its canonical form, the same one that events are digested from."""

CLASS: dict[IdKind, KeyClass] = {
    "person": "person",
    "device": "device",
    "advertising_id": "advertising",
}
"""Kind -> the class of the key under which events carry it."""

DAY_MS = 86_400_000

DAYS_FORWARDED_MAX = 4
"""Days within which an event that was received is forwarded or given up, and one more."""

ANY_MOMENT_MS = 0
"""The consent key has one epoch, so every moment names the same key."""


def consent_value(kind: IdKind, text: str | None) -> bytes | None:
    """Give what is digested of an identifier: its kind and canonical form; None for no id."""
    canonical = CANONICAL[kind](text)
    return None if canonical is None else f"{kind}\x1f".encode() + canonical


def digest_ids(
    digest_many: DigestMany, sites: Sequence[str], values: Sequence[bytes | None]
) -> list[bytes | None]:
    """Give the digests of identifiers; null stays null, and so does one whose key is no more."""
    return digest_many("consent", sites, [ANY_MOMENT_MS] * len(sites), values)


def pseudonyms_of(
    digest_many: DigestMany,
    site: str,
    kind: IdKind,
    text: str,
    now_ms: int,
    event_age_days_max: int,
) -> tuple[bytes, ...]:
    """Give every digest by which an event that may still be forwarded can carry an identifier.

    An event is digested under the key of its own day, which is any from `event_age_days_max`
    before its receipt to one after, and epochs begin at midnights.
    """
    value = CANONICAL[kind](text)
    days = range(-event_age_days_max - DAYS_FORWARDED_MAX, 2)
    moments = [max(0, now_ms + day * DAY_MS) for day in days]
    found = digest_many(CLASS[kind], [site] * len(moments), moments, [value] * len(moments))
    return tuple(dict.fromkeys(digest for digest in found if digest is not None))
