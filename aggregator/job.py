"""What a release needs around it, and what stands when it is done.

Called by `release`, `history` and the command, which fills it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aggregator.audit import AuditReport, audit_release
from aggregator.read import Client, Watch, unwatched
from config.policy import Policy
from config.policy_file import load_policy
from config.release_files import load_releases
from config.releases import Release, Releases
from config.residency import check_partners
from storage.clock import Clock, utc_now
from storage.keyring import Keyring, open_keyring
from storage.registry import Registry, audit, open_registry
from storage.warehouse import connect

if TYPE_CHECKING:
    from config.settings import Settings


@dataclass(frozen=True)
class Job:
    """Everything around a release."""

    config: Releases
    """Declared releases and caps."""
    policy: Policy
    """The policy in force."""
    registry: Registry
    """Ledger, register of releases, audit log."""
    keyring: Keyring
    """Signing key, and the witness of the ledger."""
    folder: Path
    """Where artefacts lie."""
    client: Client
    """The warehouse, for reading."""
    clock: Clock
    """The present moment."""
    actor: str
    """Who runs it, for the audit log."""
    attack: Callable[[Release], AuditReport] = audit_release
    """The attacks that must fail first."""
    watch: Watch = unwatched
    """Whoever watches how far the reading is."""


@dataclass(frozen=True)
class Published:
    """A release that stands."""

    release_id: str
    """Its name for ever."""
    folder: Path
    """Where its files lie."""
    manifest_sha256: str
    """Digest of the manifest, which names the digests of the other files."""
    is_new: bool
    """False where these bytes were drawn by an earlier run."""


@contextmanager
def open_job(settings: Settings, clock: Clock = utc_now, watch: Watch = unwatched) -> Iterator[Job]:
    """Open everything that releases of an installation need, and close it after.

    Errors: ConfigError; Unavailable.
    """
    with ExitStack() as stack:
        config, policy = load_releases(settings.config_dir), load_policy(settings.config_dir)
        for release in config.releases.values():
            for complaint in check_partners(settings.config_dir, release, policy):
                raise complaint
        registry = open_registry(settings, clock)
        stack.callback(registry.close)
        keyring = open_keyring(settings, clock)
        stack.callback(keyring.close)
        client = connect(settings, "sanaq_reader")
        stack.callback(client.close)
        yield Job(
            config=config,
            policy=policy,
            registry=registry,
            keyring=keyring,
            folder=settings.path("releases"),
            client=client,
            clock=clock,
            actor=audit.cli_actor(),
            watch=watch,
        )
