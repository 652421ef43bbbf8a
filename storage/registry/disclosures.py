"""The disclosure register: who outside received what, when and on what basis."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping

from storage.registry import audit
from storage.registry.engine import Registry
from storage.registry.tables import disclosures


@dataclass(frozen=True)
class Disclosure:
    """One thing that left the operator."""

    id: str
    at: datetime
    recipient: str
    """Who received it: a partner's or processor's name."""
    what: str
    """What they received, in words; never the thing itself."""
    basis: str
    """Why that was lawful."""
    release_id: str | None
    """The release, where it was one."""


def record_disclosure(
    registry: Registry,
    recipient: str,
    what: str,
    basis: str,
    actor: str,
    release_id: str | None = None,
) -> Disclosure:
    """Write down that something left, on the audit log too."""
    made = Disclosure(secrets.token_hex(8), registry.now(), recipient, what, basis, release_id)
    with registry.write() as connection:
        connection.execute(disclosures.insert().values(vars(made)))
        details = {"recipient": recipient, "release_id": release_id}
        audit.append_within(registry, connection, actor, "disclosure.record", made.id, details)
    return made


def list_disclosures(registry: Registry, release_id: str | None = None) -> list[Disclosure]:
    """Give the register, or what left of one release, oldest first."""
    query = sa.select(disclosures).order_by(disclosures.c.at, disclosures.c.id)
    if release_id is not None:
        query = query.where(disclosures.c.release_id == release_id)
    with registry.read() as connection:
        return [_read(row) for row in connection.execute(query).mappings()]


def _read(row: RowMapping) -> Disclosure:
    fields: dict[str, Any] = {name: row[name] for name in Disclosure.__dataclass_fields__}
    return Disclosure(**fields)
