"""Advertising ids: which ones are somebody's, and their canonical form.

An id that many devices share would be one subject made of thousands of people, so whatever is
none, is known from a manual, or was typed rather than drawn becomes null and is never digested.
Source: anonymisation notes 5.3; platform manuals (an id that was withdrawn is all zeros).
"""

from __future__ import annotations

import re

from collector.identifiers import is_no_id, read_uuid

DOCUMENTED = frozenset(
    {
        "38400000-8cf0-11bd-b23e-10b96e40000d",
        "cdda802e-fb9c-47ad-9866-0794d394c912",
        "97987bca-ae59-4c7d-94ba-ee4f19ab8c21",
        "e4fe9bde-caa0-47b6-908d-ffba3fa184f2",
        "aebe52e7-03ee-455a-b3c4-e57283966239",
        "ea7583cd-a667-48bc-b806-42ecb2b48606",
        "6d92078a-8246-4ba4-ae5b-76104861e7dc",
        "8d8ac610-566d-4ef0-9c22-186b2a5ed793",
        "8a2e4f6d-0852-4b2a-b9d5-79334de14b16",
        "a1b2c3d4-e5f6-7890-abcd-ef1234567890",
        "123e4567-e89b-12d3-a456-426614174000",
        "123e4567-e89b-12d3-a456-426655440000",
        "550e8400-e29b-41d4-a716-446655440000",
        "f47ac10b-58cc-4372-a567-0e02b2c3d479",
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    }
)
"""Examples of the platforms' and the advertising networks' manuals, and of those on UUIDs; apps
that were never finished send them as they stand."""

DISTINCT_DIGITS_MIN = 7
"""Fewer different hexadecimal digits were typed: of drawn ids one in 10^9 has so few."""

REPEATED_DIGITS = 10
"""So many equal digits in a row were typed or filled up: of drawn ids one in 10^9."""

STEPS_MAX = 23
"""More of the 31 steps from digit to digit that stay or go on by one, all upwards or all
downwards, were typed: `12345678-1234-...`, `00112233-4455-...`. Of drawn ids one in 10^15."""

_LONG_RUN = re.compile(rf"(.)\1{{{REPEATED_DIGITS - 1}}}")
_UPWARDS = frozenset(
    f"{a:x}{b:x}" for a in range(16) for b in (a, (a + 1) % 16, 0 if a == 9 else a)
)
_DOWNWARDS = frozenset(step[::-1] for step in _UPWARDS)


def canonical_advertising_id(text: str | None) -> bytes | None:
    """Give an advertising id in lower-case dashed form; None where it is nobody's.

    None for what is absent, zeroed, no UUID, an example of a manual, or typed by hand.
    """
    if text is None or is_no_id(text):
        return None
    uuid = read_uuid(text.strip())
    if uuid is None or uuid in DOCUMENTED or _is_typed(uuid.replace("-", "")):
        return None
    return uuid.encode()


def _is_typed(digits: str) -> bool:
    """Tell 32 hexadecimal digits that nobody drew at random."""
    if len(set(digits)) < DISTINCT_DIGITS_MIN or _LONG_RUN.search(digits):
        return True
    steps = [digits[at : at + 2] for at in range(31)]
    upwards = sum(step in _UPWARDS for step in steps)
    return upwards > STEPS_MAX or sum(step in _DOWNWARDS for step in steps) > STEPS_MAX
