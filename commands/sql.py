"""`sanaq sql`: read-only SQL for operators, on the audit log."""

from __future__ import annotations

import json
import re
import sys
from typing import Any

import click

from config.settings import Settings, load_settings
from storage.errors import Unavailable
from storage.registry import audit, open_registry
from storage.warehouse import Answer, Refused, run_query

_QUOTED_NAME = re.compile(r'`(?:[^`\\]|\\.|``)*`?|"(?:[^"\\]|\\.|"")*"?', re.DOTALL)
"""A name in quotes. No name of ours needs any, and in other dialects it would be a value."""

STATEMENT_CHARS_MAX = 2_000
"""As much of a statement is kept on the audit log, in characters."""


@click.command()
@click.argument("query")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def sql(query: str, as_json: bool) -> None:
    """Run one reading QUERY in the warehouse; `-` reads it from standard input.

    It is on the audit log before it runs, without the values in it. Binary is shown as
    lower-case hex, integers over 53 bits as text.

    \b
    Example: sanaq sql "SELECT site, count() FROM events GROUP BY site" --json
    """
    statement = sys.stdin.read() if query == "-" else query
    settings = load_settings()
    try:
        _write_down(settings, statement)
        answer = run_query(settings, statement, role="sanaq_operator")
    except Unavailable as error:
        raise click.ClickException(f"{error}; nothing was read") from error
    except Refused as error:
        raise click.ClickException(error.detail or str(error)) from error
    click.echo(_show_json(answer) if as_json else _show_text(answer))


def _write_down(settings: Settings, statement: str) -> None:
    """Put the statement on the audit log with `?` for every value: a value may be somebody's id.

    So may a name in quotes, since some people write values so.

    Errors: `Unavailable`, and then nothing may be read; `Refused`.
    """
    asked = "SELECT normalizeQueryKeepNames({statement:String})"
    answer = run_query(settings, asked, {"statement": statement}, role="sanaq_operator")
    shape = _QUOTED_NAME.sub("?", str(answer.rows[0][0]))[:STATEMENT_CHARS_MAX]
    registry = open_registry(settings)
    try:
        audit.append(registry, audit.cli_actor(), "sql.run", "warehouse", {"statement": shape})
    finally:
        registry.close()


def _show_json(answer: Answer) -> str:
    rows = [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]
    return json.dumps({"rows": rows}, ensure_ascii=False)


def _show_text(answer: Answer) -> str:
    """Show rows as columns with their names above."""
    lines = [answer.columns, *([_show(value) for value in row] for row in answer.rows)]
    if not answer.columns:
        return "no rows"
    widths = [max(len(line[place]) for line in lines) for place in range(len(answer.columns))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _show(value: Any) -> str:
    if value is None:
        return "-"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
