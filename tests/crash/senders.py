"""Senders that post as SDKs and importers do, and remember what they were told."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

PATIENCE_SECONDS_MAX = 180.0
"""How long a sender tries again, counted from when all were told to end."""

IMPORT_DAYS = 240
"""How far back imports reach: eight months."""

LATE_SHARE = 0.02
"""Share of events that are too old to be taken."""

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"

Identity = tuple[str, str, str]
"""Table, site, event id."""


@dataclass
class Book:
    """What was sent and what was answered. Used by all senders, under its lock."""

    sent: dict[Identity, dict[str, Any]] = field(default_factory=dict)
    """Every event that was ever to leave a sender and that could be taken."""
    late: set[Identity] = field(default_factory=set)
    """Those that must be rejected."""
    acknowledged: set[Identity] = field(default_factory=set)
    """Those that an answer called accepted or duplicate."""
    told: Counter[str] = field(default_factory=Counter)
    """How often each outcome was told, and how many posts failed or were left alone."""
    wrong: list[str] = field(default_factory=list)
    """Answers that no sender should ever get."""
    lock: threading.Lock = field(default_factory=threading.Lock)


@dataclass
class Post:
    """One request, which may be sent again and again."""

    table: str
    site: str
    is_import: bool
    events: list[dict[str, Any]]

    @property
    def identities(self) -> list[Identity]:
        """Who its events are, in order."""
        return [(self.table, self.site, event["event_id"]) for event in self.events]

    def body(self) -> dict[str, Any]:
        """Give the request; its clock tells the moment of this very attempt."""
        body: dict[str, Any] = {"events": self.events}
        if self.is_import:
            return body | {"import": {"source": "archive", "basis": "contract"}}
        return body | {"sent_at": datetime.now(UTC).isoformat()}


class Sender(threading.Thread):
    """Posts until told to stop, then until everything it has begun is answered."""

    def __init__(
        self, url: str, keys: Mapping[str, str], book: Book, stop: threading.Event, seed: int
    ) -> None:
        super().__init__(name=f"sender-{seed}")
        self._url, self._keys, self._book, self._stopping = url, keys, book, stop
        self._chance = random.Random(seed)
        self._stopped_at: float | None = None
        self.patience_seconds = PATIENCE_SECONDS_MAX

    def run(self) -> None:
        """Post, one request after the other."""
        while not self._stopping.is_set():
            self._deliver(self._make_post())
            time.sleep(self._chance.uniform(0.02, 0.12))

    def _make_post(self) -> Post:
        """Make a request: one event, a batch, an import, or a repeat among new ones."""
        site = self._chance.choice(list(self._keys))
        table = "diagnostics" if self._chance.random() < 0.3 else "events"
        kind = self._chance.choices(["single", "batch", "import", "repeat"], [40, 35, 10, 15])[0]
        count = {"single": 1, "batch": self._chance.randint(2, 60)}.get(kind, 20)
        is_import = kind == "import"
        events = [self._make_event(table, site, is_import) for _ in range(count)]
        if kind == "repeat":
            events += self._recall(table, site)
            self._chance.shuffle(events)
        return Post(table, site, is_import, events)

    def _make_event(self, table: str, site: str, is_import: bool) -> dict[str, Any]:
        is_late = not is_import and self._chance.random() < LATE_SHARE
        days = 30.0 if is_late else self._chance.uniform(0, IMPORT_DAYS if is_import else 2)
        event_id = str(UUID(int=self._chance.getrandbits(128), version=4))
        event: dict[str, Any] = {
            "event_id": event_id,
            "occurred_at": (datetime.now(UTC) - timedelta(days=days)).isoformat(),
            "device": f"device-{self._chance.randrange(500)}",
        }
        if table == "events":
            event |= {"name": "page_view", "page": {"url": "https://soq.example/ads/1"}}
        else:
            event |= {"kind": "error", "exception": {"type": "Fault", "message": "no"}}
        with self._book.lock:
            if is_late:
                self._book.late.add((table, site, event_id))
            else:
                self._book.sent[table, site, event_id] = event
        return event

    def _recall(self, table: str, site: str) -> list[dict[str, Any]]:
        """Give some events again that were sent before, by whomever, and young enough.

        One that came from another site is an event of its own here, though it has the same id.
        """
        oldest = (datetime.now(UTC) - timedelta(days=3)).isoformat()
        with self._book.lock:
            some = self._chance.sample(list(self._book.sent), min(60, len(self._book.sent)))
            found = [self._book.sent[one] for one in some if one[0] == table]
            events = {one["event_id"]: one for one in found if one["occurred_at"] > oldest}
            for event_id, event in events.items():
                self._book.sent.setdefault((table, site, event_id), event)
        return list(events.values())

    def _deliver(self, post: Post) -> None:
        """Send a request until it is answered, with the same event ids; some are given up."""
        is_patient = self._chance.random() < 0.9
        while not self._is_late():
            # Some hang up early: what they sent may be taken without their knowing.
            hangs_up = self._chance.random() < 0.03
            answer = self._attempt(post, 0.05 if hangs_up else 20.0)
            if answer is not None and answer.status_code != 503:
                self._note(post, answer)
                return
            if hangs_up and answer is None:
                self._count("hung up")
            else:
                self._count("failed import" if post.is_import else "failed")
            if not is_patient:
                self._count("given up")
                return
            time.sleep(self._chance.uniform(0.05, 0.4))
        self._count("never answered")

    def _attempt(self, post: Post, seconds: float) -> httpx.Response | None:
        """Send a request once; give its answer, or none where there was none in time."""
        path = "/v1/diagnostics" if post.table == "diagnostics" else "/v1/events"
        headers = {"authorization": f"Bearer {self._keys[post.site]}", "user-agent": AGENT}
        try:
            return httpx.post(self._url + path, json=post.body(), headers=headers, timeout=seconds)
        except httpx.HTTPError:
            return None

    def _is_late(self) -> bool:
        """Tell whether it has been tried long enough since the end was asked for."""
        if not self._stopping.is_set():
            return False
        if self._stopped_at is None:
            self._stopped_at = time.monotonic()
        return time.monotonic() - self._stopped_at > self.patience_seconds

    def _note(self, post: Post, answer: httpx.Response) -> None:
        """Note an answer; every event of the request has exactly one outcome in it."""
        told = answer.json() if answer.status_code == 200 else {}
        rejected = {one["index"]: one["reason"] for one in told.get("rejected", [])}
        outcomes = [told.get(name, 0) for name in ("accepted", "duplicate", "refused")]
        late = {n for n, one in enumerate(post.identities) if one in self._book.late}
        with self._book.lock:
            if sum(outcomes) + len(rejected) != len(post.events):
                self._book.wrong.append(f"status {answer.status_code}, outcomes missing")
            if set(rejected) != late or set(rejected.values()) - {"too_late"} or outcomes[2]:
                self._book.wrong.append("rejected or refused what it should not have been")
            kept = [one for n, one in enumerate(post.identities) if n not in rejected]
            self._book.acknowledged.update(kept)
            self._book.told.update(accepted=outcomes[0], duplicate=outcomes[1], posts=1)

    def _count(self, what: str) -> None:
        with self._book.lock:
            self._book.told[what] += 1


class Crowd:
    """Several senders at once."""

    def __init__(self, url: str, keys: Mapping[str, str], seed: int, senders: int = 8) -> None:
        self.book = Book()
        self._stop = threading.Event()
        self._senders = [
            Sender(url, keys, self.book, self._stop, seed * 1_000 + n) for n in range(senders)
        ]

    def __enter__(self) -> Crowd:
        """Begin to send."""
        for sender in self._senders:
            sender.start()
        return self

    def __exit__(self, fault: type[BaseException] | None, *_: object) -> None:
        """End: see that all that was begun is answered, unless the test has failed already."""
        self._stop.set()
        for sender in self._senders:
            sender.patience_seconds = PATIENCE_SECONDS_MAX if fault is None else 0
        for sender in self._senders:
            sender.join(PATIENCE_SECONDS_MAX + 60)
