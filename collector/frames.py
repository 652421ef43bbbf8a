"""The schemas on the two sides of the line, and the way from `RawEvent`s to a frame.

`DECODED` is what decoding gives: it may identify, and lives in memory only. `PROTECTED` is what
`conform` gives: the at-rest columns of both tables and four control columns that identify nobody.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import polars as pl

from collector.raw_event import RawEvent
from storage.schemas import COMMON, DIAGNOSTICS, EVENTS, TIME

Schema = dict[str, pl.DataType | type[pl.DataType]]

MEASUREMENTS = DIAGNOSTICS["measurements"]

CONTROL: Schema = {
    "row": pl.UInt32,
    "table": pl.String,
    "identity": pl.Binary,
    "is_import": pl.Boolean,
}
"""Which event of the batch, for which table, its digest for duplicates, and whether imported."""

_TYPES: Schema = {
    "occurred_at_ms": pl.Int64,
    "sent_at_ms": pl.Int64,
    "received_at_ms": pl.Int64,
    "is_import": pl.Boolean,
    "granted": pl.UInt16,
    "refused": pl.UInt16,
    "_properties": pl.Binary,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
    "revenue": pl.Float64,
    "screen_width": pl.UInt16,
    "screen_height": pl.UInt16,
    "measurements": MEASUREMENTS,
}
"""Types of the decoded columns that are not text."""

_FIELDS = RawEvent.__struct_fields__

DECODED: Schema = {"row": pl.UInt32} | {name: _TYPES.get(name, pl.String) for name in _FIELDS}
"""Columns right after decoding, in the order of `RawEvent`."""

PROTECTED: Schema = CONTROL | COMMON | EVENTS | DIAGNOSTICS
"""Columns right of the line: nothing here starts with `_`."""


def to_frame(events: Sequence[RawEvent]) -> pl.DataFrame:
    """Give decoded events as one frame of schema `DECODED`; `row` is the place in `events`.

    Shape: n events -> n rows.
    """
    columns = {name: [getattr(event, name) for event in events] for name in _FIELDS}
    frame = pl.DataFrame(columns, schema={n: DECODED[n] for n in _FIELDS}, strict=True)
    return frame.with_row_index("row")


def to_nested(
    name: str, values: Sequence[object], kind: pl.DataType | type[pl.DataType]
) -> pl.Series:
    """Give a column of lists of objects.

    By way of JSON text, which Polars reads twenty times as fast as it looks through objects.
    """
    texts = [msgspec.json.encode(value).decode() for value in values]
    return pl.Series(name, texts, pl.String).str.json_decode(kind)


def to_time(milliseconds: pl.Expr) -> pl.Expr:
    """Give a column of UTC milliseconds as the at-rest time type."""
    return pl.from_epoch(milliseconds, "ms").dt.replace_time_zone("UTC").cast(TIME)
