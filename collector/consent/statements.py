"""Statements as one short text, so that a batch carries them in one column of few values.

The text holds sources and sets of purposes alone, nothing that a sender wrote: `native:4:8
gpc:0:28` is source, purposes granted and purposes refused, in hex; `tcf:?` is a source that could
not be read.
"""

from __future__ import annotations

from collections.abc import Iterable

from collector.consent.signal import Statement

UNREADABLE = "?"
"""What stands for a source that was there and could not be read."""


def write_statements(statements: Iterable[Statement]) -> str:
    """Give statements as text, in their order; those that say nothing are left out."""
    return " ".join([_write(one) for one in statements if _says_something(one)])


def read_statements(text: str) -> tuple[Statement, ...]:
    """Give the statements that `write_statements` wrote."""
    return tuple([_read(part) for part in text.split()])


def unreadable_sources(text: str) -> list[str]:
    """Give the sources that could not be read, of statements as text."""
    if UNREADABLE not in text:
        return []
    return [one.source for one in read_statements(text) if not one.readable]


def _says_something(statement: Statement) -> bool:
    """Tell whether a statement changes anything: it grants, refuses, or could not be read."""
    return bool(statement.granted or statement.refused or not statement.readable)


def _write(statement: Statement) -> str:
    """Give one statement as text."""
    if not statement.readable:
        return f"{statement.source}:{UNREADABLE}"
    return f"{statement.source}:{statement.granted:x}:{statement.refused:x}"


def _read(part: str) -> Statement:
    """Give one statement from its text."""
    source, granted, *refused = part.split(":")
    if granted == UNREADABLE:
        return Statement(source, 0, 0, readable=False)
    return Statement(source, int(granted, 16), int(refused[0], 16))
