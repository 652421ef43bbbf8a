"""One recipient's relay: reads, registers, sends, settles, and waits; again and again.

What it has done lies in the registry alone, in the transactions that put it on the register, so
that it may be killed at any moment: what may have left stands there, and goes once more.
"""

from __future__ import annotations

import os
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Event

from collector.context import DigestMany
from collector.forwarding.forms import FORMS, Item, Post, idempotency_key
from collector.forwarding.selection import Refusal, Refusals
from collector.forwarding.sender import DELIVERED, REJECTED, Answer, Sender
from collector.forwarding.window import LOST, Follower, Now, Waiting, Window
from config.errors import ConfigError
from config.policy import Policy
from config.recipient_files import read_secret
from config.recipients import Recipient
from storage.clock import Clock, unix_ms
from storage.errors import Unavailable
from storage.logs import Log, name_error, name_place
from storage.registry import Registry, forwardings
from storage.registry.forwardings import Begun, Place, Terms
from storage.registry.fresh_refusals import FreshRefusal, list_fresh, noted_since_ms
from storage.spool_follow import glance, list_after

IDLE_SECONDS = 0.25
"""Pause when nothing waits."""

AWAY_SECONDS = 2.0
"""Pause when a neighbour of ours is away, or we made a mistake."""

LOOK_SECONDS = 15.0
"""How often the length of the backlog is looked at, and a quiet place is written down."""

SECRET_MISSING, MISTAKE = "secret_missing", "internal_error"
"""Faults that are ours."""


class Relay:
    """Forwards to one recipient; `run` in a thread of its own."""

    def __init__(
        self,
        recipient: Recipient,
        policy: Policy,
        registry: Registry,
        spool: Path,
        digest_many: DigestMany,
        stopping: Event,
        log: Log,
        clock: Clock,
        seconds: Callable[[], float],
    ) -> None:
        self._recipient = recipient
        self._registry = registry
        self._file = spool
        self._stopping = stopping
        self._log = log
        self._clock = clock
        self._seconds = seconds
        self._follower = Follower(spool, recipient, policy, digest_many)
        self._sender = Sender(recipient, clock)
        basis = f"consent to {recipient.purpose}"
        if recipient.cross_border_basis:
            basis = f"{basis}; {recipient.cross_border_basis}"
        self._terms = Terms(recipient.name, recipient.purpose, basis[:128], recipient.terms())
        self._spool_id = ""
        self._settled: Place | None = None
        self._written: Place | None = None
        self._noted_since_ms: int | None = None
        self._begun = Place(0, -1)
        self._done: dict[str, str] = {}
        self._attempts = 0
        self._warned_of = ""
        self._seen_refusals: frozenset[FreshRefusal] = frozenset()
        self._excess_bytes = 0
        self._look_at = 0.0

    @property
    def needed_from(self) -> int | None:
        """The first batch that is still needed, after a crash too; None before it is known."""
        return None if self._written is None else self._written.seq

    def run(self) -> None:
        """Forward until asked to stop; no failure ends this."""
        while not self._stopping.is_set():
            try:
                pause = self.step()
            except Unavailable as fault:
                self._warn_once(fault.what.replace(" ", "-"))
                pause = AWAY_SECONDS
            except ConfigError:
                self._warn_once(SECRET_MISSING)
                self._tell_fault(SECRET_MISSING)
                pause = AWAY_SECONDS
            except Exception as fault:  # noqa: BLE001
                place = name_place(fault)
                self._log.error("forwarding failed", error=name_error(fault), place=place)
                self._tell_fault(MISTAKE)
                pause = AWAY_SECONDS
            self._stopping.wait(pause)
        self.close()

    def close(self) -> None:
        """End the connections to the recipient."""
        self._sender.close()

    def step(self) -> float:
        """Send the next events, if there are any; give how long to wait then, in seconds."""
        at = self._settled or self._find_place()
        look_now = self._seconds() >= self._look_at
        lost_tail = self._look(at) if look_now else 0
        if self._noted_since_ms is None:
            # No collector has said yet that it notes refusals; until then nothing may leave.
            self._look_at = 0.0
            return AWAY_SECONDS
        excess_bytes, self._excess_bytes = self._excess_bytes, 0
        now_ms, noted_ms = unix_ms(self._clock()), self._noted_since_ms
        now = Now(now_ms, self._refusals, noted_ms, self._done, excess_bytes)
        window = self._follower.read(at, now)
        if window.until == at and lost_tail:
            window.pass_by(Place(at.seq + lost_tail, -1), LOST, lost_tail)
        if window.given_up or (look_now and window.head != self._written):
            self._settle(window.head, {}, window.given_up)
        elif not window.waiting:
            # Nothing of it was for this recipient; written down with the next that is.
            self._settled = window.head
        if not window.waiting:
            return 0.0 if window.head.seq > at.seq else IDLE_SECONDS
        linger_ms = self._recipient.limits.linger_seconds_max * 1_000
        age_ms = now.ms - window.waiting[0].outgoing.received_at_ms
        if not window.is_full and not self._done and age_ms < linger_ms:
            return min(IDLE_SECONDS, (linger_ms - age_ms) / 1_000)
        return self._send(window)

    def _send(self, window: Window) -> float:
        """Send what a window holds, and settle it if all of it ended; give how long to wait."""
        secret = read_secret(self._recipient, os.environ)
        form, now = FORMS[self._recipient.kind], self._clock()
        self._register(window)
        left: list[Item] = [
            (one.outgoing, one.text) for one in window.waiting if one.outgoing.id not in self._done
        ]
        for post in form.compose(left, now):
            if self._is_refused_since(window):
                return 0.0
            answer = self._post(secret, post, now)
            if answer.word not in (DELIVERED, REJECTED):
                return self._back_off(answer)
            self._done.update((one.id, answer.word) for one, _ in post.items)
        self._attempts, self._warned_of = 0, ""
        words = Counter(self._done[one.outgoing.id] for one in window.waiting)
        delivered = Counter(
            one.outgoing.site for one in window.waiting if self._done[one.outgoing.id] == DELIVERED
        )
        self._settle(window.until, delivered, words + window.given_up_after)
        self._done = {}
        return 0.0

    def _post(self, secret: bytes, post: Post, now: datetime) -> Answer:
        proof = FORMS[self._recipient.kind].prove(secret, post.body, now)
        headers = proof.headers | {"idempotency-key": idempotency_key(post.items)}
        answer = self._sender.post(post.body, headers, proof.parameters)
        if answer.word == REJECTED:
            self._log.error(
                "a recipient rejects events for good",
                name=self._recipient.name,
                status=answer.status,
                count=len(post.items),
            )
        return answer

    def _register(self, window: Window) -> None:
        """Put on the register what has not been there; it may leave from now on."""
        fresh = [one for one in window.waiting if one.place > self._begun]
        if fresh:
            until = fresh[-1].place
            entries = _begun(fresh)
            forwardings.begin(self._registry, self._spool_id, self._terms, until, entries)
            self._begun = until

    def _settle(self, until: Place, delivered: dict[str, int], counts: Counter[str]) -> None:
        """Note what became of everything up to a place; what was given up is an alarm."""
        forwardings.settle(self._registry, self._spool_id, self._terms, until, delivered, counts)
        self._settled = self._written = until
        for word, count in counts.items():
            if word not in (DELIVERED, REJECTED):
                name = self._recipient.name
                self._log.error("events were given up", name=name, reason=word, count=count)

    def _back_off(self, answer: Answer) -> float:
        """Give how long to wait after a failure: longer each time, never at the same beat."""
        limits = self._recipient.limits
        pause = min(limits.retry_seconds_max, limits.retry_seconds_min * 2.0**self._attempts)
        self._attempts = min(self._attempts + 1, 30)
        status = {"status": answer.status} if answer.status else {}
        self._log.warn(
            "a recipient does not take events",
            name=self._recipient.name,
            reason=answer.word,
            **status,
        )
        self._tell_fault(answer.word)
        return max(answer.retry_after_seconds, pause * random.uniform(0.5, 1.0))

    def _tell_fault(self, word: str) -> None:
        """Write down what failed; the next attempt tells it again, should nobody listen."""
        if self._spool_id:
            with suppress(Unavailable):
                forwardings.note_fault(self._registry, self._recipient.name, self._spool_id, word)

    def _warn_once(self, what: str) -> None:
        """Say what is missing, unless that was the last thing said."""
        if what != self._warned_of:
            self._log.warn("nothing is forwarded", name=self._recipient.name, reason=what)
        self._warned_of = what

    def _refusals(self) -> Refusals:
        """Give what was refused lately. Errors: Unavailable; then nothing is sent."""
        found: dict[tuple[str, bytes], list[Refusal]] = defaultdict(list)
        self._seen_refusals = self._list_refusals()
        for one in self._seen_refusals:
            found[one.site, one.digest].append(Refusal(unix_ms(one.until), one.purposes))
        return found

    def _list_refusals(self) -> frozenset[FreshRefusal]:
        return frozenset(list_fresh(self._registry, self._recipient.sites, self._clock()))

    def _is_refused_since(self, window: Window) -> bool:
        """Tell whether anybody of a window has refused anything since it was read.

        Asked right before a request leaves, behind the register's turn at the registry, where a
        refusal may have gone first.
        """
        new = {(one.site, one.digest) for one in self._list_refusals() - self._seen_refusals}
        return any(
            (one.outgoing.site, subject) in new
            for one in window.waiting
            for subject in one.subjects
        )

    def _look(self, at: Place) -> int:
        """Look at the backlog: set what exceeds its bound, and give how many batches are lost.

        Only where nothing at all is left behind a place; gaps before others are seen in reading.
        """
        self._look_at = self._seconds() + LOOK_SECONDS
        self._noted_since_ms = noted_since_ms(self._registry)
        seen = glance(self._file, at.seq - 1)
        self._excess_bytes = max(0, seen.bytes_after - self._recipient.limits.backlog_bytes_max)
        if seen.spool_id.hex() != self._spool_id or seen.last_seq < at.seq - 1:
            # The spool was put back, or is another one: its places are looked for anew.
            self._settled, self._written, self._spool_id, self._look_at = None, None, "", 0.0
            raise Unavailable("spool")
        return seen.last_seq - at.seq + 1 if seen.oldest_ms is None else 0

    def _find_place(self) -> Place:
        """Give where to go on: behind what is settled; a new recipient begins with what comes now.

        In a spool that was put back, or is new to a recipient that is not, it begins with what is
        there. Errors: Unavailable.
        """
        seen, name = glance(self._file, 0), self._recipient.name
        self._spool_id = seen.spool_id.hex()
        known = {one.spool: one for one in forwardings.find_progress(self._registry, name)}
        held = known.get(self._spool_id)
        if held is None or held.settled.seq > seen.last_seq + 1:
            first = list_after(self._file, 0, 1) if known else []
            place = Place(first[0].seq if first else seen.last_seq + 1, -1)
            forwardings.put_place(self._registry, name, self._spool_id, place)
            self._settled = self._begun = place
        else:
            self._settled, self._begun = held.settled, held.begun
        self._written = self._settled
        return self._settled


def _begun(fresh: Sequence[Waiting]) -> list[Begun]:
    """Give what is about to leave, by site."""
    by_site: dict[str, list[bytes]] = defaultdict(list)
    for one in fresh:
        by_site[one.outgoing.site].append(one.text)
    return [Begun(site, len(texts), b"\n".join(texts)) for site, texts in by_site.items()]
