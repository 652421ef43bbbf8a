"""Planted identifiers, and every form in which one of them could come to light."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import polars as pl

from tests.privacy.disguises import DISGUISES

CANARIES = {
    "person": "person-canary-7f3a9c",
    "device": "4be0d1c2-77aa-4c1e-9a55-c0ffee5ca1ab",
    "advertising_id": "c0ffee00-ad1d-4ad1-8ad1-ca4a41e5ad1d",
    "session": "session-canary-51ee7",
    "address": "198.51.100.213",
    "address_v6": "2001:db8:ca4a:41e5::c0de",
    "user_agent": "CanaryBrowser/9.41 (Planted; Phone 77x) CanaryEngine/13.7",
    "email": "planted.canary@mail-canary.example",
    "phone": "+7 701 234 98 76",
    "national_id": "850713300012",
    "card": "4111 1111 1111 1111",
    "consent_string": "CQCANARYplantedTCstringAAAAAENAKAAAAAAAAAAAAA",
    "cookie": "cookie-canary-b15cu17",
    "surname": "Canaryzhanov",
    "surname_cyrillic": "Канарейжанов",
    "write_key": "sk_s_canarykeycanarykeycanarykey",
}
"""One value of each class that promise 1 names. None belongs to anybody."""

TEXT_CLASSES = ("person", "device", "advertising_id", "session", "address", "email", "phone",
                "national_id", "card", "user_agent")  # fmt: skip
"""Classes that must be found inside free text too."""

HELD_BYTES = 16_000_000
"""Files are searched together up to about so many bytes."""


@lru_cache(maxsize=100)
def forms_of(value: str) -> frozenset[bytes]:
    """Give a value as it could be written, in lower case.

    Raw and without gaps, each in UTF-8, UTF-16, hex, base64 at all alignments, under every
    disguise, and as a digest without a key; numbers also reversed, addresses and UUIDs also packed.
    """
    forms: set[bytes] = set()
    for text in _spellings(value):
        raw = text.encode()
        forms |= {raw, raw.hex().encode(), quote(text, safe="").encode()}
        forms |= {disguise(text).encode() for disguise in DISGUISES.values()}
        forms |= {text.encode("utf-16-le"), text.encode("utf-16-be")}
        forms |= {text.encode("utf-16-le").hex().encode(), *_base64_cores(raw)}
    for text in {value, "".join(value.split()), value.lower()}:
        forms |= set(_digests(text.encode()))
    forms |= set(_packed(value))
    return frozenset(form.replace(b"\0", b"").lower() for form in forms)


def _spellings(value: str) -> set[str]:
    """Give a value with and without its gaps and, of a number, other ways to write its digits."""
    compact = "".join(value.split())
    spellings = {value, compact}
    digits = "".join(char for char in compact if char.isdigit())
    if compact.lstrip("+").isdigit():
        spellings |= {digits, digits[::-1], value[::-1].strip(), "-".join(value.split())}
        if compact.startswith("+7"):
            spellings |= {f"8{digits[1:]}", digits[1:], digits[1:][::-1]}
    return spellings


def _digests(raw: bytes) -> Iterator[bytes]:
    """Give digests without a key, as bytes and in hex, as long as ours or longer."""
    made = [hashlib.new(name, raw).digest()[:16] for name in ("md5", "sha1", "sha256")]
    made.append(hashlib.blake2b(raw, digest_size=16).digest())
    for digest in made:
        yield from (digest, digest.hex().encode())


def _packed(value: str) -> Iterator[bytes]:
    """Give the binary forms of a UUID, as it is written and as columns hold it, or an address."""
    with suppress(ValueError):
        uuid = UUID(value).bytes
        yield from (uuid, uuid[7::-1] + uuid[:7:-1], uuid.hex().encode())
    with suppress(ValueError):
        address = IPv6Address(value)
        yield from (address.packed, address.exploded.encode())
    with suppress(ValueError):
        # Four bytes are found anywhere by chance; the number and the form inside IPv6 are not.
        yield from (str(int(IPv4Address(value))).encode(), f"::ffff:{value}".encode())


def _base64_cores(raw: bytes) -> Iterator[bytes]:
    """Give the part of the base64 form that does not depend on what stands before and after."""
    for shift in range(3):
        encoded = b64encode(b"\0" * shift + raw)
        start, end = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        yield encoded[start:end]
        yield encoded[start:end].replace(b"+", b"-").replace(b"/", b"_")


def find_in(content: bytes, canaries: Mapping[str, str]) -> set[str]:
    """Give the classes of which any form stands in the bytes.

    Zero bytes are left out first, of the forms too: so UTF-16 reads like UTF-8, and the empty parts
    of files take no time. All forms are looked for in one pass (Aho-Corasick, as Polars has it,
    over the bytes read as Latin-1); only where one is found is it asked whose.
    """
    lowered = content.replace(b"\0", b"").lower()
    text = pl.Series([lowered.decode("latin-1")])
    if not text.str.contains_any(_all_forms(tuple(canaries.values()))).item():
        return set()
    return {
        name for name, value in canaries.items() if any(form in lowered for form in forms_of(value))
    }


@lru_cache(maxsize=10)
def _all_forms(values: tuple[str, ...]) -> list[str]:
    """Give the forms of several values, their bytes as Latin-1."""
    return sorted({form.decode("latin-1") for value in values for form in forms_of(value)})


def search_files(folders: list[Path], canaries: Mapping[str, str]) -> dict[str, set[str]]:
    """Search every byte of every file and every file's name; give file name -> classes found.

    Files are searched together, and one by one only where something is among them.
    """
    found: dict[str, set[str]] = {}
    for held in _hold_files(folders):
        if not find_in(b"\0".join(content for _, content in held), canaries):
            continue
        for name, content in held:
            if classes := find_in(content, canaries):
                found[name] = found.get(name, set()) | classes
    return found


def _hold_files(folders: list[Path]) -> Iterator[list[tuple[str, bytes]]]:
    """Give names and bytes of all files, as many at a time as are searched in one go."""
    held: list[tuple[str, bytes]] = []
    size = 0
    for file in (file for folder in folders for file in folder.rglob("*")):
        content = file.name.encode() + b"\n" + _read(file)
        held.append((file.name, content))
        size += len(content)
        if size > HELD_BYTES:
            yield held
            held, size = [], 0
    yield held


def _read(file: Path) -> bytes:
    """Give a file's bytes; what is no file, or is merged away meanwhile, has none."""
    if not file.is_file() or file.is_symlink():
        return b""
    pieces = []
    with suppress(FileNotFoundError), file.open("rb") as opened:
        # Files with holes are a gigabyte of zeros, which no form holds.
        while piece := opened.read(HELD_BYTES):
            pieces.append(piece.replace(b"\0", b""))
    return b"".join(pieces)
