"""The registry's address: its driver chosen, its mistakes told without quoting it.

Called by `engine` alone. An address holds a password, so no sentence from here, and no error that
is raised from here, carries any part of it.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from config.errors import ConfigError

POSTGRESQL = "postgresql"
"""How an address of PostgreSQL begins, and what its dialect is called."""

DRIVER = f"{POSTGRESQL}+psycopg"
"""The driver that every address of PostgreSQL gets, whichever it names."""

CONNECT_DEFAULTS = {
    "application_name": "sanaq",
    "client_encoding": "utf8",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "tcp_user_timeout": "30000",
}
"""What a connection gets unless the address says otherwise; seconds, the last one milliseconds.

Why: by itself the driver waits two minutes for a host that does not answer, and for ever for one
that has gone.
"""

_MALFORMED = (
    "must look like postgresql://user:password@host/database; in the password, signs such as "
    "@ : / % are written as %40 %3A %2F %25"
)
_UNKNOWN = "no driver for this kind of database is here; use postgresql://… or sqlite:///…"
_REFUSED = (
    "the database server answers, and refuses this user, password or database; "
    "its own log says which"
)
_NO_RIGHTS = "this user may not make or change tables; make it the owner of the database"

_INSUFFICIENT_PRIVILEGE = "42501"
_REFUSALS = ("pg_hba.conf", "authentication failed", "does not exist")


def is_local(dsn: str) -> bool:
    """Tell whether an address is a file of this host; a server may serve several hosts."""
    return read_address(dsn).get_backend_name() == "sqlite"


def read_address(dsn: str) -> URL:
    """Read an address, and choose the driver where it is one of PostgreSQL.

    Errors: ConfigError when it is none, or no driver for it is here.
    """
    try:
        url = sa.make_url(dsn)
        if url.get_backend_name() in (POSTGRESQL, "postgres"):
            url = url.set(drivername=DRIVER)
        url.get_dialect().import_dbapi()
    except (NoSuchModuleError, ImportError):
        raise ConfigError("SANAQ_REGISTRY", 0, _UNKNOWN) from None
    except (ArgumentError, ValueError):
        raise ConfigError("SANAQ_REGISTRY", 0, _MALFORMED) from None
    return url


def fill_defaults(url: URL) -> dict[str, str]:
    """Give those of `CONNECT_DEFAULTS` that an address leaves open."""
    return {name: value for name, value in CONNECT_DEFAULTS.items() if name not in url.query}


def name_mistake(error: DBAPIError) -> str | None:
    """Say what the operator has to mend, None where the database is merely away.

    Why not by the error's text: a server writes that in its own language. That it asked for a
    password is known without words; the few words are for servers that ask for none.
    """
    cause = error.orig
    if getattr(cause, "sqlstate", None) == _INSUFFICIENT_PRIVILEGE:
        return _NO_RIGHTS
    attempt = getattr(cause, "pgconn", None)
    if attempt is None:
        return None
    asked = attempt.used_password or attempt.needs_password
    return _REFUSED if asked or any(word in str(cause) for word in _REFUSALS) else None
