"""Batches that wait in the spool while a newer version takes over are loaded by that one."""

from __future__ import annotations

from io import BytesIO

import polars as pl
import pytest

from storage.schemas import ADDED, DIAGNOSTICS, EVENTS
from storage.spool_rows import decode_rows, encode_rows


@pytest.mark.parametrize(("table", "schema"), [("events", EVENTS), ("diagnostics", DIAGNOSTICS)])
def test_columns_added_since_are_empty(table: str, schema: dict[str, pl.DataType]) -> None:
    frame = pl.DataFrame({"event_name": ["a", "b"]}, schema_overrides=schema)
    rows = frame.select(
        frame["event_name"] if name == "event_name" else pl.lit(None, kind).alias(name)
        for name, kind in schema.items()
    )
    older = rows.drop(*ADDED)
    kept = decode_rows(table, as_stream(older))
    assert list(kept.columns) == list(schema) and dict(kept.schema) == schema
    assert kept["decided_by"].to_list() == [[], []]
    assert kept["event_name"].to_list() == ["a", "b"]
    assert decode_rows(table, encode_rows(table, rows)).equals(rows)


def test_a_column_that_was_always_there_may_not_be_missing() -> None:
    rows = pl.DataFrame(schema=EVENTS)
    with pytest.raises(ValueError, match="schema"):
        decode_rows("events", as_stream(rows.drop("site")))


def as_stream(frame: pl.DataFrame) -> bytes:
    stream = BytesIO()
    frame.write_ipc_stream(stream)
    return stream.getvalue()
