"""Write keys: what a sender shows to write to a site.

Called by the collector, which loads all keys when `version` moved, and by `sanaq key`. A key is
128 random bits behind a prefix that tells its kind; only its SHA-256 is kept, which is enough for
a random value of that length.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy import RowMapping

from storage.registry import audit, sites
from storage.registry.engine import Registry, bump_version
from storage.registry.errors import RegistryRefused
from storage.registry.tables import write_keys

Kind = Literal["browser", "server"]
"""Browser keys are public, in pages and apps; server keys are secret and are told more."""

PREFIXES: dict[Kind, str] = {"browser": "sk_b_", "server": "sk_s_"}
"""How a key of each kind begins, so that a leaked one is recognised."""


@dataclass(frozen=True)
class WriteKey:
    """One write key, without the key."""

    id: str
    """Short name for commands and the audit log."""
    site: str
    kind: Kind
    created_at: datetime
    expires_at: datetime | None
    """From this moment on it opens nothing; None means never."""
    revoked_at: datetime | None

    def is_live(self, now: datetime) -> bool:
        """Say whether the key may still be used at this moment."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)


def digest_key(key: str) -> bytes:
    """Give the 32 bytes under which a key is kept and looked up."""
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


def create_key(
    registry: Registry,
    site: str,
    kind: Kind,
    actor: str,
    expires_at: datetime | None = None,
) -> str:
    """Make a write key, and its site if that is new, and give the key: this once.

    Errors: RegistryRefused when the kind or the site's name is none.
    """
    if kind not in get_args(Kind):
        raise RegistryRefused("a key's kind is browser or server")
    key = PREFIXES[kind] + secrets.token_hex(16)
    made = WriteKey(secrets.token_hex(4), site, kind, registry.now(), expires_at, None)
    with registry.write() as connection:
        sites.ensure_within(registry, connection, site, actor)
        row = {**vars(made), "key_sha256": digest_key(key).hex()}
        connection.execute(write_keys.insert().values(row))
        details = {"site": site, "kind": kind}
        audit.append_within(registry, connection, actor, "key.create", made.id, details)
        bump_version(connection)
    return key


def revoke_key(registry: Registry, key_id: str, actor: str) -> None:
    """End a key at once; collectors hear of it at their next look at `version`.

    Errors: RegistryRefused when no live key has this id.
    """
    live = (write_keys.c.id == key_id) & write_keys.c.revoked_at.is_(None)
    with registry.write() as connection:
        change = write_keys.update().where(live).values(revoked_at=registry.now())
        if connection.execute(change).rowcount != 1:
            raise RegistryRefused("no live key has this id")
        audit.append_within(registry, connection, actor, "key.revoke", key_id)
        bump_version(connection)


def find_key(registry: Registry, key_sha256: bytes) -> WriteKey | None:
    """Give the key of this digest unless it is revoked; ask `is_live` for its expiry."""
    query = _not_revoked().where(write_keys.c.key_sha256 == key_sha256.hex())
    with registry.read() as connection:
        row = connection.execute(query).mappings().first()
    return _read(row) if row else None


def load_keys(registry: Registry) -> dict[bytes, WriteKey]:
    """Give all keys that are not revoked, by their 32-byte digest."""
    with registry.read() as connection:
        rows = connection.execute(_not_revoked()).mappings()
        return {bytes.fromhex(row["key_sha256"]): _read(row) for row in rows}


def list_keys(registry: Registry) -> list[WriteKey]:
    """Give every key ever made, revoked ones too, by site and age."""
    query = sa.select(write_keys).order_by(write_keys.c.site, write_keys.c.created_at)
    with registry.read() as connection:
        return [_read(row) for row in connection.execute(query).mappings()]


def _not_revoked() -> sa.Select[Any]:
    return sa.select(write_keys).where(write_keys.c.revoked_at.is_(None))


def _read(row: RowMapping) -> WriteKey:
    return WriteKey(**{name: row[name] for name in WriteKey.__dataclass_fields__})
