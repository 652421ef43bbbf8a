"""Who may do what in the embedded warehouse: the four roles and their passwords.

The engine itself enforces the grants (every query runs under `SET ROLE`); `access` refuses what
grants do not cover. On a cluster the operator gives the same grants to real users
(docs/warehouse.md).
"""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from storage.embedded.words import words

PASSWORD_BYTES = 32
"""Random bytes behind a password; it is their URL-safe base64."""

PUBLIC_SYSTEM_TABLES = words(
    """
    one numbers columns databases tables settings functions formats data_type_families
    time_zones table_engines collations current_roles
    """
)
"""System tables that tell nothing of people, and of tables only what the grants show."""

OPERATOR_SYSTEM_TABLES = PUBLIC_SYSTEM_TABLES | words(
    """
    processes parts parts_columns merges mutations disks metrics asynchronous_metrics events
    errors detached_parts replicas moves warnings build_options
    """
)
"""What an operator needs to see how the warehouse fares."""


@dataclass(frozen=True)
class Role:
    """A way into the warehouse."""

    name: str
    """Name of the user as clients send it, and of the engine's role."""
    grants: tuple[str, ...]
    """What the engine permits, as `GRANT` without the grantee."""
    databases: frozenset[str]
    """Databases whose tables a statement may name; the first one by order is the default."""
    default_database: str
    """Database of a name without one."""
    system_tables: frozenset[str]
    """Tables of `system` that a statement may name."""
    writes: bool
    """Whether anything but reading is possible."""
    bounded: bool
    """Whether a query's time and result are bounded: yes where people write the SQL."""


_BOTH = frozenset({"sanaq", "sanaq_analyst"})
_CHANGES = (
    "SELECT, INSERT, ALTER TABLE, ALTER VIEW, CREATE TABLE, CREATE VIEW, DROP TABLE, DROP VIEW, "
    "TRUNCATE, OPTIMIZE, SHOW"
)
_SEES_SYSTEM = tuple(f"SELECT ON system.{name}" for name in sorted(OPERATOR_SYSTEM_TABLES))

ROLES: Mapping[str, Role] = {
    role.name: role
    for role in (
        Role(
            name="sanaq_writer",
            grants=(f"{_CHANGES} ON sanaq.*", f"{_CHANGES} ON sanaq_analyst.*", *_SEES_SYSTEM),
            databases=_BOTH,
            default_database="sanaq",
            system_tables=OPERATOR_SYSTEM_TABLES,
            writes=True,
            bounded=False,
        ),
        Role(
            name="sanaq_reader",
            grants=("SELECT ON sanaq.*", "SELECT ON sanaq_analyst.*"),
            databases=_BOTH,
            default_database="sanaq",
            system_tables=PUBLIC_SYSTEM_TABLES,
            writes=False,
            bounded=False,
        ),
        Role(
            name="sanaq_operator",
            grants=("SELECT ON sanaq.*", "SELECT ON sanaq_analyst.*", *_SEES_SYSTEM),
            databases=_BOTH,
            default_database="sanaq",
            system_tables=OPERATOR_SYSTEM_TABLES,
            writes=False,
            bounded=True,
        ),
        Role(
            name="sanaq_analyst",
            grants=("SELECT ON sanaq_analyst.*",),
            databases=frozenset({"sanaq_analyst"}),
            default_database="sanaq_analyst",
            system_tables=PUBLIC_SYSTEM_TABLES,
            writes=False,
            bounded=True,
        ),
    )
}
"""Loader and migrations; our own reading jobs; `sanaq sql`; analysts and their tools."""


def secret_file(warehouse: Path, role: str) -> Path:
    """Give where the password of `role` lies: `secrets/<role>` in the warehouse's folder."""
    return warehouse / "secrets" / role


def make_passwords(warehouse: Path) -> dict[str, str]:
    """Give the password of each role, made at random (0600) where it is missing.

    Errors: `OSError` where the folder cannot be written.
    """
    folder = warehouse / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    return {name: _make_password(secret_file(warehouse, name)) for name in ROLES}


def _make_password(file: Path) -> str:
    """Read the file, or write a new password whole: a crash leaves none or a full one."""
    if not file.exists():
        draft = file.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(secrets.token_urlsafe(PASSWORD_BYTES))
            out.flush()
            os.fsync(out.fileno())
        draft.rename(file)
    return file.read_text()


def find_role(passwords: Mapping[str, str], user: str, password: str) -> Role | None:
    """Give the role whose name and password these are, or none; takes the same time either way."""
    expected = passwords.get(user, "")
    matches = hmac.compare_digest(expected.encode(), password.encode())
    return ROLES[user] if expected and matches else None
