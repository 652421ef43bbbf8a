"""The files of Plausible's export: an archive of CSV files, read row by row within bounds."""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, NamedTuple, cast

from commands import _import_source
from commands._import_source import ImportFailed

MEMBERS_MAX = 1_000
LINE_BYTES_MAX = 100_000
"""Longest line of a file; a longer one is broken."""

METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Ways to pack that are read."""

DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, OSError, EOFError),
    # Of names that are no UTF-8 or empty, and of versions and ciphers that nobody reads.
    *(UnicodeDecodeError, IndexError, RuntimeError),
)
"""What reading a damaged archive raises."""

ZIP_MAGIC = b"PK"
NAME = re.compile(r"(?:imported_)?([a-z_]+?)(?:_\d{8}_\d{8})?\.csv")
"""How Plausible calls its files, with or without the span of days."""


class Member(NamedTuple):
    """One CSV file."""

    file: str
    """Name to tell people, with the archive's."""
    table: str
    """What it holds, by its name: `pages`; '' for any other file."""
    bytes: int


class Row(NamedTuple):
    """One row of a CSV file."""

    line: int
    cells: list[str] | None
    """None for what is no row."""


def list_members(file: Path) -> list[Member]:
    """Give the CSV files of an archive, or the one that a file is itself.

    Errors: ImportFailed where an archive is damaged, encrypted, or unpacks to too much.
    """
    with _damage_told(file):
        if not _is_archive(file):
            return [Member(str(file), _table_of(file.name), file.stat().st_size)]
        with zipfile.ZipFile(file) as archive:
            held = [one for one in archive.infolist() if not one.is_dir()]
        if len(held) > MEMBERS_MAX:
            raise ImportFailed(f"{file}: the archive holds too many files")
        if any(one.flag_bits & 1 or one.compress_type not in METHODS for one in held):
            raise ImportFailed(f"{file}: the archive is encrypted, or packed in a way of its own")
        times, free = _import_source.UNPACKED_TIMES_MAX, _import_source.UNPACKED_BYTES_FREE
        if sum(one.file_size for one in held) > max(free, times * file.stat().st_size):
            raise ImportFailed(f"{file}: the archive unpacks to too much")
        return [_describe(file, one) for one in held]


def read_rows(file: Path, member: Member) -> Iterator[Row]:
    """Give the rows of one CSV file, its header first.

    Errors: ImportFailed where it cannot be read to its end, after the rows before.
    """
    with _damage_told(file):
        if not _is_archive(file):
            with file.open("rb") as stream:
                yield from _read_csv(stream)
            return
        inner = member.file.removeprefix(f"{file}:")
        with zipfile.ZipFile(file) as archive, closing(archive.open(inner)) as packed:
            # Its own `readline` does not keep the bound that it is given.
            yield from _read_csv(io.BufferedReader(cast(io.RawIOBase, packed)))


def _read_csv(stream: IO[bytes]) -> Iterator[Row]:
    """Give a row for each line that is not empty.

    Each line by itself: a quote that is never closed costs its line, and swallows no other.
    """
    number, start = 0, BOM_UTF8
    while line := stream.readline(LINE_BYTES_MAX):
        number += 1
        is_long = len(line) == LINE_BYTES_MAX and not line.endswith(b"\n")
        while is_long and (rest := stream.readline(LINE_BYTES_MAX)) and not rest.endswith(b"\n"):
            pass
        text = line.removeprefix(start).decode("utf-8", "replace").rstrip("\r\n")
        start = b""
        if text:
            yield Row(number, None if is_long else _split(text))


def _split(text: str) -> list[str] | None:
    """Give the cells of a line, None where it is no row."""
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error:
        return None


def _describe(file: Path, one: zipfile.ZipInfo) -> Member:
    return Member(f"{file}:{one.filename}", _table_of(Path(one.filename).name), one.file_size)


def _table_of(name: str) -> str:
    """Give what a file holds by its name, '' where that is none of Plausible's."""
    found = NAME.fullmatch(name)
    return found[1] if found else ""


def _is_archive(file: Path) -> bool:
    with file.open("rb") as stream:
        return stream.read(len(ZIP_MAGIC)) == ZIP_MAGIC


@contextmanager
def _damage_told(file: Path) -> Iterator[None]:
    """Turn what a damaged file raises into one sentence."""
    try:
        yield
    except DAMAGE as fault:
        raise ImportFailed(f"{file}: the file cannot be read to its end") from fault
