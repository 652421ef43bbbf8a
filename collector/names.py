"""Undeclared event names: kept, but only so many a site, so that no sender can flood it.

The limit holds for all workers together and outlives them: the registry counts, under digests of
names as they are kept. Each worker remembers which are in, so that the registry is asked about a
name once.
"""

from __future__ import annotations

from collections.abc import Collection
from hashlib import blake2b

from storage.errors import Unavailable
from storage.registry.engine import Registry
from storage.registry.names import admit_names

DIGEST_BYTES = 16


class UndeclaredNames:
    """Admits the undeclared names of each site, up to a bound."""

    def __init__(self, registry: Registry, names_per_site_max: int) -> None:
        self._registry = registry
        self._names_max = names_per_site_max
        self._known: dict[str, set[str]] = {}
        self._full: set[str] = set()

    def admit(self, site: str, names: Collection[str]) -> frozenset[str]:
        """Give those of a site's names that may be kept: known ones, and new ones if there is room.

        While the registry is away, names are admitted up to the bound by what this worker knows,
        and counted when another worker meets them.
        """
        known = self._known.setdefault(site, set())
        digests = {name: _digest(name) for name in names}
        new = [digest for digest in digests.values() if digest not in known]
        if new and site not in self._full:
            self._ask(site, known, new)
        return frozenset(name for name, digest in digests.items() if digest in known)

    def _ask(self, site: str, known: set[str], new: list[str]) -> None:
        """Take the registry's word on new names, and learn all that it has."""
        try:
            known |= admit_names(self._registry, site, new, self._names_max)
        except Unavailable:
            known.update(new[: max(0, self._names_max - len(known))])
            return
        if len(known) >= self._names_max:
            self._full.add(site)


def _digest(name: str) -> str:
    return blake2b(name.encode("utf-8", "replace"), digest_size=DIGEST_BYTES).hexdigest()
