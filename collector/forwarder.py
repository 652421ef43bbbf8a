"""Spooled events -> the recipients that their people agreed to. A process of its own.

Each recipient has a relay in a thread of its own: one that is slow or dead holds up no other, and
neither collector nor loader ever waits for any. The spooler is told from where on batches are
still needed, and keeps them as long as its limits allow (decision 0180).
"""

from __future__ import annotations

import logging
import signal
import time
from collections.abc import Sequence
from contextlib import closing
from threading import Event, Thread
from types import FrameType
from zoneinfo import ZoneInfo

from collector.digests import Digester
from collector.forwarding.relay import Relay
from config.settings import Settings
from config.vocabulary import load_vocabulary
from storage.clock import Clock, utc_now
from storage.errors import Unavailable
from storage.keyring import open_keyring
from storage.logs import Log, get_log
from storage.registry import open_registry
from storage.spool_file import spool_file
from storage.spool_loader import LoaderClient
from storage.spooler import spooler_socket

TELL_SECONDS = 1.0
"""How often the spooler is told what is still needed."""

STOP_SECONDS_MAX = 22.0
"""How long a request under way is waited for: the longest that one may take, and its settling."""

UTC_ZONE = ZoneInfo("UTC")


def run_forwarder(settings: Settings, clock: Clock = utc_now) -> None:
    """Forward to every recipient until SIGTERM; with none there is nothing to do, and it ends.

    Errors: ConfigError, Unavailable.
    """
    stopping, log = Event(), get_log("forwarder", clock)
    relays = _make_relays(settings, stopping, log, clock)
    if not relays:
        log.info("there are no recipients")
        return

    def stop(number: int, frame: FrameType | None) -> None:
        stopping.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    # A library that tells of requests would tell the secret in an address.
    logging.getLogger("httpx").disabled = True
    threads = [Thread(target=relay.run, daemon=True) for relay in relays]
    for thread in threads:
        thread.start()
    log.info("the forwarder runs", count=len(relays))
    _tell_needed(settings, relays, stopping)
    deadline = time.monotonic() + STOP_SECONDS_MAX
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _make_relays(settings: Settings, stopping: Event, log: Log, clock: Clock) -> list[Relay]:
    vocabulary = load_vocabulary(settings.config_dir)
    if not vocabulary.recipients:
        return []
    registry, keyring = open_registry(settings, clock), open_keyring(settings, clock)
    return [
        Relay(
            recipient,
            vocabulary.policy,
            registry,
            spool_file(settings),
            Digester(keyring, lambda site: UTC_ZONE, time.monotonic).digest_many,
            stopping,
            log,
            clock,
            time.monotonic,
        )
        for recipient in vocabulary.recipients.values()
    ]


def _tell_needed(settings: Settings, relays: Sequence[Relay], stopping: Event) -> None:
    """Tell the spooler which batches are still needed, until asked to stop."""
    told = None
    with closing(LoaderClient(spooler_socket(settings))) as spooler:
        while not stopping.wait(TELL_SECONDS):
            places = [relay.needed_from for relay in relays]
            known = [place for place in places if place is not None]
            if len(known) < len(relays) or min(known) == told:
                continue
            try:
                spooler.needed(min(known))
                told = min(known)
            except Unavailable:
                told = None
