"""Sets of rows as bitmaps: row `i` is bit `i % 8` of byte `i // 8`; empty bytes mean no row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
"""One truth value a row."""


def pack_bitmap(flags: Flags) -> bytes:
    """Give the bitmap of the rows that are true; empty where none is."""
    return np.packbits(flags, bitorder="little").tobytes() if flags.any() else b""


def unpack_bitmap(bitmap: bytes, rows: int) -> Flags:
    """Give one truth value a row; all false for an empty bitmap.

    Errors: ValueError where the bitmap is not that of `rows` rows.
    """
    if not bitmap:
        return np.zeros(rows, np.bool_)
    if len(bitmap) != (rows + 7) // 8:
        raise ValueError("a bitmap does not fit its rows")
    bits = np.unpackbits(np.frombuffer(bitmap, np.uint8), count=rows, bitorder="little")
    return bits.view(np.bool_)
