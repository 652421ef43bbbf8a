"""Rows as they lie in the spool: one Arrow IPC stream a batch, in exactly its table's schema.

The pair of functions checks on both sides: before writing, and after reading back.
"""

from __future__ import annotations

from io import BytesIO
from typing import Literal

import polars as pl

from storage.bitmap import unpack_bitmap
from storage.schemas import ADDED, TABLES

Compression = Literal["uncompressed", "lz4", "zstd"]
"""How blobs are compressed; reading back needs not know."""


def encode_rows(table: str, frame: pl.DataFrame, compression: Compression = "lz4") -> bytes:
    """Give the bytes of a frame that has the table's columns, in order.

    Errors: ValueError where the schema is another one; the frame must not enter the spool.
    Why lz4: half of zstd's time for half as many bytes more (decision 0030).
    """
    _check(table, frame)
    stream = BytesIO()
    frame.write_ipc_stream(stream, compression=compression)
    return stream.getvalue()


def decode_rows(table: str, blob: bytes, duplicates: bytes = b"") -> pl.DataFrame:
    """Give the rows of a batch without its duplicates.

    A batch that an earlier version spooled gets the columns added since, empty.
    Errors: ValueError where the blob has another schema than its table.
    """
    frame = _fill(table, pl.read_ipc_stream(BytesIO(blob)))
    _check(table, frame)
    if not duplicates:
        return frame
    return frame.filter(~pl.Series(unpack_bitmap(duplicates, frame.height)))


def _fill(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Give the rows with the columns that their version did not have yet."""
    names = list(TABLES[table])
    missing = [name for name in ADDED if name in names and name not in frame.columns]
    if not missing:
        return frame
    empty = [pl.Series(name, [ADDED[name]], TABLES[table][name]) for name in missing]
    whole = frame.hstack([one.new_from_index(0, frame.height) for one in empty])
    return whole.select([name for name in names if name in whole.columns])


def _check(table: str, frame: pl.DataFrame) -> None:
    if frame.schema != pl.Schema(TABLES[table]):
        raise ValueError("rows are not in their table's schema")
