"""Destroys the pseudonym keys whose time has come, and writes that on the audit log.

Called on a schedule by a role that always runs, and by `sanaq keys`. Keyring and registry are two
files, so a crash may fall between: destructions not yet on the log are written the next time.
"""

from __future__ import annotations

from storage.keyring import Keyring, RetentionDays
from storage.keyring_file import KeyName
from storage.registry import Registry, audit


def sweep_keys(
    keyring: Keyring, registry: Registry, retention_days: RetentionDays, actor: str
) -> int:
    """Destroy every key that is due and give how many destructions went on the audit log.

    Errors: Unavailable; then the next sweep goes on where this one stopped.
    """
    keyring.sweep(registry.now(), retention_days)
    return record_destructions(keyring, registry, actor)


def record_destructions(keyring: Keyring, registry: Registry, actor: str) -> int:
    """Write the destructions that are not on the audit log yet, and give how many."""

    def record(names: list[KeyName]) -> None:
        with registry.write() as connection:
            for site, key_class, epoch in names:
                what = {"site": site, "class": key_class, "epoch": epoch}
                subject = f"{key_class}/{epoch}"
                audit.append_within(registry, connection, actor, "keys.destroy", subject, what)

    return keyring.take_unrecorded(record)
