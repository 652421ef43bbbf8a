"""How many event names of its own a site has sent, counted for all collectors together."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from storage.registry.engine import Registry
from storage.registry.tables import undeclared_names


def admit_names(registry: Registry, site: str, digests: Sequence[str], names_max: int) -> set[str]:
    """Take in new names as long as a site has fewer than the bound; give all that are in.

    Shape: digests of names, 32 hex digits each. A name that is in stays in. Errors: Unavailable.
    """
    mine = undeclared_names.c.site == site
    query = sa.select(undeclared_names.c.digest).where(mine)
    with registry.read() as connection:
        known = set(connection.execute(query).scalars())
    if len(known) >= names_max or known.issuperset(digests):
        return known
    with registry.write() as connection:
        known = set(connection.execute(query).scalars())
        new = [one for one in dict.fromkeys(digests) if one not in known]
        new = new[: max(0, names_max - len(known))]
        now = registry.now()
        rows = [{"site": site, "digest": digest, "first_at": now} for digest in new]
        if rows:
            connection.execute(undeclared_names.insert(), rows)
    return known | set(new)
