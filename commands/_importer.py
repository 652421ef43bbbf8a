"""Posts historical data to the collector in bounded requests, and adds up what became of it."""

from __future__ import annotations

import gzip
import ssl
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import msgspec

from commands._import_source import ImportFailed
from config.settings import Settings
from storage.registry import keys
from storage.registry.engine import Registry

PATIENCE_SECONDS = 180.0
"""How long one request is sent again to a collector that is busy, restarting or gone."""

PAUSE_SECONDS = 1.0
"""Pause before a request is sent again where the collector names none."""

PAUSE_SECONDS_MAX = 10.0
ANSWER_SECONDS_MAX = 120.0
KEY_HOURS = 24
"""Life of the key that an import makes for itself, should it not end in order."""

AGAIN = frozenset({429, 503})
"""Statuses with which the collector asks to send the request again."""


class Rejected(msgspec.Struct):
    """One event that the collector rejected."""

    reason: str
    index: int = 0
    """Its place in the request."""


class Answer(msgspec.Struct):
    """What the collector says of one request to a server key."""

    accepted: int
    duplicate: int
    refused: int
    rejected: list[Rejected]


class _Fault(msgspec.Struct):
    error: str = ""


@dataclass
class Tally:
    """What became of an import's events so far."""

    received: int = 0
    accepted: int = 0
    duplicate: int = 0
    refused: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)
    """What was not sent, by reason; it is no part of `received`."""

    def __iadd__(self, other: Tally) -> Tally:
        """Add another tally to this one."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)
        return self

    def add(self, sent: int, answer: Answer) -> None:
        """Take one request's answer into account."""
        self.received += sent
        self.accepted += answer.accepted
        self.duplicate += answer.duplicate
        self.refused += answer.refused
        self.rejected += len(answer.rejected)
        self.reasons.update(one.reason for one in answer.rejected)


class Importer:
    """One import: a key of its own and a connection."""

    def __init__(
        self,
        settings: Settings,
        key: str,
        seconds: Callable[[], float] = time.monotonic,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        scheme = "https" if settings.tls_cert else "http"
        self._client = httpx.Client(
            base_url=f"{scheme}://{settings.collector}",
            headers={"authorization": f"Bearer {key}", "content-encoding": "gzip"},
            timeout=ANSWER_SECONDS_MAX,
            verify=_trust(settings),
            # The collector is this installation's own; a proxy would read what is imported.
            trust_env=False,
        )
        self._seconds = seconds
        self._pause = pause
        self._was_answered = False
        self.tally = Tally()
        """Where answers are added up."""

    def post(self, path: str, body: bytes, events: int) -> Answer:
        """Send one request, again where the collector is busy or away; add its answer up, give it.

        A request whose answer was lost is sent again too: what it stored is then told as duplicate.
        Errors: ImportFailed.
        """
        packed = gzip.compress(body, 1)
        deadline = self._seconds() + PATIENCE_SECONDS
        while True:
            answer = self._send(path, packed)
            self._was_answered |= answer is not None
            if answer is not None and answer.status_code not in AGAIN:
                told = _read(answer, events)
                self.tally.add(events, told)
                return told
            if self._seconds() > deadline:
                raise ImportFailed("the collector stayed busy or away; import again later")
            self._pause(_pause_asked(answer))

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _send(self, path: str, packed: bytes) -> httpx.Response | None:
        """Send a request once; None where no answer came from a collector that answered before."""
        try:
            return self._client.post(path, content=packed)
        except httpx.HTTPError as fault:
            if not self._was_answered:
                raise ImportFailed(
                    "the collector does not answer; is `sanaq up` running?"
                ) from fault
            return None


@contextmanager
def own_key(registry: Registry, site: str, actor: str) -> Iterator[str]:
    """Give a server key that lives for this import, and end it afterwards."""
    key = keys.create_key(
        registry, site, "server", actor, registry.now() + timedelta(hours=KEY_HOURS)
    )
    try:
        yield key
    finally:
        made = keys.find_key(registry, keys.digest_key(key))
        if made is not None:
            keys.revoke_key(registry, made.id, actor)


def _trust(settings: Settings) -> ssl.SSLContext | bool:
    """Give what the collector's certificate is checked against: the operator's own, no other."""
    if settings.tls_cert is None:
        return False
    context = ssl.create_default_context(cafile=str(settings.tls_cert))
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    # It was made for the name that senders use, and we come by the address it listens on.
    context.check_hostname = False
    return context


def _read(answer: httpx.Response, sent: int) -> Answer:
    """Give what a final answer says.

    Errors: ImportFailed where it is a refusal, or no answer of a collector's.
    """
    try:
        if answer.status_code != httpx.codes.OK:
            reason = msgspec.json.decode(answer.content, type=_Fault).error
            raise ImportFailed(f"the collector answered {answer.status_code} {reason}".rstrip())
        told = msgspec.json.decode(answer.content, type=Answer)
    except (msgspec.MsgspecError, UnicodeDecodeError) as fault:
        raise ImportFailed("what answers at the collector's address is no collector") from fault
    if told.accepted + told.duplicate + told.refused + len(told.rejected) != sent:
        raise ImportFailed("the collector's answer does not add up to what was sent")
    return told


def _pause_asked(answer: httpx.Response | None) -> float:
    """Give how long to wait before sending again, in seconds."""
    asked = answer.headers.get("retry-after", "") if answer is not None else ""
    return min(float(asked) if asked.isdecimal() else PAUSE_SECONDS, PAUSE_SECONDS_MAX)
