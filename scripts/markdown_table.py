"""Draws a Markdown table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def build_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return the table; a bar inside a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_escape(cell) for cell in line)} |" for line in lines) + "\n"


def _escape(cell: str) -> str:
    return cell.replace("|", "\\|").replace("\n", " ")
