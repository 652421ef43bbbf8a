"""Spoiled requests of every vendor's SDK at a real service, among requests of a site that is well.

None raises, none is answered with a fault of the server's but `busy`, the others lose nothing, and
no identifier stands in an answer, the log, or any file of the installation.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import httpx
import pytest

from collector.protocols.protocol import Protocol
from tests.collector.protocols.captures import FOLDER, ROUTER
from tests.collector.protocols.hostile import Wire, read_wires, spoil
from tests.service import running

pytestmark = [pytest.mark.timeout(300), pytest.mark.needs_shared]

EACH = 37
"""One in so many of the spoiled requests is sent; all are decoded in another test."""

GOOD_EVERY = 10

BUSY = 503

IDENTIFIERS = (b"203.0.113.7", b"a@example.com", b"Cj0abc", b"7A3CBEA0", b"B5372DB0", b"cdda802e")
"""Stand in the captures as address, mail address, click id, advertising and device ids."""

OWN_HEADERS = ("host", "content-length", "transfer-encoding", "connection", "authorization")
"""Headers that the client makes by itself, or that would name another key."""


def list_spoiled() -> Iterator[tuple[Protocol, Wire]]:
    """Yield a part of all spoiled requests whose path some protocol has."""
    names = sorted(file.stem for file in FOLDER.glob("*.jsonl"))
    wires = chain.from_iterable(read_wires(name) for name in names)
    spoiled = chain.from_iterable(spoil(wire) for wire in wires)
    for number, wire in enumerate(spoiled):
        found = ROUTER.find(wire.path) if number % EACH == 0 else None
        if found is not None:
            yield found.mounts[number % len(found.mounts)].protocol, wire


def test_spoiled_requests_harm_nobody(tmp_path: Path) -> None:
    with running(tmp_path) as service, httpx.Client(timeout=30) as client:
        bad, good = service.key("spoiled"), service.key("well")
        statuses, told, sent = set(), b"", 0
        for number, (protocol, wire) in enumerate(list_spoiled()):
            headers = {k: v for k, v in wire.headers.items() if k not in OWN_HEADERS}
            url = f"{service.collector}/{protocol.name}/{bad}{wire.path}?{wire.query}"
            answer = client.request(wire.method, url, content=wire.body, headers=headers)
            statuses.add(answer.status_code)
            told += answer.content
            if number % GOOD_EVERY == 0:
                event = {"name": "page_view", "consent": {"purposes": {"analytics": True}}}
                sent += 1
                answer = service.post(good, {"events": [event]})
                assert answer.status_code == httpx.codes.OK
        assert {status for status in statuses if status >= 500} <= {BUSY}
        assert {200, 400} <= statuses and sent > 20
        service.await_loaded()
        stored = service.sql("SELECT count() AS n FROM sanaq.events WHERE site = 'well'")
        assert stored == [{"n": sent}]
        assert "a request raised" not in service.log_file.read_text()
        assert "internal_error" not in service.ledger("--site", "spoiled")["reasons"]
        files = [file for file in tmp_path.rglob("*") if file.is_file() and file.stat().st_size]
        assert service.log_file in files and len(files) > 10
        kept = {"an answer": told} | {str(file): file.read_bytes() for file in files}
        assert not [(n, one) for n, text in kept.items() for one in IDENTIFIERS if one in text]
