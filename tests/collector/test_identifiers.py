"""Canonical forms of identifiers, and UUIDs that tell of one."""

from __future__ import annotations

import pytest

from collector.identifiers import canonical_id, is_no_id, read_uuid, tells_of

UUID = "5d3a6f2e-5f65-4b8e-9c5f-0a3f2d4b7c11"


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("u-1842", b"u-1842"),
        ("  u-1842\t", b"u-1842"),
        ("U-1842", b"U-1842"),
        (UUID, UUID.encode()),
        (UUID.upper(), UUID.encode()),
        (UUID.replace("-", ""), UUID.encode()),
        ("\u0438\u0306ван", "йван".encode()),
        ("\ud800", b"?"),
        (None, None),
        ("", None),
        (" ", None),
        ("null", None),
        ("NULL", None),
        ("Undefined", None),
        ("unknown", None),
        ("0", None),
        ("00000000-0000-0000-0000-000000000000", None),
        ("9774d56d682e549c", None),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", None),
        ("F" * 32, None),
        ("02:00:00:00:00:00", None),
        ("[object Object]", None),
        ("NaN", None),
        ("anonymous", None),
        ("\ufeff", None),
        (" \u200b null\u200b", None),
        ("\ufeffu-1842\u200b", b"u-1842"),
        ("\u200b" + UUID, UUID.encode()),
        ("guest-1", b"guest-1"),
        ("000001", b"000001"),
        ("Aigul.S@Mail.KZ", b"aigul.s@mail.kz"),
        ("aigul@@Mail.KZ", b"aigul@@Mail.KZ"),
        ("Team@Home", b"Team@Home"),
        ("+7 (701) 123-45-67", b"+77011234567"),
        ("+77011234567", b"+77011234567"),
        ("+7 701 123", b"+7 701 123"),
        ("+7 701 123 45 67 ext", b"+7 701 123 45 67 ext"),
        ("8 701 123 45 67", b"8 701 123 45 67"),
    ],
)
def test_canonical(text: str | None, canonical: bytes | None) -> None:
    assert canonical_id(text) == canonical
    assert text is None or is_no_id(text) == (canonical is None)


@pytest.mark.parametrize(
    ("text", "uuid"),
    [(UUID.upper(), UUID), (UUID.replace("-", ""), UUID), (UUID + "0", None), ("{" + UUID, None)],
)
def test_uuids(text: str, uuid: str | None) -> None:
    assert read_uuid(text) == uuid


@pytest.mark.parametrize(
    ("identifier", "tells"),
    [
        (UUID, True),
        (UUID.upper(), True),
        ("{" + UUID + "}", True),
        ("urn:uuid:" + UUID.upper(), True),
        ("install-" + UUID.replace("-", ""), True),
        ("0a3f2d4b7c11", True),
        ("5F65-4B8E", True),
        ("4b8e9", False),
        ("o._eK", True),
        ("_eK", False),
        ("u-1842", False),
        ("", False),
    ],
)
def test_a_uuid_that_tells_of_an_identifier(identifier: str, tells: bool) -> None:
    assert tells_of(UUID, identifier) is tells
