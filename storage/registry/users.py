"""Users: the operator's own people, their one-time links and their passwords.

Called by `sanaq user` and the dashboards. Nobody sets another's password: a user is made with a
link that works once within a day, and chooses one there. The audit log names users by id.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from storage.registry import audit
from storage.registry.engine import Registry
from storage.registry.errors import RegistryRefused, SignInRefused
from storage.registry.passwords import hash_password
from storage.registry.tables import sessions, sign_in_links, users
from storage.registry.tokens import digest_token, new_token

Role = Literal["analyst", "officer", "operator", "partner"]
"""What a user may see; each sees only its own (docs/registry.md)."""

LINK_LIFE = timedelta(hours=24)
"""How long a one-time link works."""

EMAIL_CHARS_MAX = 254
"""Longest e-mail address (RFC 5321)."""

_EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")


@dataclass(frozen=True)
class User:
    """One account, without its password."""

    id: str
    email: str
    """Lower case."""
    role: Role
    created_at: datetime
    disabled_at: datetime | None


def is_email(text: str) -> bool:
    """Say whether an account could have this e-mail."""
    return len(text) <= EMAIL_CHARS_MAX and _EMAIL.fullmatch(text) is not None


def link_path(token: str) -> str:
    """Give the path on the dashboards at which a one-time link is used."""
    return f"/welcome/{token}"


def add_user(registry: Registry, email: str, role: Role, actor: str) -> str:
    """Make an account and give the token of its one-time link: this once.

    Errors: RegistryRefused when the e-mail has an account already or is none, or the role is none.
    """
    if role not in get_args(Role):
        raise RegistryRefused("a role is analyst, officer, operator or partner")
    user = User(f"u{secrets.token_hex(6)}", _normalise(email), role, registry.now(), None)
    with registry.write() as connection:
        if _select(connection, users.c.email == user.email):
            raise RegistryRefused("this e-mail has an account already; ask for a new link")
        connection.execute(users.insert().values({**vars(user), "failures": 0}))
        audit.append_within(registry, connection, actor, "user.add", user.id, {"role": role})
        return _insert_link(registry, connection, user.id)


def renew_link(registry: Registry, email: str, actor: str) -> str:
    """Give a new one-time link for an account, so that its password can be chosen again.

    Earlier links stop working; the old password works until a new one is chosen.
    Errors: RegistryRefused when no working account has this e-mail.
    """
    with registry.write() as connection:
        user = _working(connection, users.c.email == _normalise(email))
        if user is None:
            raise RegistryRefused("no working account has this e-mail")
        audit.append_within(registry, connection, actor, "user.link", user.id)
        connection.execute(sign_in_links.delete().where(sign_in_links.c.user_id == user.id))
        return _insert_link(registry, connection, user.id)


def find_link(registry: Registry, token: str) -> User | None:
    """Give the user whom a one-time link is for, None where it does not work (any more)."""
    with registry.read() as connection:
        return _linked(connection, token, registry.now())


def set_password(registry: Registry, token: str, password: str) -> User:
    """Use up a one-time link to choose a password; sign the user out everywhere.

    Errors: SignInRefused when the link does not work; RegistryRefused when the password is weak.
    """
    if find_link(registry, token) is None:
        raise SignInRefused
    hashed = hash_password(password)
    with registry.write() as connection:
        now = registry.now()
        user = _linked(connection, token, now)
        if user is None:
            raise SignInRefused
        link = sign_in_links.c.token_sha256 == digest_token(token)
        connection.execute(sign_in_links.update().where(link).values(used_at=now))
        fresh = {"password_hash": hashed, "failures": 0, "locked_until": None}
        connection.execute(users.update().where(users.c.id == user.id).values(fresh))
        connection.execute(sessions.delete().where(sessions.c.user_id == user.id))
        actor = f"user:{user.id}"
        audit.append_within(registry, connection, actor, "user.password", user.id)
        return user


def disable_user(registry: Registry, email: str, actor: str) -> None:
    """Close an account and sign its user out everywhere, at once.

    Errors: RegistryRefused when no working account has this e-mail.
    """
    with registry.write() as connection:
        user = _working(connection, users.c.email == _normalise(email))
        if user is None:
            raise RegistryRefused("no working account has this e-mail")
        change = users.update().where(users.c.id == user.id)
        connection.execute(change.values(disabled_at=registry.now(), password_hash=None))
        connection.execute(sessions.delete().where(sessions.c.user_id == user.id))
        audit.append_within(registry, connection, actor, "user.disable", user.id)


def list_users(registry: Registry) -> list[User]:
    """Give all accounts by e-mail, closed ones too."""
    with registry.read() as connection:
        rows = connection.execute(sa.select(users).order_by(users.c.email)).mappings()
        return [read_user(row) for row in rows]


def read_user(row: RowMapping) -> User:
    """Read a user out of a row that has the columns of `users`."""
    fields: dict[str, Any] = {name: row[name] for name in User.__dataclass_fields__}
    return User(**fields)


def _insert_link(registry: Registry, connection: Connection, user_id: str) -> str:
    token = new_token()
    row = {"token_sha256": digest_token(token), "user_id": user_id}
    expires_at = registry.now() + LINK_LIFE
    connection.execute(sign_in_links.insert().values({**row, "expires_at": expires_at}))
    return token


def _linked(connection: Connection, token: str, now: datetime) -> User | None:
    query = sa.select(sign_in_links).where(sign_in_links.c.token_sha256 == digest_token(token))
    link = connection.execute(query).mappings().first()
    if link is None or link["used_at"] is not None or link["expires_at"] <= now:
        return None
    return _working(connection, users.c.id == link["user_id"])


def _working(connection: Connection, condition: sa.ColumnElement[bool]) -> User | None:
    return _select(connection, condition & users.c.disabled_at.is_(None))


def _select(connection: Connection, condition: sa.ColumnElement[bool]) -> User | None:
    row = connection.execute(sa.select(users).where(condition)).mappings().first()
    return read_user(row) if row else None


def _normalise(email: str) -> str:
    address = email.strip().lower()
    if not is_email(address):
        raise RegistryRefused("this is not an e-mail address")
    return address
