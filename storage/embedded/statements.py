"""What a text is: rows to insert, a question about one table, or a statement with a tree.

The engine's parser gives no tree for INSERT with rows behind it nor for DESCRIBE, EXISTS and SHOW
CREATE. Those are read here, strictly, and written anew from their parts; what does not fit whole
is handed to the engine's parser, which then refuses it. Statements with a tree are written anew
from the tree as well: what runs is what was checked.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from storage.embedded.access import Guard, Node, check_format
from storage.embedded.engine import Session, escape_parameter
from storage.embedded.failures import ServerError, access_denied
from storage.embedded.setting_rules import check_setting

_NAME = r"(?:[A-Za-z_][A-Za-z0-9_]*|`[A-Za-z_][A-Za-z0-9_ .-]*`|\"[A-Za-z_][A-Za-z0-9_ .-]*\")"
_TABLE = rf"(?P<table>{_NAME}(?:\s*\.\s*{_NAME})?)"
_SETTING = r"[a-z0-9_]+\s*=\s*(?:[0-9]+|'[A-Za-z0-9_.:-]*')"
_INSERT = re.compile(
    rf"\s*INSERT\s+INTO\s+(?:TABLE\s+)?{_TABLE}\s*"
    rf"(?:\((?P<columns>\s*{_NAME}(?:\s*,\s*{_NAME})*\s*)\)\s*)?"
    rf"(?:SETTINGS\s+(?P<settings>{_SETTING}(?:\s*,\s*{_SETTING})*)\s+)?"
    r"(?:FORMAT\s+(?P<form>[A-Za-z]+)(?:[ \t]*;)?[ \t]*\r?\n?|(?P<values>VALUES)\b)",
    re.IGNORECASE | re.ASCII,
)
_ABOUT = re.compile(
    r"\s*(?P<verb>DESCRIBE\s+TABLE|DESC\s+TABLE|DESCRIBE|DESC|EXISTS\s+TABLE|EXISTS|"
    rf"SHOW\s+CREATE\s+TABLE|SHOW\s+CREATE\s+VIEW|SHOW\s+CREATE)\s+{_TABLE}"
    r"(?:\s+FORMAT\s+(?P<form>[A-Za-z]+))?\s*;?\s*",
    re.IGNORECASE | re.ASCII,
)
INSERT_HEAD_BYTES_MAX = 65_536
"""Longest INSERT before its rows, in bytes."""


@dataclass(frozen=True)
class Statement:
    """A checked statement, ready to run."""

    sql: str
    """The statement, written anew without its FORMAT where `rows` are to be inserted."""
    form: str | None
    """Format that the statement itself asks for."""
    kind: str
    """`rows` (insert what follows), `select` (may be streamed) or `other`."""
    rows_at: int = 0
    """Where the rows start in the text, in bytes."""


def read_statement(text: bytes, guard: Guard, session: Session, *, reads_only: bool) -> Statement:
    """Read and check one statement for the role of `guard`; `session` is one of the engine's own.

    `reads_only` is for GET, which changes nothing whoever asks.
    Errors: `ServerError`.
    """
    insert = _INSERT.match(text[:INSERT_HEAD_BYTES_MAX].decode("latin-1"))
    if insert:
        return _read_insert(insert, guard, reads_only)
    try:
        plain = text.decode()
    except UnicodeDecodeError:
        raise ServerError(62, "SYNTAX_ERROR", "A statement is UTF-8 text") from None
    about = _ABOUT.fullmatch(plain)
    if about:
        return _read_about(about, guard)
    tree = _parse(plain, session)
    guard.check(tree, reads_only=reads_only)
    sql = _write(tree, session)
    # The engine has words of its own for some texts (`quit`), so what runs is its own writing of
    # the tree; and it is checked as well, so that no slip of that writing gives a way round.
    guard.check(_parse(sql, session), reads_only=reads_only)
    return Statement(sql=sql, form=_form_of(tree), kind=_kind_of(tree))


def _read_insert(found: re.Match[str], guard: Guard, reads_only: bool) -> Statement:
    """Write an INSERT with rows anew, without its format."""
    if reads_only:
        raise access_denied("GET changes nothing; use POST")
    guard.check({"type": "InsertQuery"})
    table = _read_table(found["table"], guard)
    form = "Values" if found["values"] else found["form"]
    check_format(form)
    for setting in (found["settings"] or "").split(","):
        if setting:
            check_setting(setting.split("=")[0].strip())
    columns = f" ({found['columns']})" if found["columns"] else ""
    settings = f" SETTINGS {found['settings']}" if found["settings"] else ""
    return Statement(f"INSERT INTO {table}{columns}{settings}", form, "rows", found.end())


def _read_about(found: re.Match[str], guard: Guard) -> Statement:
    """Write a question about one table anew."""
    table = _read_table(found["table"], guard)
    form = found["form"]
    if form:
        check_format(form)
    return Statement(f"{found['verb']} {table}", form, "other")


def _read_table(text: str, guard: Guard) -> str:
    """Check the table's database; give the name as it may stand in a statement."""
    parts = [part.strip().strip('`"') for part in re.findall(_NAME, text)]
    if len(parts) > 1:
        guard.check_table_name(parts)
    return ".".join(f"`{part}`" for part in parts)


def _parse(text: str, session: Session) -> Node:
    """Give the engine's tree of one statement; several, or one without a tree, are refused."""
    sql = "SELECT parseQueryToJSON({text:String})"
    try:
        answer, _ = session.run(sql, "RawBLOB", {"text": escape_parameter(text)})
    except ServerError as error:
        where = error.what.rfind(": In scope SELECT parseQueryToJSON")
        what = error.what if where < 0 else error.what[:where]
        raise ServerError(error.code, error.name, what) from None
    tree: Node = json.loads(answer)
    return tree


def _write(tree: Node, session: Session) -> str:
    """Give the statement that a checked tree stands for."""
    sql = "SELECT formatQueryFromJSON({tree:String})"
    text = json.dumps(tree, ensure_ascii=False)
    return session.run(sql, "RawBLOB", {"tree": escape_parameter(text)})[0].decode()


def _form_of(tree: Node) -> str | None:
    """Give the format that a SELECT, SHOW or EXPLAIN asks for."""
    form = tree.get("format_ast")
    return str(form["name"]) if form else None


def _kind_of(tree: Node) -> str:
    return "select" if tree["type"] == "SelectWithUnionQuery" else "other"
