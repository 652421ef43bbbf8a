"""From wire bytes to body bytes, within bounds: sizes are capped before and while inflating."""

from __future__ import annotations

import zlib

import brotli
import zstandard

from collector.outcomes import BadRequest

_GZIP_MAGIC = b"\x1f\x8b\x08"


def inflate(body: bytes, encoding: str, inflated_bytes_max: int) -> bytes:
    """Undo the content encoding, never making more than `inflated_bytes_max` bytes.

    Bytes that begin like gzip are inflated whatever the header said, since some senders compress
    without telling.
    Errors: BadRequest `encoding_unknown`, `encoding_invalid`, `body_too_large`.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        name = "gzip" if body.startswith(_GZIP_MAGIC) else "identity"
    if name == "identity":
        return _within(body, inflated_bytes_max)
    if name not in _INFLATERS:
        raise BadRequest("encoding_unknown")
    try:
        return _within(_INFLATERS[name](body, inflated_bytes_max), inflated_bytes_max)
    except (zlib.error, brotli.error, zstandard.ZstdError, EOFError) as fault:
        raise BadRequest("encoding_invalid") from fault


def _within(body: bytes, bytes_max: int) -> bytes:
    """Give the body back, or refuse it for its size."""
    if len(body) > bytes_max:
        raise BadRequest("body_too_large")
    return body


def _inflate_zlib(body: bytes, bytes_max: int, window_bits: int) -> bytes:
    """Inflate zlib or gzip data up to one byte over the bound; a cut stream is an error."""
    inflater = zlib.decompressobj(window_bits)
    inflated = inflater.decompress(body, bytes_max + 1)
    if len(inflated) <= bytes_max and not inflater.eof:
        raise EOFError
    return inflated


def _inflate_gzip(body: bytes, bytes_max: int) -> bytes:
    return _inflate_zlib(body, bytes_max, zlib.MAX_WBITS | 16)


def _inflate_deflate(body: bytes, bytes_max: int) -> bytes:
    """Inflate `deflate`, which senders use for zlib-wrapped and for raw streams."""
    try:
        return _inflate_zlib(body, bytes_max, zlib.MAX_WBITS)
    except zlib.error:
        return _inflate_zlib(body, bytes_max, -zlib.MAX_WBITS)


def _inflate_zstd(body: bytes, bytes_max: int) -> bytes:
    """Inflate zstd with a bounded window, so that a small body cannot ask for much memory."""
    inflater = zstandard.ZstdDecompressor(max_window_size=1 << 23).stream_reader(body)
    inflated = inflater.read(bytes_max + 1)
    if not inflated and body:
        raise EOFError
    return inflated


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
