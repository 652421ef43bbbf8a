"""The parts of a worker that keep consent and follow it, built from settings and keyring."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from collector.consent_book import ConsentBook
from collector.consent_desk import ConsentDesk
from collector.consent_ids import CANONICAL, CLASS, IdKind
from collector.consent_scribe import Scribe
from collector.context import Context
from collector.digests import Digester
from config.settings import Settings
from storage.clock import Clock
from storage.errors import Unavailable
from storage.keyring import KeyDestroyed, Keyring, open_keyring
from storage.logs import Log
from storage.registry import Registry
from storage.registry.fresh_refusals import note_since
from storage.spool_client import SpoolClient


class Consents(NamedTuple):
    """What a worker has for consent."""

    book: ConsentBook
    """What people have decided, for the gate."""
    desk: ConsentDesk
    """Keeps what they decide now."""


def open_consents(
    settings: Settings,
    registry: Registry,
    context: Context,
    spool: SpoolClient,
    clock: Clock,
    log: Log,
    is_forwarding: bool,
) -> Consents:
    """Read what people have decided, and give the worker's parts.

    `is_forwarding` tells whether events go to recipients, who must not get what was refused since.

    Errors: Unavailable; ConfigError where the keyring does not open.
    """
    book = ConsentBook(registry, context.policy, context.digest_many, time.monotonic)
    # Not the stages' digester: that one is for their thread alone.
    keyring = open_keyring(settings, clock)
    digester = Digester(keyring, lambda site: ZoneInfo("UTC"), time.monotonic)
    scribe = Scribe(
        context.policy,
        settings.limits,
        context.scrubber,
        digester.digest_many,
        lambda site: receipt_key(keyring, site, clock),
        is_forwarding,
    )
    note_since(registry, is_forwarding)

    def marks_of(site: str, kind: IdKind, text: str) -> Sequence[bytes]:
        return digester.digest_all(CLASS[kind], site, CANONICAL[kind](text))

    waiting_max = settings.limits.requests_waiting_max
    desk = ConsentDesk(scribe, registry, book, spool, marks_of, waiting_max, log)
    return Consents(book, desk)


def receipt_key(keyring: Keyring, site: str, clock: Clock) -> Ed25519PrivateKey:
    """Give the key that signs a site's receipts, made when first asked for.

    Errors: Unavailable where it was destroyed, or the keyring is away.
    """
    try:
        return Ed25519PrivateKey.from_private_bytes(keyring.key(site, "signing", clock()))
    except KeyDestroyed:
        raise Unavailable("keys") from None
