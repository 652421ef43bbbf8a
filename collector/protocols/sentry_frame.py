"""The frame of Sentry's envelopes: which bytes are whose.

An item's line may tell the length of its payload, which then may hold anything; without a length
the payload ends with its line.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from collector.protocols.bodies import peek_object, text_in


def read_items(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Give the type and payload of each item behind an envelope's first line.

    The type is '' where the item's line is none; its payload is taken to be one line then.
    """
    at = 0
    while at < len(body):
        line, at = _read_line(body, at)
        if not line.strip():
            continue
        header = peek_object(line)
        length = _length_of(header)
        if length is None:
            payload, at = _read_line(body, at)
        else:
            payload, at = body[at : at + length], at + length
            at += body[at : at + 1] == b"\n"
        yield text_in(header, "type"), payload


def _length_of(header: dict[str, Any]) -> int | None:
    """Give the length that an item's line tells, None where it tells none that is one."""
    length = header.get("length")
    is_one = isinstance(length, int) and not isinstance(length, bool) and length >= 0
    return length if is_one else None


def _read_line(body: bytes, at: int) -> tuple[bytes, int]:
    """Give the line that begins at a place, and where the next one begins."""
    end = body.find(b"\n", at)
    return (body[at:], len(body)) if end < 0 else (body[at:end], end + 1)
