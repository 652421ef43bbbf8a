"""Posts historical data to the collector in bounded requests, and adds up what became of it."""

from __future__ import annotations

import gzip
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import click
import httpx
import msgspec

from config.settings import Settings
from storage.registry import keys
from storage.registry.engine import Registry

LINES_PER_REQUEST_MAX = 1_000
REQUEST_BYTES_MAX = 4_000_000
"""Uncompressed size at which a request is closed; far below `body_inflated_bytes_max`."""

ATTEMPTS_MAX = 8
"""How often a request is sent while the collector says that it should be sent again."""

ANSWER_SECONDS_MAX = 120.0
KEY_HOURS = 24
"""Life of the key that an import makes for itself, should it not end in order."""

GZIP_MAGIC = b"\x1f\x8b"


class ImportFailed(click.ClickException):
    """The import stopped; what was sent before it is kept, and sending it again doubles nothing."""

    exit_code = 1


@dataclass
class Tally:
    """What became of an import's events so far."""

    received: int = 0
    accepted: int = 0
    duplicate: int = 0
    refused: int = 0
    rejected: int = 0
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, sent: int, answer: dict[str, Any]) -> None:
        """Take one request's answer into account."""
        self.received += sent
        self.accepted += answer["accepted"]
        self.duplicate += answer["duplicate"]
        self.refused += answer["refused"]
        self.rejected += len(answer["rejected"])
        self.reasons.update(one["reason"] for one in answer["rejected"])


class Importer:
    """One import: a key of its own and a connection."""

    def __init__(self, settings: Settings, key: str) -> None:
        scheme = "https" if settings.tls_cert else "http"
        self._client = httpx.Client(
            base_url=f"{scheme}://{settings.collector}",
            headers={"authorization": f"Bearer {key}", "content-encoding": "gzip"},
            timeout=ANSWER_SECONDS_MAX,
            # The certificate is the operator's own, and the collector is this installation's.
            verify=False,
        )
        self.tally = Tally()

    def post(self, path: str, body: bytes, events: int) -> None:
        """Send one request, again where the collector is busy, and add its answer up.

        Errors: ImportFailed.
        """
        packed = gzip.compress(body, 1)
        for attempt in range(ATTEMPTS_MAX):
            try:
                answer = self._client.post(path, content=packed)
            except httpx.HTTPError as fault:
                raise ImportFailed(
                    "the collector does not answer; is `sanaq up` running?"
                ) from fault
            if answer.status_code == httpx.codes.OK:
                self.tally.add(events, msgspec.json.decode(answer.content))
                return
            if answer.status_code not in (429, 503):
                reason = msgspec.json.decode(answer.content).get("error", "")
                raise ImportFailed(f"the collector answered {answer.status_code} {reason}")
            time.sleep(min(float(answer.headers.get("retry-after", 1)), 2.0**attempt))
        raise ImportFailed("the collector stayed busy; start the import again later")

    def close(self) -> None:
        """End the connection."""
        self._client.close()


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


def read_lines(file: Path) -> Iterator[bytes]:
    """Give a file's lines without their ends; gzip is told by its first bytes, `-` is stdin.

    Errors: ImportFailed where the file cannot be read.
    """
    try:
        with _open(file) as stream:
            for line in stream:
                if stripped := line.rstrip(b"\r\n"):
                    yield stripped
    except (OSError, EOFError) as fault:
        raise ImportFailed("the file cannot be read to its end") from fault


def _open(file: Path) -> IO[bytes]:
    if str(file) == "-":
        return sys.stdin.buffer
    with file.open("rb") as probe:
        packed = probe.read(2) == GZIP_MAGIC
    return gzip.open(file) if packed else file.open("rb")  # type: ignore[return-value]


def in_requests(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cut lines into requests that keep the collector's bounds."""
    request: list[bytes] = []
    size = 0
    for line in lines:
        if request and (
            len(request) >= LINES_PER_REQUEST_MAX or size + len(line) > REQUEST_BYTES_MAX
        ):
            yield request
            request, size = [], 0
        request.append(line)
        size += len(line)
    if request:
        yield request
