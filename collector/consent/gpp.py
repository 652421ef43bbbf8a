"""What a string of the IAB Global Privacy Platform says of our purposes.

Source: IAB Tech Lab, Global Privacy Platform, "Consent String Specification" and sections 2 (EU),
6 (US privacy) and 7 to 27 (US national and states). The US sections can only refuse: "did not opt
out" is no consent. A section that cannot be read takes every grant away; what the others refuse
stays.
"""

from __future__ import annotations

import re

from collector.consent.bit_reader import BitReader, Unreadable
from collector.consent.bits import to_bits
from collector.consent.signal import Signal
from collector.consent.tcf import read_tc_string
from collector.consent.us_sections import US_SECTIONS, UsSection
from config.policy import Policy

TEXT_CHARS_MAX = 8_192
"""Longest string that is looked at, in characters."""

SECTIONS_MAX = 32

HEADER_TYPE, HEADER_VERSION = 3, 1

EU_TCF, US_PRIVACY = 2, 6
"""Numbers of two sections that are no bit fields of the US kind."""

OPTED_OUT = 1
"""Value of a two-bit field: the person said no."""

SOLD = ("partner_sharing",)
TARGETED = ("advertising",)
ALL_OF_SELLING = (*SOLD, *TARGETED)
CHILD = (*ALL_OF_SELLING, "personalisation")

_US_PRIVACY = re.compile(r"1[YN-][YN-][YN-]")

Fields = dict[str, list[int]]
"""Name of a field -> its values; one for a field that is no list."""


def read_gpp(text: str, policy: Policy, site: str) -> Signal:
    """Give what a GPP string says of each purpose.

    Errors: Unreadable where it is none, or where a section that we know is wrong and no other
    refuses anything.
    """
    granted = refused = 0
    is_whole = True
    for number, section in split_gpp(text):
        try:
            said = _read_section(number, section, policy, site)
        except Unreadable:
            is_whole = False
            continue
        granted |= said.granted
        refused |= said.refused
    if not is_whole and not refused:
        raise Unreadable
    return Signal(granted & ~refused if is_whole else 0, refused)


def _read_section(number: int, section: str, policy: Policy, site: str) -> Signal:
    """Give what one section says.

    Errors: Unreadable.
    """
    if number == EU_TCF:
        return read_tc_string(section, policy, site)
    return Signal(0, to_bits(policy, _refused_in(number, section)))


def read_us_privacy(text: str) -> tuple[str, ...]:
    """Give the purposes that a US privacy string (`1YYN`) refuses.

    Errors: Unreadable.
    """
    if not _US_PRIVACY.fullmatch(text):
        raise Unreadable
    return ALL_OF_SELLING if text[2] == "Y" else ()


def split_gpp(text: str) -> list[tuple[int, str]]:
    """Give the sections of a GPP string by their numbers.

    Errors: Unreadable where the header does not list what follows.
    """
    if len(text) > TEXT_CHARS_MAX:
        raise Unreadable
    header, *sections = text.split("~")
    numbers = _read_header(BitReader(header))
    if len(numbers) != len(sections):
        raise Unreadable
    return list(zip(numbers, sections, strict=True))


def read_us_section(number: int, text: str) -> Fields:
    """Give the fields of a US section.

    Errors: Unreadable where it ends too early, or is of a version that we do not know.
    """
    form = US_SECTIONS[number]
    core, *others = text.split(".")
    version = BitReader(core).read(6)
    if version not in form.cores or len(others) > bool(form.second):
        raise Unreadable
    fields = _read_fields(core, form.cores[version])
    for other in others:
        fields |= _read_fields(other, form.second)
    return fields


def _refused_in(number: int, section: str) -> set[str]:
    """Give the purposes that a section refuses; one that we do not know refuses nothing."""
    if number == US_PRIVACY:
        return set(read_us_privacy(section))
    if number not in US_SECTIONS:
        return set()
    return _refused_by(read_us_section(number, section), US_SECTIONS[number])


def _refused_by(fields: Fields, form: UsSection) -> set[str]:
    """Give the purposes that the fields of a US section refuse."""
    refused: set[str] = set()
    if OPTED_OUT in (*fields["sale_opt_out"], *fields.get("sharing_opt_out", ())):
        refused.update(SOLD)
    if OPTED_OUT in fields.get("targeted_advertising_opt_out", ()):
        refused.update(TARGETED)
    if OPTED_OUT in fields.get("gpc", ()):
        refused.update(ALL_OF_SELLING)
    if any(fields.get("known_child", ())):
        refused.update(CHILD)
    sensitive = fields.get("sensitive_data_processing", [])
    if form.location and sensitive[form.location - 1 : form.location] == [OPTED_OUT]:
        refused.add("geolocation")
    return refused


def _read_header(reader: BitReader) -> list[int]:
    """Give the numbers of the sections that follow a header, in order.

    Errors: Unreadable.
    """
    if (reader.read(6), reader.read(6)) != (HEADER_TYPE, HEADER_VERSION):
        raise Unreadable
    numbers: list[int] = []
    last = 0
    for _ in range(reader.read(12)):
        is_range = reader.read_flag()
        first = last + _read_fibonacci(reader)
        last = first + _read_fibonacci(reader) if is_range else first
        if last - first >= SECTIONS_MAX or len(numbers) >= SECTIONS_MAX:
            raise Unreadable
        numbers += range(first, last + 1)
    reader.expect_end()
    return numbers


def _read_fibonacci(reader: BitReader) -> int:
    """Give a number in Fibonacci coding, which ends with two ones in a row.

    Errors: Unreadable where it is longer than any section's number needs.
    """
    number, weight, next_weight, was_one = 0, 1, 2, False
    for _ in range(TEXT_CHARS_MAX.bit_length()):
        is_one = reader.read_flag()
        if is_one and was_one:
            return number
        number += weight * is_one
        weight, next_weight, was_one = next_weight, weight + next_weight, is_one
    raise Unreadable


def _read_fields(text: str, form: str) -> Fields:
    """Read the fields of one segment.

    Errors: Unreadable where it ends too early.
    """
    reader = BitReader(text)
    fields: Fields = {}
    for field in form.split():
        name, _, size = field.partition(":")
        bits, _, count = size.partition("x")
        fields[name] = [reader.read(int(bits)) for _ in range(int(count or 1))]
    reader.expect_end()
    return fields
