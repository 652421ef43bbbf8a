"""Which sites may collect a category that is forbidden to all others, on the audit log.

Called by each worker before it takes a request: what the policy allows is in force from then on,
and whoever wrote it into the policy is to be found by when. The chain itself is the memory.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from sqlalchemy import Connection

from config.policy import Policy
from storage.registry import audit
from storage.registry.engine import Registry
from storage.registry.tables import audit as entries

ALLOW, FORBID = "category.allow", "category.forbid"

Allowances = dict[tuple[str, str], str]
"""(site, category) -> basis, in the words of the policy."""


def note_allowances(registry: Registry, policy: Policy, actor: str) -> int:
    """Write down what the policy allows or forbids otherwise than when last noted; give how much.

    Errors: Unavailable; then take no requests either.
    """
    declared = list_declared(policy)
    with registry.read() as connection:
        if list_noted(connection) == declared:
            return 0
    with registry.write() as connection:
        noted = list_noted(connection)
        changed = {
            key for key in noted.keys() | declared.keys() if noted.get(key) != declared.get(key)
        }
        for site, category in sorted(changed):
            basis = declared.get((site, category))
            action = FORBID if basis is None else ALLOW
            details = {"category": category} | ({} if basis is None else {"basis": basis})
            audit.append_within(registry, connection, actor, action, site, details)
    return len(changed)


def list_declared(policy: Policy) -> Allowances:
    """Give what a policy allows."""
    return {
        (site, category): basis
        for site, rule in policy.sites.items()
        for category, basis in rule.allowed_categories.items()
    }


def list_noted(connection: Connection) -> Allowances:
    """Give what is allowed by the audit log: the last entry about each site and category."""
    columns = (entries.c.action, entries.c.subject, entries.c.details_json)
    query = sa.select(*columns).where(entries.c.action.in_([ALLOW, FORBID])).order_by(entries.c.seq)
    noted: Allowances = {}
    for action, site, details_json in connection.execute(query):
        details = json.loads(details_json)
        key = (site, details["category"])
        if action == ALLOW:
            noted[key] = details["basis"]
        else:
            noted.pop(key, None)
    return noted
