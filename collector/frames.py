"""The schemas on the two sides of the line, and the way from `RawEvent`s to a frame.

`DECODED` is what decoding gives: it may identify, and lives in memory only. `PROTECTED` is what
`conform` gives: the at-rest columns of both tables and four control columns that identify nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec
import polars as pl

from collector.raw_event import RawEvent
from storage.schemas import COMMON, DIAGNOSTICS, EVENTS, TEXTS, TIME

Schema = dict[str, pl.DataType | type[pl.DataType]]

MEASUREMENTS = DIAGNOSTICS["measurements"]

CONTROL: Schema = {
    "row": pl.UInt32,
    "table": pl.String,
    "identity": pl.Binary,
    "is_import": pl.Boolean,
    "struck": pl.String,
}
"""Which event of the batch, for which table, its digest for duplicates, whether imported, and the
categories of its refused properties, one word for each."""

_TYPES: Schema = {
    "occurred_at_ms": pl.Int64,
    "sent_at_ms": pl.Int64,
    "received_at_ms": pl.Int64,
    "is_import": pl.Boolean,
    "is_cut": pl.Boolean,
    "_properties": pl.Binary,
    "latitude": pl.Float64,
    "longitude": pl.Float64,
    "revenue": pl.Float64,
    "screen_width": pl.UInt16,
    "screen_height": pl.UInt16,
    "measurements": MEASUREMENTS,
}
"""Types of the decoded columns that are not text."""

JSON_ROWS_MIN = 160
"""From so many rows on, a column of objects is made by way of JSON text."""

_FIELDS = RawEvent.__struct_fields__

DECODED: Schema = {"row": pl.UInt32} | {name: _TYPES.get(name, pl.String) for name in _FIELDS}
"""Columns right after decoding, in the order of `RawEvent`."""

_ABSENT = {name: pl.Series(name, [None], DECODED[name]) for name in _FIELDS}
"""One null of each decoded column."""

PROTECTED: Schema = CONTROL | COMMON | EVENTS | DIAGNOSTICS
"""Columns right of the line: nothing here starts with `_`."""


def to_frame(events: Sequence[RawEvent]) -> pl.DataFrame:
    """Give decoded events as one frame of schema `DECODED`; `row` is the place in `events`.

    Shape: n events -> n rows.
    """
    rows = [msgspec.structs.astuple(event) for event in events]
    if not rows:
        return pl.DataFrame(schema=DECODED)
    numbers = pl.DataFrame(pl.Series("row", range(len(rows)), pl.UInt32))
    columns = zip(_FIELDS, zip(*rows, strict=True), strict=True)
    return numbers.hstack([_to_series(name, values) for name, values in columns])


def _to_series(name: str, values: Sequence[object]) -> pl.Series:
    """Give a decoded column; one that holds nothing, as most do, costs nothing."""
    if values.count(None) == len(values):
        return _ABSENT[name].new_from_index(0, len(values))
    return pl.Series(name, values, DECODED[name])


def to_nested(
    name: str, values: Sequence[object], kind: pl.DataType | type[pl.DataType]
) -> pl.Series:
    """Give a column of lists of objects.

    By way of JSON text, which Polars reads three times as fast as objects; for few rows that saves
    less than a query costs. A series made from the objects at once takes twenty times as long.
    """
    if len(values) < JSON_ROWS_MIN:
        return pl.from_dicts([{name: value} for value in values], schema={name: kind})[name]
    texts = [msgspec.json.encode(value).decode() for value in values]
    return pl.Series(name, texts, pl.String).str.json_decode(kind)


def to_lists(name: str, rows: Sequence[tuple[str, ...]]) -> pl.Series:
    """Give a column of lists of text of which few differ."""
    place_of = {row: place for place, row in enumerate(dict.fromkeys(rows))}
    kinds = pl.Series(name, [list(row) for row in place_of], TEXTS)
    return kinds[[place_of[row] for row in rows]]


def to_time(name: str, milliseconds: Sequence[int | None]) -> pl.Series:
    """Give moments in UTC milliseconds since 1970 as a column of the at-rest time type."""
    return pl.Series(name, milliseconds, pl.Int64).cast(TIME)


def keep(column: pl.Series, where: pl.Series, otherwise: object) -> pl.Series:
    """Give a column with another value put wherever a boolean column is false."""
    other = pl.Series(column.name, [otherwise], column.dtype).new_from_index(0, column.len())
    return column.zip_with(where, other)


def change(
    batch: pl.DataFrame, columns: Iterable[pl.Series] = (), drops: Iterable[str] = ()
) -> pl.DataFrame:
    """Give a batch with columns added or replaced, and others left out.

    Beside `with_columns` and `drop`, which plan a query each, this takes a tenth of the time; in
    small batches that is most of what they cost.
    """
    batch, present, columns = batch.clone(), set(batch.columns), list(columns)
    for name in {*drops, *(column.name for column in columns if column.name in present)}:
        batch.drop_in_place(name)
    return batch.hstack(columns)
