"""Lines of a file that may be packed, cut, endless or no text at all: one at a time, bounded."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, TypeVar, cast

import click

from config.limits import Limits

GZIP_MAGIC = b"\x1f\x8b"

LINE_DIGEST_BYTES = 12
"""Enough to tell the lines of one file apart; collectors digest again, under a key."""

UNPACKED_BYTES_FREE = 256_000_000
"""So much may come out of any packed file."""

UNPACKED_TIMES_MAX = 200
"""Beyond that, so many bytes may come out of one; exports pack to a tenth, or to a fiftieth."""

READ_BYTES = 1_000_000

Item = TypeVar("Item")


class ImportFailed(click.ClickException):
    """The import stopped; what was sent before it is kept, and sending it again doubles nothing."""

    exit_code = 1


class _Counted:
    """A packed file that counts what is read of it."""

    def __init__(self, raw: io.BufferedReader) -> None:
        self._raw = raw
        self.bytes = 0
        """So many bytes so far."""

    def read(self, size: int = -1) -> bytes:
        """Read as the file does."""
        piece = self._raw.read(size)
        self.bytes += len(piece)
        return piece


class Source:
    """A file, read once from its beginning to its end; `-` is standard input.

    Gzip is told by its first bytes, whatever the name; several members count as one.
    """

    def __init__(self, file: Path) -> None:
        try:
            self._raw = _open(file)
            self._size = 0 if str(file) == "-" else file.stat().st_size
            packed = self._raw.peek(2)[:2] == GZIP_MAGIC
        except OSError as fault:
            raise ImportFailed("the file cannot be read") from fault
        self._counted = _Counted(self._raw)
        self._packed = packed
        self._stream = gzip.GzipFile(fileobj=cast(BinaryIO, self._counted)) if packed else self._raw
        self._unpacked = 0
        self.line = 0
        """Number of the line that was given last, from 1."""

    def lines(self, line_bytes_max: int) -> Iterator[bytes]:
        """Give the lines without their ends and without empty ones.

        A longer line is cut, so that it is one line still, and no valid one.
        Errors: ImportFailed where the file cannot be read to its end, after the lines before.
        """
        start = BOM_UTF8
        with self._damage_told():
            while line := self._count(self._stream.readline(line_bytes_max + 1)):
                self.line += 1
                if len(line) > line_bytes_max and not line.endswith(b"\n"):
                    self._skip_line(line_bytes_max)
                if stripped := line.removeprefix(start).rstrip(b"\r\n"):
                    yield stripped
                start = b""

    def starts_with(self, sign: bytes) -> bool:
        """Tell whether a sign comes first, before anything is read but blanks and the BOM."""
        with self._damage_told():
            stream = self._stream
            return stream.peek(64).removeprefix(BOM_UTF8).lstrip().startswith(sign)

    def chunks(self) -> Iterator[bytes]:
        """Give the content in pieces, instead of lines.

        Errors: ImportFailed where the file cannot be read to its end, after the pieces before.
        """
        start = BOM_UTF8
        with self._damage_told():
            while piece := self._count(self._stream.read(READ_BYTES)):
                yield piece.removeprefix(start)
                start = b""

    def share_read(self) -> float | None:
        """Give how much of the file has been read, 0 to 1; None where its size is unknown."""
        if not self._size:
            return None
        with suppress(OSError):
            return min(1.0, self._raw.tell() / self._size)
        return None

    def close(self) -> None:
        """Close the file; standard input stays open."""
        if self._raw is not sys.stdin.buffer:
            self._raw.close()

    def _skip_line(self, piece_bytes: int) -> None:
        """Read on to the end of a line, keeping nothing."""
        while (piece := self._count(self._stream.readline(piece_bytes))) and (
            not piece.endswith(b"\n")
        ):
            pass

    def _count(self, piece: bytes) -> bytes:
        """Give a piece as it is, and stop where far too much comes out of a packed file.

        Errors: ImportFailed.
        """
        self._unpacked += len(piece)
        bytes_max = max(UNPACKED_BYTES_FREE, UNPACKED_TIMES_MAX * self._counted.bytes)
        if self._packed and self._unpacked > bytes_max:
            raise ImportFailed(f"the file unpacks to too much; line {self.line} was the last")
        return piece

    @contextmanager
    def _damage_told(self) -> Iterator[None]:
        """Turn what a damaged file raises into one sentence."""
        try:
            yield
        except (OSError, EOFError, zlib.error) as fault:
            what = f"the file cannot be read to its end; line {self.line} was the last"
            raise ImportFailed(what) from fault


class Occurrences:
    """How often each line came before in its file: what tells equal lines apart, run after run.

    Holds about 150 bytes a differing line.
    """

    def __init__(self) -> None:
        self._seen: Counter[bytes] = Counter()

    def count(self, line: bytes) -> tuple[int, str]:
        """Give how often the line came before, and its digest as text."""
        digest = blake2b(line, digest_size=LINE_DIGEST_BYTES).digest()
        before = self._seen[digest]
        self._seen[digest] = before + 1
        return before, digest.hex()


def request_bytes_max(limits: Limits) -> int:
    """Give how many bytes of lines go into one request, and the longest line that is sent.

    Packed, even noise stays within the bound of a body; spelled as JSON, where a byte may take six,
    within that of an inflated one.
    """
    return min(limits.body_bytes_max * 4 // 5, limits.body_inflated_bytes_max // 8)


def in_requests(
    items: Iterable[Item], limits: Limits, size_of: Callable[[Item], int]
) -> Iterator[list[Item]]:
    """Cut what a file holds into requests that keep the collector's bounds; sizes are in bytes.

    Errors: what reading the file raises, after the items before it were given.
    """
    bytes_max = request_bytes_max(limits)
    request: list[Item] = []
    size = 0
    fault: ImportFailed | None = None
    try:
        for item in items:
            if request and (
                len(request) >= limits.events_per_request_max or size + size_of(item) > bytes_max
            ):
                yield request
                request, size = [], 0
            request.append(item)
            size += size_of(item)
    except ImportFailed as raised:
        fault = raised
    if request:
        yield request
    if fault is not None:
        raise fault


def digest_file(file: Path) -> bytes:
    """Give the digest of a file's bytes as they lie.

    Errors: ImportFailed.
    """
    digest = blake2b(digest_size=32)
    try:
        with file.open("rb") as stream:
            while piece := stream.read(READ_BYTES):
                digest.update(piece)
    except OSError as fault:
        raise ImportFailed("the file cannot be read") from fault
    return digest.digest()


def _open(file: Path) -> io.BufferedReader:
    if str(file) != "-":
        return file.open("rb")
    stream: BinaryIO = sys.stdin.buffer
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(cast(io.RawIOBase, stream))
