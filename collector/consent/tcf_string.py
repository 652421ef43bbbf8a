"""TC strings of the IAB Transparency and Consent Framework, versions 2.0 to 2.3, decoded whole.

Source: IAB Tech Lab, "Consent string and vendor list formats v2". A string is segments joined by
`.`; the core comes first, the others say by their first three bits which they are. Pure; every way
in which a string may be wrong is `Unreadable`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from collector.consent.bit_reader import BitReader, Unreadable

TEXT_CHARS_MAX = 8_192
"""Longest string that is looked at, in characters."""

SEGMENTS_MAX = 4

STRINGS_MAX = 1_024
"""Most decoded strings that are held in memory: of one banner and day, most are equal."""

VERSION = 2

DISCLOSED, ALLOWED, PUBLISHER = 1, 2, 3
"""Types of the segments beside the core."""

LETTERS = 26


class Vendors(NamedTuple):
    """A set of vendors, as ranges: never longer than the string that it came in."""

    ranges: tuple[tuple[int, int], ...] = ()
    """First and last number of each range."""

    def has(self, vendor: int) -> bool:
        """Tell whether a vendor is in the set."""
        return any(first <= vendor <= last for first, last in self.ranges)


class Restriction(NamedTuple):
    """What the publisher forbids or demands of some vendors for one purpose."""

    purpose: int
    kind: int
    """0 forbids the purpose, 1 demands consent, 2 demands legitimate interest."""
    vendors: Vendors


class TcString(NamedTuple):
    """A decoded string. Purposes and special features are numbers of the framework."""

    created_ds: int
    """Tenths of a second since 1970."""
    updated_ds: int
    cmp_id: int
    policy_version: int
    is_service_specific: bool
    special_features: frozenset[int]
    consents: frozenset[int]
    """Purposes that the person consents to."""
    interests: frozenset[int]
    """Purposes for which legitimate interest was shown and not objected to."""
    vendor_consents: Vendors
    vendor_interests: Vendors
    restrictions: tuple[Restriction, ...]
    disclosed: Vendors | None = None
    """Vendors that the person was shown, None where the segment is not there."""
    allowed: Vendors | None = None
    publisher_consents: frozenset[int] | None = None
    """What the person allows the publisher itself, None where the segment is not there."""
    publisher_interests: frozenset[int] | None = None


@lru_cache(maxsize=STRINGS_MAX)
def decode_tc_string(text: str) -> TcString:
    """Decode a TC string.

    Errors: Unreadable for anything else than a whole string of version 2.
    """
    if len(text) > TEXT_CHARS_MAX:
        raise Unreadable
    core, *others = text.split(".")
    if len(others) >= SEGMENTS_MAX:
        raise Unreadable
    decoded = _read_core(BitReader(core))
    seen: set[int] = set()
    for segment in others:
        reader = BitReader(segment)
        kind = reader.read(3)
        if kind in seen:
            raise Unreadable
        seen.add(kind)
        decoded = _read_segment(decoded, kind, reader)
    return decoded


def _read_core(reader: BitReader) -> TcString:
    if reader.read(6) != VERSION:
        raise Unreadable
    created, updated, cmp_id = reader.read(36), reader.read(36), reader.read(12)
    reader.read(12 + 6)  # Version and screen of the banner.
    _read_letters(reader)
    reader.read(12)  # Version of the vendor list.
    policy_version, is_service_specific = reader.read(6), reader.read_flag()
    reader.read(1)  # Whether the texts were the standard's.
    special_features, consents = reader.read_set(12), reader.read_set(24)
    interests = reader.read_set(24)
    reader.read(1)  # Whether purpose 1 was left out for the publisher's country.
    _read_letters(reader)
    vendor_consents, vendor_interests = _read_vendors(reader), _read_vendors(reader)
    restrictions = tuple(_read_restriction(reader) for _ in range(reader.read(12)))
    reader.expect_end()
    return TcString(
        created,
        updated,
        cmp_id,
        policy_version,
        is_service_specific,
        special_features,
        consents,
        interests,
        vendor_consents,
        vendor_interests,
        restrictions,
    )


def _read_segment(decoded: TcString, kind: int, reader: BitReader) -> TcString:
    """Give the string with what one more segment says."""
    if kind == DISCLOSED:
        decoded = decoded._replace(disclosed=_read_vendors(reader))
    elif kind == ALLOWED:
        decoded = decoded._replace(allowed=_read_vendors(reader))
    elif kind == PUBLISHER:
        consents, interests = reader.read_set(24), reader.read_set(24)
        custom = reader.read(6)
        reader.read(2 * custom)  # The publisher's own purposes, of which we know nothing.
        decoded = decoded._replace(publisher_consents=consents, publisher_interests=interests)
    else:
        raise Unreadable
    reader.expect_end()
    return decoded


def _read_letters(reader: BitReader) -> None:
    """Pass over a language or country: two letters.

    Errors: Unreadable where they are none.
    """
    if max(reader.read(6), reader.read(6)) >= LETTERS:
        raise Unreadable


def _read_vendors(reader: BitReader) -> Vendors:
    """Read a set of vendors, written as bits or as ranges."""
    highest = reader.read(16)
    if reader.read_flag():
        return _read_ranges(reader)
    return Vendors(tuple((vendor, vendor) for vendor in sorted(reader.read_set(highest))))


def _read_ranges(reader: BitReader) -> Vendors:
    """Read a set of vendors, written as ranges.

    Errors: Unreadable where one runs backwards.
    """
    ranges = []
    for _ in range(reader.read(12)):
        is_range, first = reader.read_flag(), reader.read(16)
        last = reader.read(16) if is_range else first
        if last < first:
            raise Unreadable
        ranges.append((first, last))
    return Vendors(tuple(ranges))


def _read_restriction(reader: BitReader) -> Restriction:
    return Restriction(reader.read(6), reader.read(2), _read_ranges(reader))
