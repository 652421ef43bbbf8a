"""A keyring file whose keys are those of every host: agreed on in the registry, kept in the file.

Used instead of `KeyringFile` where the registry is a server. A host asks the registry when it
needs a key that it has not, and from then on its own file; rotations and destructions of other
hosts come in by `follow`. While the registry is away, a new visit salt is the host's own, so that
counting goes on (a visit that meets two hosts may count twice that day); any other new key waits.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, cast

from config.errors import ConfigError
from storage.errors import Unavailable
from storage.key_epochs import VISIT_LIFE, KeyClass
from storage.key_sealing import Unsealable, seal, unseal
from storage.keyring_file import CHECK_NAME, KeyName, KeyringFile, StoredKey
from storage.registry import shared_keys

if TYPE_CHECKING:
    from storage.registry import Registry

ENDS_READ_AGAIN = timedelta(days=1)
"""How far back destructions are read again: more than the clocks of two hosts differ."""


class SharedKeyringFile(KeyringFile):
    """One host's copy of the keys that all hosts share."""

    _registry: Registry
    _followed_at: datetime | None = None

    @classmethod
    def open_shared(cls, path: Path, master_key: bytes, registry: Registry) -> SharedKeyringFile:
        """Open a host's file, and give the registry what this host made alone.

        Errors: ConfigError when the other hosts have another master key or other keys;
            Unavailable.
        """
        file = cls.open(path, master_key)
        file._registry = registry
        try:
            file._check_master(path, master_key)
            file.follow(registry.now())
            file._share(path)
        except BaseException:
            KeyringFile.close(file)
            raise
        return file

    def insert_or_find(self, name: KeyName, sealed: bytes, now: datetime) -> StoredKey | None:
        """Offer this key to all hosts, and keep the one that stands.

        None when a key of this name was destroyed before, on whichever host.
        """
        try:
            standing = shared_keys.offer(self._registry, name, sealed, now)
        except Unavailable:
            if name.key_class != "visit":
                raise
            return super().insert_or_find(name, sealed, now)
        if standing is None:
            self.note_end(name, now)
            return None
        return super().insert_or_find(name, standing.sealed, standing.made_at)

    def note_use(self, name: KeyName, now: datetime) -> None:
        """Note that this host asked for a key; the others learn of it when they follow."""
        super().note_use(name, now)
        with suppress(Unavailable):
            shared_keys.note_use(self._registry, name, now)

    def rotate(self, site: str, key_class: KeyClass, starts_at: datetime) -> None:
        """Begin an epoch on every host."""
        shared_keys.rotate(self._registry, site, key_class, starts_at)
        super().rotate(site, key_class, starts_at)

    def destroy(self, names: list[KeyName], now: datetime) -> list[KeyName]:
        """Take these keys out on every host: at once here, elsewhere when it follows.

        A salt ends here alone, since it ends everywhere by its age, the registry away or not.
        """
        lasting = [name for name in names if name.key_class != "visit"]
        if lasting:
            self._owe_drive_out(True)
            shared_keys.destroy(self._registry, lasting, now)
            self._drive_out_shared()
        return super().destroy(names, now)

    def follow(self, now: datetime) -> None:
        """Take over what other hosts rotated, used and destroyed, and end salts that are too old.

        Why uses: a key outlives the last rows digested with it, on whichever host that was.

        Errors: Unavailable.
        """
        for site, key_class, starts_at in shared_keys.list_rotations(self._registry):
            super().rotate(site, cast("KeyClass", key_class), starts_at)
        uses = shared_keys.list_uses(self._registry)
        for one in self.list_keys():
            used_at = uses.get(one.name)
            if used_at is not None and used_at > one.used_at:
                super().note_use(one.name, used_at)
        since = self._followed_at or datetime.fromtimestamp(0, now.tzinfo)
        ended = set(shared_keys.list_ends(self._registry, since - ENDS_READ_AGAIN))
        gone = [one.name for one in self.list_keys() if tuple(one.name) in ended]
        if gone:
            super().destroy(gone, now)
            self.mark_recorded(gone)
            self.drive_out()
        if shared_keys.end_salts(self._registry, now - VISIT_LIFE, now):
            self._owe_drive_out(True)
        if self._counter(_SHARED_DRIVE_OUT_DUE):
            self._drive_out_shared()
        self._followed_at = now

    def close(self) -> None:
        """Close the file and the way to the registry."""
        super().close()
        self._registry.close()

    def _drive_out_shared(self) -> None:
        shared_keys.drive_out(self._registry)
        self._owe_drive_out(False)

    def _owe_drive_out(self, owed: bool) -> None:
        # Noted in the file, so that a process that dies in between leaves it to the next one.
        with self._transaction():
            self._set_counter(_SHARED_DRIVE_OUT_DUE, int(owed))

    def _check_master(self, path: Path, master_key: bytes) -> None:
        fresh = seal(master_key, bytes(32), *CHECK_NAME)
        standing = shared_keys.offer(self._registry, CHECK_NAME, fresh, self._registry.now())
        try:
            unseal(master_key, standing.sealed if standing else b"", *CHECK_NAME)
        except Unsealable as error:
            what = "the other hosts' keys are under another master key; give this host the same"
            raise ConfigError(path, 0, what) from error

    def _share(self, path: Path) -> None:
        """Offer what the registry lacks; a salt of this host's own stays its own for the day."""
        shared = shared_keys.list_shared(self._registry)
        for one in self.list_keys():
            standing = shared.get(one.name)
            if standing is None:
                shared_keys.offer(self._registry, one.name, one.sealed, one.made_at)
            elif standing != one.sealed and one.name.key_class != "visit":
                what = "this host's keyring holds other keys than the registry; begin without it"
                raise ConfigError(path, 0, what)


_SHARED_DRIVE_OUT_DUE = "shared_drive_out_due"
