"""Lines of a file that may be packed, cut, endless or no text at all: one at a time, bounded."""

from __future__ import annotations

import gzip
import io
import sys
import zlib
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO, cast

import click

from config.limits import Limits

GZIP_MAGIC = b"\x1f\x8b"

LINE_DIGEST_BYTES = 12
"""Enough to tell the lines of one file apart; collectors digest again, under a key."""


class ImportFailed(click.ClickException):
    """The import stopped; what was sent before it is kept, and sending it again doubles nothing."""

    exit_code = 1


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
        self._stream = gzip.GzipFile(fileobj=self._raw) if packed else self._raw

    def lines(self, line_bytes_max: int) -> Iterator[bytes]:
        """Give the lines without their ends and without empty ones.

        A longer line is cut, so that it is one line still, and no valid one.
        Errors: ImportFailed where the file cannot be read to its end, after the lines before.
        """
        start = BOM_UTF8
        try:
            while line := self._stream.readline(line_bytes_max + 1):
                if len(line) > line_bytes_max and not line.endswith(b"\n"):
                    self._skip_line(line_bytes_max)
                if stripped := line.removeprefix(start).rstrip(b"\r\n"):
                    yield stripped
                start = b""
        except (OSError, EOFError, zlib.error) as fault:
            raise ImportFailed("the file cannot be read to its end") from fault

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
        while (piece := self._stream.readline(piece_bytes)) and not piece.endswith(b"\n"):
            pass


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


def in_requests(lines: Iterable[bytes], limits: Limits) -> Iterator[list[bytes]]:
    """Cut lines into requests that keep the collector's bounds.

    Errors: what reading the lines raises, after the lines before it were given.
    """
    bytes_max = request_bytes_max(limits)
    request: list[bytes] = []
    size = 0
    fault: ImportFailed | None = None
    try:
        for line in lines:
            if request and (
                len(request) >= limits.events_per_request_max or size + len(line) > bytes_max
            ):
                yield request
                request, size = [], 0
            request.append(line)
            size += len(line)
    except ImportFailed as raised:
        fault = raised
    if request:
        yield request
    if fault is not None:
        raise fault


def _open(file: Path) -> io.BufferedReader:
    if str(file) != "-":
        return file.open("rb")
    stream: BinaryIO = sys.stdin.buffer
    if isinstance(stream, io.BufferedReader):
        return stream
    return io.BufferedReader(cast(io.RawIOBase, stream))
