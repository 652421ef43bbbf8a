"""A recorded refusal names the pseudonyms under which events of these days may still wait."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from collector.consent_scribe import Scribe
from collector.identifiers import canonical_id
from storage.key_epochs import KeyClass
from tests.collector.test_consent_record import decode
from tests.collector.test_consent_scribe import IDS, KEY
from tests.collector.worlds import LIMITS, POLICY, scrubber

DAY_MS = 86_400_000

NAMED: dict[str, Any] = {**IDS}


def digest_by_day(
    key_class: KeyClass, sites: Sequence[str], at: Sequence[int], values: Sequence[bytes | None]
) -> list[bytes | None]:
    """Digest as if every day of UTC had keys of its own."""
    return [
        None
        if value is None
        else blake2b(
            value, key=f"{key_class}/{site}/{moment // DAY_MS}".encode(), digest_size=16
        ).digest()
        for site, moment, value in zip(sites, at, values, strict=True)
    ]


def write(*, is_forwarding: bool = True, **fields: Any) -> list[tuple[bytes, ...]]:
    """Give the pseudonyms that a record of a person and a device notes."""
    made = (POLICY, LIMITS, scrubber(), digest_by_day, lambda site: KEY, is_forwarding)
    return [one.pseudonyms for one in Scribe(*made).write(decode(**NAMED | fields)).decided]


def test_every_day_that_an_event_may_be_of_is_covered() -> None:
    person, device = write(purposes={"advertising": False})
    now_ms = decode(**NAMED).sender.received_at_ms
    oldest = -(LIMITS.event_age_days_max + 3)
    kinds: list[tuple[KeyClass, tuple[bytes, ...]]] = [("person", person), ("device", device)]
    for kind, noted in kinds:
        for day in range(oldest, 2):
            value = [canonical_id(IDS[kind])]
            (digest,) = digest_by_day(kind, ["soq"], [now_ms + day * DAY_MS], value)
            assert digest in noted, f"day {day}"
    assert not set(person) & set(device)


def test_only_refusals_note_them_and_only_where_somebody_is_forwarded_to() -> None:
    assert write(purposes={"advertising": True}) == [(), ()]
    assert write(purposes={"advertising": False}, is_forwarding=False) == [(), ()]
