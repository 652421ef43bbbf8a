"""Compression of requests and answers, as HTTP names it: gzip, deflate, br, zstd, lz4."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable
from typing import Protocol, cast

import brotli
import lz4.frame
import zstandard

from storage.embedded.failures import ServerError, bad_request

STEP_BYTES = 1_000_000
"""How much is inflated at a time, in bytes, between two looks at the bound."""


ZSTD_STEP_BYTES = 512
"""zstd inflates so many bytes to at most 16 MB: its smallest block is 4 bytes for 128 kB."""


class Compressor(Protocol):
    """Compresses an answer piece by piece."""

    def compress(self, data: bytes) -> bytes:
        """Take more of the answer; give what is ready of the compressed one."""

    def flush(self) -> bytes:
        """Give the rest."""


class _Lz4:
    def __init__(self) -> None:
        self._frame = lz4.frame.LZ4FrameCompressor()
        self._head = bytes(self._frame.begin())

    def compress(self, data: bytes) -> bytes:
        head, self._head = self._head, b""
        return head + bytes(self._frame.compress(data))

    def flush(self) -> bytes:
        return self.compress(b"") + bytes(self._frame.flush())


class _Brotli:
    def __init__(self) -> None:
        self._stream = brotli.Compressor(quality=4)

    def compress(self, data: bytes) -> bytes:
        return bytes(self._stream.process(data))

    def flush(self) -> bytes:
        return bytes(self._stream.finish())


class _Plain:
    def compress(self, data: bytes) -> bytes:
        return data

    def flush(self) -> bytes:
        return b""


_COMPRESSORS: dict[str, Callable[[], Compressor]] = {
    "lz4": _Lz4,
    "zstd": lambda: cast(Compressor, zstandard.ZstdCompressor(level=1).compressobj()),
    "gzip": lambda: zlib.compressobj(level=3, wbits=31),
    "br": _Brotli,
    "deflate": lambda: zlib.compressobj(level=3),
    "": _Plain,
}
"""Coding -> how to make it; the first that a client accepts is taken, cheapest first."""


def choose_coding(accepts: str) -> str:
    """Give the coding of an answer for an `Accept-Encoding` header; '' is none."""
    asked = {
        part.split(";")[0].strip().lower()
        for part in accepts.split(",")
        if not part.replace(" ", "").endswith(";q=0")
    }
    return next((name for name in _COMPRESSORS if name and name in asked), "")


def make_compressor(coding: str) -> Compressor:
    """Give a compressor for a coding that `choose_coding` gave."""
    return _COMPRESSORS[coding]()


def inflate(data: bytes, coding: str, bytes_max: int) -> bytes:
    """Undo the `Content-Encoding` of a body.

    Errors: `ServerError` where the coding is unknown, the data damaged or larger than `bytes_max`.
    """
    if coding in ("", "identity"):
        return data
    opener = _READERS.get(coding)
    if opener is None:
        raise bad_request("Unknown Content-Encoding; gzip, deflate, br, zstd and lz4 are known")
    try:
        return _read_bounded(opener(data), bytes_max)
    except (OSError, EOFError, zlib.error, RuntimeError, brotli.error, zstandard.ZstdError):
        raise bad_request("The body is not what its Content-Encoding says") from None


class _Reader(Protocol):
    def read(self, size: int, /) -> bytes:
        """Give up to `size` bytes more; none at the end."""


class _Inflating:
    """Reads a zlib stream."""

    def __init__(self, data: bytes) -> None:
        self._stream = zlib.decompressobj()
        self._rest = data

    def read(self, size: int, /) -> bytes:
        out = self._stream.decompress(self._rest, size)
        self._rest = self._stream.unconsumed_tail
        if not out and not self._stream.eof:
            raise EOFError
        return out


class _Unbrotling:
    """Reads a brotli stream."""

    def __init__(self, data: bytes) -> None:
        self._stream = brotli.Decompressor()
        self._rest = data

    def read(self, size: int, /) -> bytes:
        if self._stream.is_finished():
            return b""
        out = bytes(self._stream.process(self._rest, output_buffer_limit=size))
        self._rest = b""
        if not out and not self._stream.is_finished():
            raise EOFError
        return out


class _Unzstd:
    """Reads zstd frames; the library's own reader takes one that is cut short for a whole one."""

    def __init__(self, data: bytes) -> None:
        self._frame = zstandard.ZstdDecompressor().decompressobj()
        self._data = memoryview(data)

    def read(self, _: int, /) -> bytes:
        out = b""
        while not out:
            if self._frame.eof and not len(self._data):
                return b""
            if self._frame.eof:
                self._frame = zstandard.ZstdDecompressor().decompressobj()
            if not len(self._data):
                raise EOFError
            step, self._data = self._data[:ZSTD_STEP_BYTES], self._data[ZSTD_STEP_BYTES:]
            out = self._frame.decompress(step)
            if self._frame.unused_data:
                self._data = memoryview(self._frame.unused_data + bytes(self._data))
        return out


_READERS: dict[str, Callable[[bytes], _Reader]] = {
    "gzip": lambda data: gzip.GzipFile(fileobj=io.BytesIO(data)),
    "deflate": _Inflating,
    "br": _Unbrotling,
    "zstd": _Unzstd,
    "lz4": lambda data: cast(_Reader, lz4.frame.LZ4FrameFile(io.BytesIO(data), mode="rb")),
}


def _read_bounded(reader: _Reader, bytes_max: int) -> bytes:
    pieces, total = [], 0
    while piece := reader.read(STEP_BYTES):
        pieces.append(piece)
        total += len(piece)
        if total > bytes_max:
            raise ServerError(307, "TOO_MANY_BYTES", "The body is too large when inflated")
    return b"".join(pieces)
