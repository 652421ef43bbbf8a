"""Planted identifiers, and every form in which one of them could come to light."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

import polars as pl

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
    "write_key": "sk_s_canarykeycanarykeycanarykey",
}
"""One value of each class that promise 1 names. None belongs to anybody."""

TEXT_CLASSES = ("person", "device", "advertising_id", "session", "address", "email", "phone",
                "national_id", "card", "user_agent")  # fmt: skip
"""Classes that must be found inside free text too."""


@lru_cache(maxsize=100)
def forms_of(value: str) -> frozenset[bytes]:
    """Give a value as it could be written: raw, compact, hex, base64 at all alignments, percent-
    encoded, and as a digest without a key. All in lower case."""
    raw = value.encode()
    compact = "".join(value.split()).encode()
    forms = {raw, compact, raw.hex().encode(), quote(value, safe="").encode()}
    forms.add("".join(f"%{byte:02x}" for byte in raw).encode())
    forms |= set(_base64_cores(raw)) | set(_base64_cores(compact))
    for text in (raw, compact, raw.lower()):
        for name in ("md5", "sha1", "sha256"):
            digest = hashlib.new(name, text).digest()[:16]
            forms |= {digest, digest.hex().encode()}
        digest = hashlib.blake2b(text, digest_size=16).digest()
        forms |= {digest, digest.hex().encode()}
    return frozenset(form.lower() for form in forms)


def _base64_cores(raw: bytes) -> Iterator[bytes]:
    """Give the part of the base64 form that does not depend on what stands before and after."""
    for shift in range(3):
        encoded = b64encode(b"\0" * shift + raw)
        start, end = -(-shift * 8 // 6), (shift + len(raw)) * 8 // 6
        yield encoded[start:end]
        yield encoded[start:end].replace(b"+", b"-").replace(b"/", b"_")


def find_in(content: bytes, canaries: dict[str, str]) -> set[str]:
    """Give the classes of which any form stands in the bytes.

    All forms are looked for in one pass (Aho-Corasick, as Polars has it, over the bytes read as
    Latin-1); only where one is found is it asked whose.
    """
    forms = {form.decode("latin-1") for value in canaries.values() for form in forms_of(value)}
    text = pl.Series([content.decode("latin-1")])
    if not text.str.contains_any(sorted(forms), ascii_case_insensitive=True).item():
        return set()
    lowered = content.lower()
    return {
        name for name, value in canaries.items() if any(form in lowered for form in forms_of(value))
    }


def search_files(folders: list[Path], canaries: dict[str, str]) -> dict[str, set[str]]:
    """Search every byte of every file; give file name -> classes found."""
    found = {}
    for folder in folders:
        for file in folder.rglob("*"):
            if file.is_file() and (classes := find_in(file.read_bytes(), canaries)):
                found[file.name] = classes
    return found
