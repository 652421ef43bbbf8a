"""Objects of a JSON file, one at a time: one a line, or in arrays of any size on any lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from commands._import_source import ImportFailed, Source

OBJECT_BYTES_MAX = 4_000_000
"""Longest object that is read; a longer one is told as broken."""

UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""How files begin that Windows wrote as `Unicode`."""

BROKEN = b""
"""Stands for something that is no object."""

_SIGN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}"]', re.DOTALL)
"""A whole text, a brace, or the beginning of a text whose end is not here yet."""

_BETWEEN = b"[], \t\r\n"
"""What may stand between objects."""


def read_objects(source: Source) -> Iterator[tuple[int, bytes]]:
    """Give each object's line and text; `BROKEN` where something else stands.

    A line that is broken costs itself alone; within an array, what is not closed costs the rest.
    Errors: ImportFailed, with the line, after the objects before.
    """
    if any(source.starts_with(mark) for mark in UTF_16):
        raise ImportFailed("the file is UTF-16; write it as UTF-8")
    if source.starts_with(b"["):
        yield from _Cutter().cut(source.chunks())
        return
    for line in source.lines(OBJECT_BYTES_MAX):
        yield source.line, line if len(line) <= OBJECT_BYTES_MAX else BROKEN


class _Cutter:
    """Cuts objects out of pieces of text; holds at most one object and one piece."""

    def __init__(self) -> None:
        self._held = b""
        self._at = 0
        """Place in what is held up to which it was looked at."""
        self._start = -1
        """Place where the object begins; -1 between objects."""
        self._depth = 0
        self._line = 1
        """Line of the place that was looked at."""
        self._began = 1
        """Line on which the object begins."""
        self._is_long = False
        self._open = 0
        """Arrays that have begun and not ended."""

    def cut(self, pieces: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
        """Give the objects of an array, or of several.

        Errors: ImportFailed.
        """
        for piece in pieces:
            self._held += piece
            yield from self._cut_held()
            self._drop()
        if self._depth or self._held.translate(None, _BETWEEN):
            raise ImportFailed(f"line {self._began}: what begins here does not end")
        self._count_arrays(self._held)
        if self._open > 0:
            raise ImportFailed(f"line {self._line}: the array does not end; the file is cut")

    def _count_arrays(self, between: bytes) -> None:
        """Take into account what stands between two objects."""
        self._open += between.count(b"[") - between.count(b"]")

    def _cut_held(self) -> Iterator[tuple[int, bytes]]:
        """Give the objects that are there as a whole."""
        held = self._held
        for found in _SIGN.finditer(held, self._at):
            sign = found[0]
            if sign == b'"':
                break
            begins = sign == b"{" and self._depth == 0
            if begins:
                between = held[self._at : found.start()]
                self._count_arrays(between)
                if between.translate(None, _BETWEEN):
                    yield self._line, BROKEN
            self._line += held.count(b"\n", self._at, found.end())
            self._at = found.end()
            if begins:
                self._start, self._began = found.start(), self._line
            self._depth += {b"{": 1, b"}": -1}.get(sign, 0)
            if self._depth < 0:
                raise ImportFailed(f"line {self._line}: no JSON from here on")
            if sign == b"}" and self._depth == 0:
                text = held[self._start : self._at]
                yield self._began, BROKEN if self._is_long else text
                self._start, self._is_long = -1, False

    def _drop(self) -> None:
        """Forget what was given, and of an object that is too long all but its end.

        Errors: ImportFailed where a text has no end.
        """
        if len(self._held) - self._at > OBJECT_BYTES_MAX:
            raise ImportFailed(f"line {self._line}: a text that begins here does not end")
        if self._start >= 0 and len(self._held) - self._start > OBJECT_BYTES_MAX:
            self._is_long = True
        gone = self._at if self._start < 0 or self._is_long else self._start
        self._held = self._held[gone:]
        self._at -= gone
        self._start = -1 if self._start < 0 else max(0, self._start - gone)
