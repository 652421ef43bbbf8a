"""Write keys and sites as a worker knows them: in memory, at most a second old."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from time import monotonic
from zoneinfo import ZoneInfo

from storage.clock import Clock
from storage.errors import Unavailable
from storage.registry import engine, keys, sites
from storage.registry.engine import Registry
from storage.registry.keys import WriteKey
from storage.registry.sites import Site

POLL_SECONDS = 0.5
"""How often the registry is asked whether keys or sites changed."""

UNKNOWN_SECONDS = 0.1
"""How far apart the registry is asked on behalf of unknown keys, however many come."""

UNKNOWN_MAX = 10_000
"""Most digests of unknown keys that are remembered; past it they are forgotten all at once."""


class KeyBook:
    """Looks write keys up without a disk in the way."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock
        self._keys: dict[bytes, WriteKey] = {}
        self._sites: dict[str, Site] = {}
        self._sites_by_origin: dict[str, tuple[str, ...]] = {}
        self._unknown: set[bytes] = set()
        self._version = -1
        self._refresh_lock = asyncio.Lock()
        self._looked_at = 0.0
        self.refresh()

    def refresh(self) -> None:
        """Load keys and sites anew where they changed.

        Errors: Unavailable; what was known stays.
        """
        version = engine.version(self._registry)
        if version != self._version:
            self._keys = keys.load_keys(self._registry)
            self._sites = sites.load_sites(self._registry)
            self._sites_by_origin = _by_origin(self._sites)
            self._version = version
            self._unknown.clear()

    async def find(self, key: str) -> WriteKey | None:
        """Give a live key, None where it is unknown, revoked or expired.

        A key that is not known yet is looked for once more in the registry, since it may be as
        young as this request; requests that wait for that share one look. The answer no is
        remembered until the registry changes.
        """
        digest = keys.digest_key(key)
        found = self._keys.get(digest)
        if found is None and digest not in self._unknown:
            await self._look_again(monotonic())
            found = self._keys.get(digest)
            if found is None:
                self._remember_unknown(digest)
        return found if found is not None and found.is_live(self._now()) else None

    def site(self, name: str) -> Site | None:
        """Give a site by its name."""
        return self._sites.get(name)

    def sites_of(self, origin: str) -> tuple[str, ...]:
        """Give the names of the sites that list an origin."""
        return self._sites_by_origin.get(origin, ())

    def zone_of(self, site: str) -> ZoneInfo:
        """Give the time zone in which a site's days begin."""
        known = self._sites.get(site)
        return known.zone if known is not None else ZoneInfo("UTC")

    async def keep_fresh(self) -> None:
        """Follow the registry until cancelled; while it is away, what was known stays."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                async with self._refresh_lock:
                    await asyncio.to_thread(self.refresh)
            except Unavailable:
                continue

    async def _look_again(self, asked_at: float) -> None:
        """Refresh, unless one that began after a moment has been waited for.

        Why the pause: whoever sends keys that nobody has would else keep the registry at work.
        Errors: Unavailable.
        """
        async with self._refresh_lock:
            if self._looked_at > asked_at:
                return
            await asyncio.sleep(max(0.0, self._looked_at + UNKNOWN_SECONDS - monotonic()))
            self._looked_at = monotonic()
            await asyncio.to_thread(self.refresh)

    def _remember_unknown(self, digest: bytes) -> None:
        if len(self._unknown) >= UNKNOWN_MAX:
            self._unknown.clear()
        self._unknown.add(digest)

    def _now(self) -> datetime:
        return self._clock()


def _by_origin(sites: Mapping[str, Site]) -> dict[str, tuple[str, ...]]:
    """Give the names of sites by each origin that they list."""
    names: dict[str, list[str]] = defaultdict(list)
    for site in sites.values():
        for origin in set(site.origins):
            names[origin].append(site.name)
    return {origin: tuple(sorted(listed)) for origin, listed in names.items()}
