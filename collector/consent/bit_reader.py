"""Bits of a base64url text, read in order; one that ends too early is an error, never zeroes.

Why an error: a decoder that reads what is missing as "not restricted" turns a cut string that
refuses everything into one that grants everything.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode

_SIGNS = re.compile(r"[A-Za-z0-9_-]*")

BITS_PER_SIGN = 6


class Unreadable(Exception):
    """A signal is not what its standard says; it is unknown, and grants nothing."""


class BitReader:
    """Reads a text of base64url signs, six bits each, the highest first."""

    def __init__(self, text: str) -> None:
        """Errors: Unreadable where a sign is none of base64url's."""
        if not _SIGNS.fullmatch(text):
            raise Unreadable
        padding = -len(text) % 4
        number = int.from_bytes(urlsafe_b64decode(text + "A" * padding), "big")
        self._number = number >> padding * BITS_PER_SIGN
        self._left = len(text) * BITS_PER_SIGN

    @property
    def left(self) -> int:
        """Bits that were not read yet."""
        return self._left

    def read(self, bits: int) -> int:
        """Give the next bits as a number.

        Errors: Unreadable where so many are not left.
        """
        if bits > self._left:
            raise Unreadable
        self._left -= bits
        return self._number >> self._left & ((1 << bits) - 1)

    def read_flag(self) -> bool:
        """Give the next bit."""
        return self.read(1) == 1

    def read_set(self, bits: int) -> frozenset[int]:
        """Give the places, from 1, of the bits that are set among the next ones."""
        number = self.read(bits)
        return frozenset(place for place in range(1, bits + 1) if number >> (bits - place) & 1)

    def expect_end(self) -> None:
        """See that only padding is left, which is zeroes.

        Errors: Unreadable.
        """
        if self.read(self._left):
            raise Unreadable
