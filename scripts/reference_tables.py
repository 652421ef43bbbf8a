"""Section of the reference that lists every table and column of the warehouse."""

from __future__ import annotations

import re
import tomllib

from config.policy import Policy
from scripts.chromium import ROOT
from scripts.markdown_table import build_table
from scripts.reference_vocabulary import read_vocabulary

COLUMNS = ROOT / "docs" / "columns.toml"
"""What each column means, written by people."""

SQL = ROOT / "config" / "tables"

CREATE = re.compile(
    r"CREATE TABLE IF NOT EXISTS (\w+)\.(\w+)\s*\(\n(.*?)\n\)\s*\nENGINE", re.DOTALL
)
ALTER = re.compile(r"ALTER TABLE (\w+)\.(\w+)\n(    ADD COLUMN [^;]*)")
ADDED = re.compile(r"    ADD COLUMN IF NOT EXISTS (\w+) (.*) AFTER (\w+)[,;]?")
COLUMN = re.compile(r"    `?(\w+)`? ([A-Z].*?)(?: (?:CODEC|DEFAULT|TTL|COMMENT)\b.*)?,?")
NOT_COLUMNS = ("INDEX", "CONSTRAINT", "PROJECTION")

Tables = dict[str, dict[str, str]]


def read_tables() -> Tables:
    """Return `database.table` -> column -> type, as the SQL files create and alter them."""
    texts = [file.read_text() for file in sorted(SQL.glob("*.sql"))]
    created = [found for text in texts for found in CREATE.finditer(text)]
    tables = {f"{found[1]}.{found[2]}": _read_columns(found[3]) for found in created}
    for found in (found for text in texts for found in ALTER.finditer(text)):
        name = f"{found[1]}.{found[2]}"
        tables[name] = _add_columns(tables[name], found[3])
    return tables


def _read_columns(body: str) -> dict[str, str]:
    lines = [line for line in body.splitlines() if not line.strip().startswith(NOT_COLUMNS)]
    columns = [COLUMN.fullmatch(line) for line in lines]
    return {found[1]: found[2] for found in columns if found}


def _add_columns(columns: dict[str, str], body: str) -> dict[str, str]:
    """Return the columns with those that an ALTER adds, each behind the one it names."""
    for line in body.splitlines():
        if found := ADDED.fullmatch(line):
            place = list(columns).index(found[3]) + 1
            rows = list(columns.items())
            columns = dict([*rows[:place], (found[1], found[2]), *rows[place:]])
    return columns


def read_meanings() -> Tables:
    """Return table (or `shared`) -> column -> its meaning."""
    meanings: Tables = tomllib.loads(COLUMNS.read_text())
    return meanings


def describe_tables() -> str:
    """Return every table with each column's type, purpose and meaning."""
    policy, meanings = read_vocabulary().policy, read_meanings()
    parts = [
        f"### {table}\n\n{_describe_columns(table.split('.')[1], columns, policy, meanings)}"
        for table, columns in read_tables().items()
    ]
    return "\n".join(parts)


def _describe_columns(table: str, columns: dict[str, str], policy: Policy, meanings: Tables) -> str:
    known = meanings["shared"] | meanings.get(table, {})
    governed = {
        column for purpose in policy.purposes for column in policy.columns_of(table, purpose)
    }
    rows = []
    for column, kind in columns.items():
        purpose = policy.purpose_of(table, column) if column in governed else ""
        rows.append((f"`{column}`", f"`{kind}`", purpose, known[column]))
    return build_table(("Column", "Type", "Purpose", "Meaning"), rows)
