"""Keyed digests: the only way in which an identifier leaves memory.

Keyed BLAKE2b, 16 bytes, over the class and the canonical form. Keys come from the keyring, random
and independent per (site, class, epoch); an event is digested under the key of its own time.
Source: RFC 7693 (keyed BLAKE2); anonymisation notes 5.1 and 5.4 (0.9 microseconds a value).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

from storage.key_epochs import KeyClass
from storage.keyring import KeyDestroyed, Keyring

DIGEST_BYTES = 16

BUCKET_MS = 900_000
"""A quarter of an hour: no time zone's midnight falls inside one."""

CACHED_MAX = 20_000
"""Bound on prepared hashes; past it the cache starts anew."""

CACHED_SECONDS_MAX = 60
"""Longest use of a prepared hash, so that a destroyed key is soon out of memory."""


class Digester:
    """Digests identifiers of one process's events."""

    def __init__(
        self, keyring: Keyring, zone_of: Callable[[str], ZoneInfo], seconds: Callable[[], float]
    ) -> None:
        self._keyring = keyring
        self._zone_of = zone_of
        self._seconds = seconds
        self._prepared: dict[tuple[str, str, int], Any] = {}
        self._emptied_at = seconds()

    def digest_many(
        self,
        key_class: KeyClass,
        sites: Sequence[str],
        moments_ms: Sequence[int],
        values: Sequence[bytes | None],
    ) -> list[bytes | None]:
        """Give the 16-byte digest of each value; null stays null.

        A value whose epoch's key was destroyed becomes null: nothing can be told of it any more.
        """
        self._forget_old()
        digests: list[bytes | None] = []
        for site, moment_ms, value in zip(sites, moments_ms, values, strict=True):
            prepared = None if value is None else self._prepare(site, key_class, moment_ms)
            if prepared is None or value is None:
                digests.append(None)
                continue
            state = prepared.copy()
            state.update(value)
            digests.append(state.digest())
        return digests

    def digest_all(self, key_class: KeyClass, site: str, value: bytes | None) -> list[bytes]:
        """Give a value's digest under every key of its class that lives; none for null.

        Why: a request about a person must find rows of every epoch. Errors: Unavailable.
        """
        if value is None:
            return []
        keys = self._keyring.live_keys(site, key_class).values()
        states = [_start(key_class, key) for key in keys]
        for state in states:
            state.update(value)
        return [state.digest() for state in states]

    def _prepare(self, site: str, key_class: KeyClass, moment_ms: int) -> Any:
        """Give the keyed hash of a class and moment, ready to take a value."""
        name = (site, key_class, moment_ms // BUCKET_MS)
        if name not in self._prepared:
            at = datetime.fromtimestamp(moment_ms / 1000, UTC)
            try:
                key = self._keyring.key(site, key_class, at, self._zone_of(site))
            except KeyDestroyed:
                self._prepared[name] = None
            else:
                self._prepared[name] = _start(key_class, key)
        return self._prepared[name]

    def _forget_old(self) -> None:
        """Empty the cache once a minute, and when it has grown past its bound."""
        now = self._seconds()
        if now - self._emptied_at > CACHED_SECONDS_MAX or len(self._prepared) > CACHED_MAX:
            self._prepared.clear()
            self._emptied_at = now


def _start(key_class: KeyClass, key: bytes) -> Any:
    """Give the keyed hash of a class, ready to take a value."""
    person = key_class.encode().ljust(16, b"\0")
    return blake2b(key=key, digest_size=DIGEST_BYTES, person=person)
