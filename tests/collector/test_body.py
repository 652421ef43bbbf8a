"""Bodies are inflated within bounds, whatever their encoding is said to be."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from collector.body import inflate
from collector.outcomes import BadRequest

BYTES_MAX = 1_000_000
BODY = b'{"events":[{"name":"page_view"},{"name":"search"}]}' * 40


def deflate_raw(body: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


PACKERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", gzip.compress),
    "x-gzip": ("X-GZIP", gzip.compress),
    "deflate": ("deflate", zlib.compress),
    "raw deflate": ("deflate", deflate_raw),
    "zstd": ("zstd", zstandard.compress),
    "brotli": (" br ", brotli.compress),
}


def reason_of(body: bytes, encoding: str, bytes_max: int = BYTES_MAX) -> str:
    with pytest.raises(BadRequest) as fault:
        inflate(body, encoding, bytes_max)
    return fault.value.reason


@pytest.mark.parametrize("name", PACKERS)
@pytest.mark.parametrize("body", [BODY, b"", b"\0" * 200_000], ids=["json", "empty", "zeroes"])
def test_every_encoding_gives_the_body_back(name: str, body: bytes) -> None:
    encoding, pack = PACKERS[name]
    assert inflate(pack(body), encoding, BYTES_MAX) == body


@pytest.mark.parametrize("encoding", ["", "identity", " Identity "])
def test_a_plain_body_passes(encoding: str) -> None:
    assert inflate(BODY, encoding, BYTES_MAX) == BODY


@pytest.mark.parametrize("name", [name for name in PACKERS if name != "raw deflate"])
def test_a_stream_cut_at_any_length_is_invalid(name: str) -> None:
    encoding, pack = PACKERS[name]
    packed = pack(BODY)
    for length in range(len(packed)):
        assert reason_of(packed[:length], encoding) == "encoding_invalid"


@pytest.mark.parametrize("name", PACKERS)
def test_a_bomb_is_left_when_it_crosses_the_bound(name: str) -> None:
    encoding, pack = PACKERS[name]
    bomb = pack(b"\0" * 50_000_000)
    assert len(bomb) < 100_000
    tracemalloc.start()
    try:
        assert reason_of(bomb, encoding) == "body_too_large"
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < 8 * BYTES_MAX, "what crosses the bound is not made first"


@pytest.mark.parametrize("name", PACKERS)
def test_the_bound_itself_is_allowed_and_one_more_is_not(name: str) -> None:
    encoding, pack = PACKERS[name]
    assert inflate(pack(BODY), encoding, len(BODY)) == BODY
    assert reason_of(pack(BODY), encoding, len(BODY) - 1) == "body_too_large"
    assert reason_of(BODY, "", len(BODY) - 1) == "body_too_large"


def test_gzip_is_recognised_whatever_the_header_said() -> None:
    assert inflate(gzip.compress(BODY), "", BYTES_MAX) == BODY
    assert inflate(brotli.compress(gzip.compress(BODY)), "br", BYTES_MAX) == BODY
    bomb = gzip.compress(b"\0" * 50_000_000)
    assert reason_of(gzip.compress(bomb), "gzip") == "body_too_large"


def test_streams_one_after_another_are_one_body() -> None:
    halves = BODY[:100], BODY[100:]
    assert inflate(b"".join(map(gzip.compress, halves)), "gzip", BYTES_MAX) == BODY
    assert inflate(b"".join(map(zstandard.compress, halves)), "zstd", BYTES_MAX) == BODY


@pytest.mark.parametrize("name", [name for name in PACKERS if name != "raw deflate"])
def test_what_follows_a_stream_and_is_none_is_invalid(name: str) -> None:
    encoding, pack = PACKERS[name]
    assert reason_of(pack(BODY) + b"surplus", encoding) == "encoding_invalid"


def test_a_window_beyond_reason_is_invalid() -> None:
    wide = zstandard.ZstdCompressionParameters(window_log=27)
    packer = zstandard.ZstdCompressor(compression_params=wide).compressobj()
    assert reason_of(packer.compress(BODY) + packer.flush(), "zstd") == "encoding_invalid"


@pytest.mark.parametrize("encoding", ["compress", "gzip, br", "zip", "\x00"])
def test_other_encodings_are_unknown(encoding: str) -> None:
    assert reason_of(BODY, encoding) == "encoding_unknown"


@pytest.mark.parametrize("name", PACKERS)
@given(body=st.binary(max_size=200))
def test_arbitrary_bytes_are_inflated_or_turned_away(name: str, body: bytes) -> None:
    try:
        assert len(inflate(body, PACKERS[name][0], 1_000)) <= 1_000
    except BadRequest as fault:
        assert fault.reason in ("encoding_invalid", "body_too_large")
