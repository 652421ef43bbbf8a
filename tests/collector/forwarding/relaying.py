"""A spool, a registry, a keyring and a relay in one process, with a clock that is set by hand."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from collector.digests import Digester
from collector.forwarding.relay import Relay
from config.recipients import Recipient
from storage.keyring import Keyring
from storage.logs import Log
from storage.registry import Registry, open_dsn
from storage.registry.forwardings import Hour, Progress, find_progress, list_hours
from storage.registry.fresh_refusals import note_since
from storage.spool_file import FILE_NAME
from storage.spool_protocol import Commit, Part
from storage.spool_rows import encode_rows
from storage.spool_writer import Spool
from tests.collector.forwarding.destination import Destination
from tests.collector.forwarding.recipients import policy, recipient, rows
from tests.storage.keyring_worlds import MASTER
from tests.storage.spooling import TestClock, make_limits, open_spool


class RelayWorld:
    """Everything that a relay works with."""

    def __init__(self, folder: Path, end: Destination, limits: dict[str, Any]) -> None:
        self.folder, self.end, self.clock = folder, end, TestClock()
        self.log = io.StringIO()
        self.stopping = Event()
        self.meanwhile: Callable[[], None] = lambda: None
        """What happens while the relay makes pseudonyms: after it read, before it sends."""
        self.keyring = Keyring.open(folder / "keys.sqlite", MASTER, self.clock)
        self.registry: Registry = open_dsn(f"sqlite:///{folder}/registry.sqlite", self.clock)
        note_since(self.registry, True)
        limits = {"linger_seconds_max": 0.0, "answer_seconds_max": 2.0} | limits
        kind = limits.pop("kind", "webhook")
        self.recipient: Recipient = recipient(url=end.url, kind=kind, limits=limits)
        self.spool: Spool = self.open_spool()
        self.relay = self.make_relay()

    def open_spool(self) -> Spool:
        """Open the spool, which holds batches for its recipients for a day."""
        (self.folder / "spool").mkdir(exist_ok=True)
        limits = replace(make_limits(), held_seconds=86_400)
        return open_spool(self.folder / "spool", self.clock, limits)

    def restart(self) -> None:
        """Begin anew with what lies on disks, as after a crash."""
        self.relay.close()
        self.relay = self.make_relay()

    def close(self) -> None:
        """Let go of all files and connections."""
        for one in (self.relay, self.spool, self.registry, self.keyring):
            one.close()

    def make_relay(self) -> Relay:
        """Give a relay as a process makes it at its start."""
        digester = Digester(self.keyring, lambda site: ZoneInfo("UTC"), time.monotonic)

        def digest_many(*asked: Any) -> list[bytes | None]:
            self.meanwhile()
            return digester.digest_many(*asked)

        return Relay(
            self.recipient,
            policy(),
            self.registry,
            self.folder / "spool" / FILE_NAME,
            digest_many,
            self.stopping,
            Log("forwarder", self.clock, self.log),
            self.clock,
            lambda: self.clock().timestamp(),
        )

    def spool_rows(self, *changes: dict[str, Any], blob: bytes | None = None) -> None:
        """Spool one batch of events that are received now."""
        now = {"received_at": self.clock(), "occurred_at": self.clock()}
        frame = rows(*({**now, **one} for one in changes))
        ids = uuid4().bytes
        digests = b"".join(uuid4().bytes for _ in changes)
        blob = encode_rows("events", frame) if blob is None else blob
        part = Part(ids, "events", len(changes), blob, digests, [("soq", len(changes))])
        self.spool.commit([Commit([part], [])])

    def load_all(self) -> None:
        """Let the loader end everything that waits."""
        seqs = [batch.seq for batch in self.spool.queue.claim(1 << 40, ())]
        self.spool.queue.mark_loaded(seqs, round(self.clock().timestamp() * 1_000))

    def run_steps(self, count: int = 8) -> list[float]:
        """Let the relay do some steps; give the pauses that it asked for."""
        return [self.relay.step() for _ in range(count)]

    @property
    def progress(self) -> Progress:
        """How far the relay has got."""
        (one,) = find_progress(self.registry, "acme")
        return one

    @property
    def line(self) -> Hour:
        """The one line of the register."""
        (one,) = list_hours(self.registry, "acme")
        return one

    def names(self) -> list[str]:
        """Give the page titles of what the destination took, in order."""
        return [event["page"]["title"] for event in self.end.events()]

    def alarms(self) -> list[dict[str, Any]]:
        """Give the log lines that need a person."""
        lines = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in lines if line["level"] == "error"]


def titled(*titles: str) -> list[dict[str, Any]]:
    """Give a row for each title."""
    return [{"page_title": title} for title in titles]
