"""Pseudonyms that no release may count: what was agreed to once and is refused now.

Rows say what was permitted when they came. Whoever withdraws later, restricts or objects is found
in them by the digests that they carry, which stand here beside nothing that tells whose they are.
Called with every recorded decision, by `storage.registry.consents`, and read by releases after
their budget is spent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from storage.registry.engine import Registry
from storage.registry.tables import release_exclusions

SHARING = "partner_sharing"
"""The purpose that every row of a release must be permitted for."""

CAUSES = (SHARING, "restricted", "objected")
"""Why somebody is left out; each comes and goes by itself."""


def exclude_within(
    connection: Connection, site: str, digests: Iterable[bytes], causes: Mapping[str, bool]
) -> None:
    """Leave pseudonyms out for the causes that hold, and let go of those that no longer do.

    Needs: a connection of `Registry.write`; causes are of `CAUSES`.
    """
    table = release_exclusions.c
    for digest in digests:
        for cause, holds in causes.items():
            name = {"site": site, "digest": digest.hex(), "cause": cause}
            same = sa.and_(*(table[column] == value for column, value in name.items()))
            if not holds:
                connection.execute(release_exclusions.delete().where(same))
            elif connection.execute(sa.select(table.site).where(same)).first() is None:
                connection.execute(release_exclusions.insert().values(**name))


def list_excluded(registry: Registry, sites: Sequence[str] = ()) -> list[bytes]:
    """Give the pseudonyms left out on some sites, none meaning all, each once and sorted.

    Errors: Unavailable.
    """
    table = release_exclusions.c
    query = sa.select(table.digest).distinct().order_by(table.digest)
    if sites:
        query = query.where(table.site.in_(sites))
    with registry.read() as connection:
        return [bytes.fromhex(digest) for (digest,) in connection.execute(query)]
