"""From wire bytes to body bytes, within bounds: sizes are capped before and while inflating."""

from __future__ import annotations

import zlib
from typing import Protocol

import brotli
import zstandard

from collector.outcomes import BadRequest

_GZIP_MAGIC = b"\x1f\x8b\x08"

ZSTD_STEP_BYTES = 256
"""Input is taken in steps of this size: four bytes of zstd may stand for 128 KiB."""

ZSTD_WINDOW_BYTES_MAX = 1 << 23
"""Largest window that a zstd body may ask for."""


def inflate(body: bytes, encoding: str, inflated_bytes_max: int) -> bytes:
    """Undo the content encoding, never making more than about `inflated_bytes_max` bytes.

    What then begins like gzip is inflated too, whatever the header said, since some senders
    compress without telling.
    Errors: BadRequest `encoding_unknown`, `encoding_invalid`, `body_too_large`.
    """
    name = encoding.strip().lower() or "identity"
    if name != "identity":
        body = _inflate_one(body, name, inflated_bytes_max)
    if body.startswith(_GZIP_MAGIC):
        body = _inflate_one(body, "gzip", inflated_bytes_max)
    return _within(body, inflated_bytes_max)


def _inflate_one(body: bytes, name: str, bytes_max: int) -> bytes:
    """Undo one encoding."""
    if name not in _INFLATERS:
        raise BadRequest("encoding_unknown")
    try:
        return _within(_INFLATERS[name](body, bytes_max), bytes_max)
    except (zlib.error, brotli.error, zstandard.ZstdError, EOFError) as fault:
        raise BadRequest("encoding_invalid") from fault


def _within(body: bytes, bytes_max: int) -> bytes:
    """Give the body back, or refuse it for its size."""
    if len(body) > bytes_max:
        raise BadRequest("body_too_large")
    return body


class _Inflater(Protocol):
    """What the inflaters of zlib and zstd have in common."""

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


def _inflate_zlib(body: bytes, bytes_max: int, window_bits: int) -> bytes:
    """Inflate zlib data, or gzip members one after another, up to one byte over the bound.

    Errors: EOFError for a stream that is cut; zlib.error for what follows and is none.
    """
    inflated = b""
    while True:
        inflater = zlib.decompressobj(window_bits)
        inflated += inflater.decompress(body, bytes_max + 1 - len(inflated))
        if len(inflated) > bytes_max:
            return inflated
        body = _rest_after(inflater)
        if not body:
            return inflated


def _rest_after(inflater: _Inflater) -> bytes:
    """Give what follows a finished stream.

    Errors: EOFError where the stream is cut.
    """
    if not inflater.eof:
        raise EOFError
    return inflater.unused_data


def _inflate_gzip(body: bytes, bytes_max: int) -> bytes:
    return _inflate_zlib(body, bytes_max, zlib.MAX_WBITS | 16)


def _inflate_deflate(body: bytes, bytes_max: int) -> bytes:
    """Inflate `deflate`, which senders use for zlib-wrapped and for raw streams."""
    try:
        return _inflate_zlib(body, bytes_max, zlib.MAX_WBITS)
    except zlib.error:
        return _inflate_zlib(body, bytes_max, -zlib.MAX_WBITS)


def _inflate_zstd(body: bytes, bytes_max: int) -> bytes:
    """Inflate zstd frames step by step, so that a bomb is left when it crosses the bound.

    Errors: EOFError for a stream that is cut; ZstdError for what follows and is none.
    """
    opener = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES_MAX)
    inflater, pieces, size, at = opener.decompressobj(), [], 0, 0
    while at < len(body) and size <= bytes_max:
        if inflater.eof:
            inflater = opener.decompressobj()
        step = body[at : at + ZSTD_STEP_BYTES]
        piece = inflater.decompress(step)
        pieces.append(piece)
        size += len(piece)
        at += len(step) - len(inflater.unused_data)
    if size <= bytes_max:
        _rest_after(inflater)
    return b"".join(pieces)


def _inflate_brotli(body: bytes, bytes_max: int) -> bytes:
    """Inflate brotli step by step, so that a bomb is left when it crosses the bound."""
    inflater, pieces, size = brotli.Decompressor(), [], 0
    piece = inflater.process(body, output_buffer_limit=65_536)
    while piece or not inflater.is_finished():
        pieces.append(piece)
        size += len(piece)
        if size > bytes_max:
            break
        if not piece and inflater.can_accept_more_data():
            raise EOFError
        piece = inflater.process(b"", output_buffer_limit=65_536)
    return b"".join(pieces)


_INFLATERS = {
    "gzip": _inflate_gzip,
    "x-gzip": _inflate_gzip,
    "deflate": _inflate_deflate,
    "zstd": _inflate_zstd,
    "br": _inflate_brotli,
}
