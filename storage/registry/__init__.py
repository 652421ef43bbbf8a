"""The registry: who may write, who may look, what was spent, and the log of it all.

Transactional, on SQLAlchemy: SQLite by default, any other database by DSN. `open_registry` gives
a `Registry`; the modules beside it are functions that take one. Every change to sites, keys and
users writes its audit entry in the same transaction.
"""

from __future__ import annotations

from storage.registry import (
    audit,
    budget,
    consents,
    disclosures,
    keys,
    releases,
    sessions,
    sites,
    users,
)
from storage.registry.engine import Registry, open_dsn, open_registry, version
from storage.registry.errors import BudgetExhausted, RegistryRefused, SignInRefused

__all__ = [
    "BudgetExhausted",
    "Registry",
    "RegistryRefused",
    "SignInRefused",
    "audit",
    "budget",
    "consents",
    "disclosures",
    "keys",
    "open_dsn",
    "open_registry",
    "releases",
    "sessions",
    "sites",
    "users",
    "version",
]
