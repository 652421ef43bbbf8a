"""Frames, bitmaps and rows: what goes in comes out, and what is wrong is refused."""

from __future__ import annotations

import msgspec
import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.bitmap import pack_bitmap, unpack_bitmap
from storage.schemas import TABLES
from storage.spool_frames import FRAME_BYTES_MAX, FrameReader, encode_frame
from storage.spool_protocol import (
    ROWS_PER_COMMIT_MAX,
    Claim,
    Commit,
    Count,
    Part,
    Request,
    is_well_formed,
)
from storage.spool_rows import Compression, decode_rows, encode_rows
from tests.storage.spooling import make_part

PART = make_part([1, 2, 3])


@given(
    sizes=st.lists(st.integers(0, 300), max_size=8),
    cuts=st.lists(st.integers(0, 3_000), max_size=9),
)
def test_frames_come_out_whole_however_the_stream_is_cut(sizes: list[int], cuts: list[int]) -> None:
    parts = [make_part([n], blob=bytes(n + 1)) for n in sizes]
    requests = [Request(n, Commit([part], [])) for n, part in enumerate(parts)]
    stream = b"".join(encode_frame(request) for request in requests)
    reader, found, start = FrameReader(), [], 0
    for cut in sorted(min(cut, len(stream)) for cut in [*cuts, len(stream)]):
        found += list(reader.feed(stream[start:cut]))
        start = cut
    assert [msgspec.msgpack.decode(body, type=Request) for body in found] == requests


def test_a_frame_that_is_too_long_is_neither_made_nor_read() -> None:
    with pytest.raises(ValueError, match="FRAME_BYTES_MAX"):
        encode_frame(Request(1, Commit([make_part([1], blob=bytes(FRAME_BYTES_MAX))], [])))
    with pytest.raises(ValueError, match="FRAME_BYTES_MAX"):
        list(FrameReader().feed((FRAME_BYTES_MAX + 1).to_bytes(4, "big")))


def test_messages_are_told_apart_by_name() -> None:
    body = encode_frame(Request(5, Claim(10)))[4:]
    assert msgspec.msgpack.decode(body) == [5, ["Claim", 10]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("batch_id", b"short"),
        ("table", "nowhere"),
        ("rows", 2),
        ("blob", b""),
        ("digests", b"x" * 47),
        ("site_runs", [("soq", 2)]),
        ("site_runs", [("soq", 3), ("zhar", 0)]),
        ("site_runs", [("So q", 3)]),
        ("known", b"\x00\x00"),
    ],
)
def test_a_part_that_breaks_a_rule_is_not_well_formed(field: str, value: object) -> None:
    assert is_well_formed(Commit([PART], []))
    changed: Part = msgspec.structs.replace(PART, **{field: value})
    assert not is_well_formed(Commit([changed], []))


@pytest.mark.parametrize(
    "count",
    [
        Count("soq", "rejected", "too_late", 0),
        Count("soq", "rejected", "Too late", 1),
        Count("soq", "rejected", "", 1),
        Count("a b", "rejected", "too_late", 1),
        Count("soq", "rejected", "too_late", 1, "nowhere"),
    ],
)
def test_a_count_that_breaks_a_rule_is_not_well_formed(count: Count) -> None:
    assert is_well_formed(Commit([], [Count("", "undecodable", "not_json", 1)]))
    assert not is_well_formed(Commit([], [count]))


def test_other_rules_of_a_commit() -> None:
    assert not is_well_formed(Commit([PART, PART], []))
    assert not is_well_formed(Commit([], [], b"short"))
    half = make_part(range(ROWS_PER_COMMIT_MAX // 2 + 1))
    assert not is_well_formed(Commit([half, make_part(range(ROWS_PER_COMMIT_MAX // 2))], []))


@given(st.lists(st.booleans(), max_size=70))
def test_bitmaps_come_back(flags: list[bool]) -> None:
    bitmap = pack_bitmap(np.array(flags, np.bool_))
    assert (bitmap == b"") == (not any(flags))
    assert unpack_bitmap(bitmap, len(flags)).tolist() == flags


def test_a_bitmap_of_other_rows_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        unpack_bitmap(b"\x01", 9)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
def test_rows_come_back_without_their_duplicates(table: str, compression: Compression) -> None:
    rows = [{"event_id": str(n), "person_id": bytes([n] * 16)} for n in range(3)]
    frame = pl.DataFrame(rows, schema=TABLES[table])
    blob = encode_rows(table, frame, compression)
    assert decode_rows(table, blob).equals(frame)
    assert decode_rows(table, blob, b"\x02").equals(frame[[0, 2]])


def test_rows_in_another_schema_do_not_enter_the_spool() -> None:
    frame = pl.DataFrame(schema=TABLES["events"])
    with pytest.raises(ValueError, match="schema"):
        encode_rows("diagnostics", frame)
    with pytest.raises(ValueError, match="schema"):
        encode_rows("events", frame.with_columns(pl.lit("x").alias("_address")))
    with pytest.raises(ValueError, match="schema"):
        decode_rows("diagnostics", encode_rows("events", frame))
