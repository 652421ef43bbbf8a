"""The registry's tables, declared once for every SQL dialect.

Called by the modules beside this one, each of which owns the tables named after it. Identifiers
are text, digests are lower-case hex, moments are UTC text with milliseconds, exact numbers are
fractions as text: all of that reads and sorts the same on every dialect.
"""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

SHA256_CHARS = 64
"""Length of a SHA-256 digest as hex."""


def format_moment(moment: datetime) -> str:
    """Write an aware moment as UTC text with milliseconds, so that text order is time order."""
    if moment.tzinfo is None:
        raise ValueError("a moment needs a time zone")
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Moment(sa.types.TypeDecorator[datetime]):
    """An aware UTC moment, kept as text such as `2026-11-22T05:11:12.000Z`.

    Why text: SQLite's own date type loses the time zone, and this form sorts as time does.
    """

    impl = sa.String(24)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:
        """Write the moment as text."""
        return None if value is None else format_moment(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read the text back as an aware UTC moment."""
        return None if value is None else datetime.fromisoformat(value)


class Exact(sa.types.TypeDecorator[Fraction]):
    """An exact rational, kept as text such as `1/40`; never a float, which rounds budgets."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Fraction | None, dialect: Dialect) -> str | None:
        """Write the fraction in lowest terms."""
        return None if value is None else str(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Fraction | None:
        """Read the text back as the same fraction."""
        return None if value is None else Fraction(value)


METADATA = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)
"""All tables; names of constraints are fixed, so that a later version can change them."""

meta = sa.Table(
    "meta",
    METADATA,
    sa.Column("name", sa.String(32), primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)
"""Counters of the registry itself: `schema_version`, `version`, `audit_seq`, `writer`,
`consent_seq`."""

sites = sa.Table(
    "sites",
    METADATA,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("timezone", sa.String(64), nullable=False),
    sa.Column("origins", sa.JSON, nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
    sa.Column("created_at", Moment, nullable=False),
)
"""One property of the operator that sends events; origins are those that browsers may send from."""

write_keys = sa.Table(
    "write_keys",
    METADATA,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("site", sa.ForeignKey("sites.name"), nullable=False, index=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("key_sha256", sa.String(SHA256_CHARS), nullable=False, unique=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment),
    sa.Column("revoked_at", Moment),
)
"""What a sender shows to write; the key itself is shown once and kept as a digest."""

users = sa.Table(
    "users",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("email", sa.String(254), nullable=False, unique=True),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("password_hash", sa.String(255)),
    sa.Column("failures", sa.Integer, nullable=False),
    sa.Column("locked_until", Moment),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("disabled_at", Moment),
)
"""The operator's own people; failures since the last sign-in slow guessing down."""

sign_in_links = sa.Table(
    "sign_in_links",
    METADATA,
    sa.Column("token_sha256", sa.String(SHA256_CHARS), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("expires_at", Moment, nullable=False),
    sa.Column("used_at", Moment),
)
"""One-time links with which a user sets a password."""

sessions = sa.Table(
    "sessions",
    METADATA,
    sa.Column("token_sha256", sa.String(SHA256_CHARS), primary_key=True),
    sa.Column("user_id", sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("expires_at", Moment, nullable=False),
)
"""Browsers that are signed in; the token lives in a cookie, its digest here."""

budgets = sa.Table(
    "budgets",
    METADATA,
    sa.Column("dataset", sa.String(64), primary_key=True),
    sa.Column("rho_cap", Exact, nullable=False),
    sa.Column("delta_cap", Exact, nullable=False),
    sa.Column("span_days", sa.Integer, nullable=False),
    sa.Column("changed_at", Moment, nullable=False),
)
"""What all releases over one dataset may cost within any span of days, as last declared."""

spends = sa.Table(
    "spends",
    METADATA,
    sa.Column("release_id", sa.String(80), primary_key=True),
    sa.Column("dataset", sa.ForeignKey("budgets.dataset"), nullable=False, index=True),
    sa.Column("window", sa.String(32), nullable=False),
    sa.Column("window_start", Moment, nullable=False),
    sa.Column("window_end", Moment, nullable=False),
    sa.Column("rho", Exact, nullable=False),
    sa.Column("delta", Exact, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("created_at", Moment, nullable=False),
    sa.Column("updated_at", Moment, nullable=False),
)
"""One row per release id that ever reserved budget; rows never leave."""

releases = sa.Table(
    "releases",
    METADATA,
    sa.Column("release_id", sa.String(80), primary_key=True),
    sa.Column("name", sa.String(64), nullable=False),
    sa.Column("window_start", Moment, nullable=False),
    sa.Column("window_end", Moment, nullable=False),
    sa.Column("supersedes", sa.String(80), nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("sha256", sa.String(SHA256_CHARS)),
    sa.Column("path", sa.String(512)),
    sa.Column("created_at", Moment, nullable=False),
    sa.UniqueConstraint("name", "window_start", "window_end", "supersedes"),
)
"""Each artefact drawn, once per (release, window) and correction; `supersedes` is '' else."""

disclosures = sa.Table(
    "disclosures",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("at", Moment, nullable=False),
    sa.Column("recipient", sa.String(128), nullable=False),
    sa.Column("what", sa.String(256), nullable=False),
    sa.Column("basis", sa.String(128), nullable=False),
    sa.Column("release_id", sa.ForeignKey("releases.release_id")),
)
"""Who outside received what, when and on what basis."""

audit = sa.Table(
    "audit",
    METADATA,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(24), nullable=False),
    sa.Column("actor", sa.String(128), nullable=False),
    sa.Column("action", sa.String(64), nullable=False),
    sa.Column("subject", sa.String(128), nullable=False),
    sa.Column("details_json", sa.Text, nullable=False),
    sa.Column("previous_sha256", sa.String(SHA256_CHARS), nullable=False),
    sa.Column("sha256", sa.String(SHA256_CHARS), nullable=False),
)
"""The chain: each entry carries the digest of itself and of the one before."""

consent_states = sa.Table(
    "consent_states",
    METADATA,
    sa.Column("site", sa.String(64), primary_key=True),
    sa.Column("digest", sa.String(32), primary_key=True, index=True),
    sa.Column("decisions", sa.JSON, nullable=False),
    sa.Column("withdrawn", sa.String(255), nullable=False),
    sa.Column("granted", sa.String(255), nullable=False),
    sa.Column("restricted", sa.Boolean, nullable=False),
    sa.Column("objected", sa.Boolean, nullable=False),
    sa.Column("seq", sa.BigInteger, nullable=False, index=True),
)
"""What holds of one identifier, under its digest by the site's consent key; purposes are joined
by blanks. `seq` grows with every change of any row, so that collectors read what changed alone."""

release_exclusions = sa.Table(
    "release_exclusions",
    METADATA,
    sa.Column("site", sa.String(64), primary_key=True),
    sa.Column("digest", sa.String(32), primary_key=True),
    sa.Column("cause", sa.String(32), primary_key=True),
    sqlite_with_rowid=False,
)
"""Digests, as events carry them, that no release counts, and why; in no order of their coming."""

undeclared_names = sa.Table(
    "undeclared_names",
    METADATA,
    sa.Column("site", sa.String(64), primary_key=True),
    sa.Column("digest", sa.String(32), primary_key=True),
    sa.Column("first_at", Moment, nullable=False),
)
"""Event names that no file declares, by a digest of the name as events keep it."""

requests = sa.Table(
    "requests",
    METADATA,
    sa.Column("id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("site", sa.String(64), nullable=False),
    sa.Column("subject_kind", sa.String(16), nullable=False),
    sa.Column("digest", sa.String(32), nullable=False, index=True),
    sa.Column("marks", sa.JSON, nullable=False),
    sa.Column("source", sa.String(64), nullable=False),
    sa.Column("received_at", Moment, nullable=False),
    sa.Column("state", sa.String(16), nullable=False),
)
"""Requests of people. `digest` is the subject's under the site's consent key; `marks` are those
under every living key of its class, by which its rows are found, and are emptied once it is done.
"""
