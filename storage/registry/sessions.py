"""Sessions: who is signed in, and how guessing a password is slowed down.

Called by the dashboards. A failed attempt is counted before the password is looked at, so guesses
sent side by side count each. Waiting is per account and told to nobody: address and browser of
whoever tries are not known here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from storage.registry import audit
from storage.registry.engine import Registry
from storage.registry.errors import SignInRefused
from storage.registry.passwords import check_password
from storage.registry.tables import sessions, users
from storage.registry.tokens import digest_token, new_token
from storage.registry.users import User, is_email, read_user

SESSION_LIFE = timedelta(hours=12)
"""How long a sign-in holds, whatever is done meanwhile."""

FAILURES_FREE = 5
"""Wrong passwords in a row before an account waits."""

WAIT_FIRST = timedelta(seconds=15)
"""First wait; each further failure doubles it."""

WAIT_MAX = timedelta(minutes=15)
"""Longest wait, so that nobody can lock an account for good by guessing."""


@dataclass(frozen=True)
class Session:
    """A browser that is signed in."""

    user: User
    expires_at: datetime


def sign_in(registry: Registry, email: str, password: str) -> str:
    """Open a session and give its token, for a cookie: this once.

    Errors: SignInRefused, the same and after the same time, whatever is wrong.
    """
    account = _begin_attempt(registry, email.strip().lower())
    stored = account[1] if account else None
    if not check_password(stored, password) or account is None:
        raise SignInRefused
    user_id, token, now = account[0], new_token(), registry.now()
    with registry.write() as connection:
        same = (users.c.id == user_id) & (users.c.password_hash == stored)
        fresh = users.update().where(same & users.c.disabled_at.is_(None))
        if connection.execute(fresh.values(failures=0, locked_until=None)).rowcount != 1:
            # Closed, or given another password, while this one was being looked at.
            raise SignInRefused
        connection.execute(sessions.delete().where(sessions.c.expires_at <= now))
        row = {"token_sha256": digest_token(token), "user_id": user_id, "created_at": now}
        connection.execute(sessions.insert().values({**row, "expires_at": now + SESSION_LIFE}))
        audit.append_within(registry, connection, f"user:{user_id}", "user.sign_in", user_id)
    return token


def find_session(registry: Registry, token: str) -> Session | None:
    """Give the session of a token, None where it is over, unknown, or its account closed."""
    mine = sessions.c.token_sha256 == digest_token(token)
    query = sa.select(users, sessions.c.expires_at).join(sessions).where(mine)
    with registry.read() as connection:
        row = connection.execute(query).mappings().first()
    if row is None or row["expires_at"] <= registry.now() or row["disabled_at"] is not None:
        return None
    return Session(read_user(row), row["expires_at"])


def sign_out(registry: Registry, token: str) -> None:
    """End a session; one that is over already changes nothing."""
    with registry.write() as connection:
        connection.execute(sessions.delete().where(sessions.c.token_sha256 == digest_token(token)))


def _begin_attempt(registry: Registry, email: str) -> tuple[str, str | None] | None:
    """Count an attempt and give (user id, password hash); None where none is to be compared."""
    if not is_email(email):  # Whatever a form sent; not every database can compare all of that.
        return None
    with registry.write() as connection:
        working = (users.c.email == email) & users.c.disabled_at.is_(None)
        row = connection.execute(sa.select(users).where(working)).mappings().first()
        if row is None:
            return None
        now = registry.now()
        if row["locked_until"] is not None and now < row["locked_until"]:
            return None
        failures = row["failures"] + 1
        wait = _wait_after(failures)
        values = {"failures": failures, "locked_until": now + wait if wait else None}
        connection.execute(users.update().where(users.c.id == row["id"]).values(values))
        _note_first_wait(registry, connection, row["id"], failures)
        return row["id"], row["password_hash"]


def _wait_after(failures: int) -> timedelta | None:
    if failures < FAILURES_FREE:
        return None
    # Doubled at most ten times: more would be beyond the longest wait anyway.
    doublings = min(failures - FAILURES_FREE, 10)
    return min(WAIT_FIRST * (1 << doublings), WAIT_MAX)


def _note_first_wait(
    registry: Registry, connection: Connection, user_id: str, failures: int
) -> None:
    # Once per series: whoever guesses must not be able to fill the audit log.
    if failures == FAILURES_FREE:
        audit.append_within(registry, connection, "dashboards", "user.wait", user_id)
