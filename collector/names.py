"""Undeclared event names: kept, but only so many a site, so that no sender can flood it."""

from __future__ import annotations


class UndeclaredNames:
    """Remembers the undeclared names of each site, up to a bound."""

    def __init__(self, names_per_site_max: int) -> None:
        self._names_max = names_per_site_max
        self._names: dict[str, set[str]] = {}

    def admit(self, site: str, name: str) -> bool:
        """Tell whether a name may be kept: it is known, or there is room for one more."""
        known = self._names.setdefault(site, set())
        if name in known:
            return True
        if len(known) >= self._names_max:
            return False
        known.add(name)
        return True
