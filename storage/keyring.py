"""The keyring: random, independent keys, one per (site, class, epoch), sealed, and their end.

Called by the collector's pseudonymise stage, by requests about a person (`live_keys`) and by the
release's signature. Lives in a file of its own, apart from everything digested with its keys.
Promises: two processes that ask first get the same key; no key's bytes are in the file in the
clear; a destroyed key is gone from the file and never comes back (docs/registry.md tells how far
that reaches on real disks).
"""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from storage.clock import Clock, utc_now
from storage.key_epochs import FOREVER, PURPOSE_OF, KeyClass, due_at, end_of, epoch_of
from storage.key_sealing import KEY_BYTES, seal, unseal
from storage.keyring_file import KeyName, KeyringFile, StoredKey
from storage.master_key import FILE_NAME, load_master_key
from storage.registry import open_registry
from storage.registry.address import is_local
from storage.shared_keyring import SharedKeyringFile

if TYPE_CHECKING:
    from config.settings import Settings

RECHECK_SECONDS = 60
"""How long a key is given from memory, and so the longest use of one destroyed elsewhere."""

RetentionDays = Callable[[str], int]
"""Purpose -> days that its rows are kept: `policy.retention_days`."""


class KeyDestroyed(Exception):
    """The key of this epoch was destroyed; nothing can be digested with it again.

    Who handles it: the collector keeps the event without that identifier.
    """

    def __init__(self) -> None:
        super().__init__("the key of this epoch was destroyed")


@dataclass(frozen=True)
class _Cached:
    key: bytes
    recheck_at: datetime


class Keyring:
    """Keys by site, class and event time, made when first asked for; for threads, not forks."""

    def __init__(self, file: KeyringFile, master_key: bytes, clock: Clock) -> None:
        self._file = file
        self._master_key = master_key
        self._clock = clock
        self._cache: dict[KeyName, _Cached] = {}
        self._rotations: dict[tuple[str, KeyClass], tuple[datetime, ...]] = {}
        self._rotations_read_at: datetime | None = None
        self._lock = threading.RLock()
        self._pid = os.getpid()

    @classmethod
    def open(cls, path: Path, master_key: bytes, clock: Clock = utc_now) -> Keyring:
        """Open the keyring at this path, made if it is missing.

        Errors: ConfigError when the master key is not this keyring's; Unavailable when the file
        stays locked or the disk refuses.
        """
        return cls(KeyringFile.open(path, master_key), master_key, clock)

    def epoch(self, key_class: KeyClass, at: datetime, sites: Collection[str] = ()) -> str:
        """Give the label of the epoch in which all of some sites are at a moment.

        It changes whenever the keys of any of them do; no sites mean every site.
        """
        self._starts("", key_class, self._clock())
        starts = {
            start
            for (site, rotated), those in self._rotations.items()
            if rotated == key_class and (not sites or site in sites)
            for start in those
        }
        return epoch_of(key_class, at, starts=sorted(starts))

    def key(self, site: str, key_class: KeyClass, at: datetime, zone: tzinfo = UTC) -> bytes:
        """Give the 32-byte key of a site's class for events of this moment.

        `zone` is the site's time zone, in which a visit's day is cut.
        Errors: KeyDestroyed when its epoch is over and gone; Unavailable.
        """
        now = self._clock()
        starts = self._starts(site, key_class, now)
        name = KeyName(site, key_class, epoch_of(key_class, at, zone, starts))
        cached = self._cache.get(name)
        if cached is not None and now < cached.recheck_at:
            return cached.key
        with self._lock:
            return self._ask_file(name, now)

    def live_keys(self, site: str, key_class: KeyClass) -> dict[str, bytes]:
        """Give every key of a site's class that still lives, by epoch label, oldest first.

        Why: a request about a person must look under every key their rows may carry.
        """
        with self._lock:
            stored = [s for s in self._file.list_keys() if s.name[:2] == (site, key_class)]
            return {s.name.epoch: self._open_seal(s) for s in stored}

    def names(self) -> list[StoredKey]:
        """Give the names and dates of all living keys, in order; never a key."""
        with self._lock:
            return self._file.list_keys()

    def end(self, name: KeyName) -> datetime | None:
        """Give the first moment after a key's epoch, None where none is set."""
        starts = self._starts(name.site, name.key_class, self._clock())
        return end_of(name.key_class, name.epoch, starts)

    def due_at(self, stored: StoredKey, retention_days: RetentionDays) -> datetime | None:
        """Give when a key's time will have come, None where nothing schedules that."""
        purpose = PURPOSE_OF.get(stored.name.key_class)
        return self._due_at(stored, retention_days(purpose) if purpose else 0)

    def rotate(self, site: str, key_class: KeyClass, starts_at: datetime) -> None:
        """Begin a new epoch of a site's class before its time, from `next_start` on.

        Every process follows within a minute; earlier events keep their key.
        """
        with self._lock:
            self._file.rotate(site, key_class, starts_at)
            self._rotations_read_at = None

    def destroyed(self) -> list[tuple[KeyName, datetime]]:
        """Give the names of all destroyed keys, and when each one ended."""
        with self._lock:
            return self._file.list_destroyed()

    def signing_key(self) -> Ed25519PrivateKey:
        """Give the key that signs releases, made when first asked for."""
        name = KeyName("", "signing", FOREVER)
        with self._lock:
            return Ed25519PrivateKey.from_private_bytes(self._ask_file(name, self._clock()))

    def sweep(self, now: datetime, retention_days: RetentionDays) -> list[KeyName]:
        """Destroy the keys whose time has come and give their names, for the audit log.

        Errors: Unavailable when the bytes could not be driven out; the next sweep tries again.
        """
        with self._lock:
            return self._destroy(self._due(now, retention_days), now)

    def due(self, now: datetime, retention_days: RetentionDays) -> list[KeyName]:
        """Give the names of the keys whose time has come and that still live."""
        with self._lock:
            return self._due(now, retention_days)

    def destroy(self, names: list[KeyName], now: datetime) -> list[KeyName]:
        """Destroy these keys now and give the names of those that were there."""
        with self._lock:
            return self._destroy(names, now)

    def take_unrecorded(self, record: Callable[[list[KeyName]], None]) -> int:
        """Hand the destructions not yet on the audit log to `record`, then mark them; how many.

        Why: a crash between the two records a destruction twice, never not at all.
        """
        with self._lock:
            names = self._file.unrecorded()
            if names:
                record(names)
                self._file.mark_recorded(names)
            return len(names)

    def witness(self, counter: str, value: int) -> bool:
        """Note how far a counter kept elsewhere has come; False when it has gone back.

        Why: a registry restored from an older copy would offer spent budget again. The copy of
        its counter here tells (anonymisation.md 4.6), since the two are backed up apart.
        """
        with self._lock:
            return self._file.witness(counter, value)

    def seen(self, counter: str) -> int:
        """Give the highest value of a counter kept elsewhere that `witness` was told; 0 for none.

        Ask for this before counting there: then another process that counts on in between can
        only make the count higher, and a lower one means an older copy.
        """
        with self._lock:
            return self._file.seen(counter)

    def follow(self) -> None:
        """Take over what other hosts rotated and destroyed, where there are any.

        Errors: Unavailable; then what is known here holds on.
        """
        with self._lock:
            self._file.follow(self._clock())

    def close(self) -> None:
        """Close the file and forget the keys in memory."""
        with self._lock:
            self._cache.clear()
            self._file.close()

    def _ask_file(self, name: KeyName, now: datetime) -> bytes:
        assert os.getpid() == self._pid, "a keyring must be opened again after a fork"
        self._cache = {n: c for n, c in self._cache.items() if now < c.recheck_at}
        stored = self._file.find(name)
        if stored is None:
            fresh = seal(self._master_key, secrets.token_bytes(KEY_BYTES), *name)
            stored = self._file.insert_or_find(name, fresh, now)
        if stored is None:
            raise KeyDestroyed
        recheck_at = now + timedelta(seconds=RECHECK_SECONDS)
        if name.key_class in PURPOSE_OF:
            if stored.used_at.date() < now.date():
                self._file.note_use(name, now)
        else:
            recheck_at = min(recheck_at, self._end_in_time(stored, now) or recheck_at)
        key = self._open_seal(stored)
        self._cache[name] = _Cached(key, recheck_at)
        return key

    def _end_in_time(self, stored: StoredKey, now: datetime) -> datetime | None:
        """Give when a key of fixed life dies; one that should be dead dies here and now.

        Why not leave it to the sweep: a salt must not serve beyond its 48 hours because a
        scheduled job is late.
        """
        due = self._due_at(stored, 0)
        if due is not None and due <= now:
            self._destroy([stored.name], now)
            raise KeyDestroyed
        return due

    def _starts(self, site: str, key_class: KeyClass, now: datetime) -> Sequence[datetime]:
        """Give the rotations of a site's class, in order, as they were a minute ago at most."""
        read_at = self._rotations_read_at
        if read_at is None or now >= read_at + timedelta(seconds=RECHECK_SECONDS):
            with self._lock:
                self._read_rotations(now)
        return self._rotations.get((site, key_class), ())

    def _read_rotations(self, now: datetime) -> None:
        found: dict[tuple[str, KeyClass], tuple[datetime, ...]] = {}
        for site, key_class, start in self._file.list_rotations():
            found[site, key_class] = (*found.get((site, key_class), ()), start)
        self._rotations, self._rotations_read_at = found, now

    def _open_seal(self, stored: StoredKey) -> bytes:
        return unseal(self._master_key, stored.sealed, *stored.name)

    def _due(self, now: datetime, retention_days: RetentionDays) -> list[KeyName]:
        dates = [(s.name, self.due_at(s, retention_days)) for s in self._file.list_keys()]
        return [name for name, at in dates if at is not None and at <= now]

    def _due_at(self, stored: StoredKey, retention_days: int) -> datetime | None:
        end = self.end(stored.name)
        key_class, made_at, used_at = stored.name.key_class, stored.made_at, stored.used_at
        return due_at(key_class, made_at, used_at, end, retention_days)

    def _destroy(self, names: list[KeyName], now: datetime) -> list[KeyName]:
        gone = self._file.destroy(names, now)
        for name in names:
            self._cache.pop(name, None)
        self._file.drive_out()
        return gone


def open_keyring(settings: Settings, clock: Clock = utc_now) -> Keyring:
    """Open the installation's keyring under its master key, both made on the first start.

    Where the registry is a server, its keys are those of every host that shares the registry.
    Errors: ConfigError when the master key is missing, malformed or another keyring's;
        Unavailable when the registry is a server that does not answer.
    """
    path = settings.path("keys") / FILE_NAME
    master_key = load_master_key(settings)
    if is_local(settings.registry_dsn):
        return Keyring.open(path, master_key, clock)
    registry = open_registry(settings, clock)
    try:
        file = SharedKeyringFile.open_shared(path, master_key, registry)
    except BaseException:
        registry.close()
        raise
    return Keyring(file, master_key, clock)
