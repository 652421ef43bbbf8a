"""`POST /v1/consent`: a record is on disk, and its withdrawals in force, before it is answered.

Records that arrive together share two transactions of the registry and one commit of the spool.
Refusals are taken first and grants last: whatever fails in between, nobody's no is lost and
nobody's yes stands without its evidence. A repeat changes nothing.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from collector.consent_book import ConsentBook
from collector.consent_ids import IdKind
from collector.consent_scribe import Entry, Scribe, make_part
from collector.device_cookie import PURPOSE, DeviceCookie
from collector.door import Desk
from collector.ingest import Entered, Ingest
from collector.outcomes import BadRequest
from collector.protocols.consent_record import ConsentRecord, decode_record
from collector.protocols.protocol import Answer, Endpoint, Protocol
from collector.verdicts import Became
from storage.errors import Unavailable
from storage.logs import Log, name_error, name_place
from storage.registry import Registry, consents
from storage.registry.exclusions import SHARING
from storage.registry.requests import ERASE, Asked, note_requests
from storage.spool_client import SpoolClient
from storage.spool_protocol import Commit

PATH = "/v1/consent"

RECORDS_PER_ROUND_MAX = 200
"""So many records share one commit."""

MarksOf = Callable[[str, IdKind, str], Sequence[bytes]]
"""(site, kind, identifier) -> the digests that rows of events carry for it."""


class Waiting(NamedTuple):
    """What is to be kept of one record, and the request that waits until it is."""

    entry: Entry
    asked: list[Asked]
    """What the record asks for beside what it decides."""
    kept: asyncio.Future[None]


class ConsentDesk:
    """Keeps records; for one event loop."""

    def __init__(
        self,
        scribe: Scribe,
        registry: Registry,
        book: ConsentBook,
        spool: SpoolClient,
        marks_of: MarksOf,
        waiting_max: int,
        log: Log,
    ) -> None:
        self._scribe = scribe
        self._registry = registry
        self._book = book
        self._spool = spool
        self._marks_of = marks_of
        self._waiting_max = waiting_max
        self._log = log
        self._waiting: deque[Waiting] = deque()
        self._arrived = asyncio.Event()
        self._stopping = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="consent")

    async def submit(self, record: ConsentRecord) -> bytes:
        """Keep a record and give its receipt, as JSON.

        Errors: BadRequest `busy`; Unavailable, SpoolFull: then a withdrawal may be in force, and
        the record is to be sent again.
        """
        if self._stopping or len(self._waiting) >= self._waiting_max:
            raise BadRequest("busy")
        loop = asyncio.get_running_loop()
        entry, asked = await loop.run_in_executor(self._thread, self._write, record)
        kept: asyncio.Future[None] = loop.create_future()
        self._waiting.append(Waiting(entry, asked, kept))
        self._arrived.set()
        await kept
        return entry.answer

    async def run(self) -> None:
        """Keep what arrives until `stop`; every record that was submitted is answered."""
        while not (self._stopping and not self._waiting):
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                size = min(len(self._waiting), RECORDS_PER_ROUND_MAX)
                await self._keep_round([self._waiting.popleft() for _ in range(size)])
        self._thread.shutdown()

    def stop(self) -> None:
        """Take no more; finish what waits, then let `run` end."""
        self._stopping = True
        self._arrived.set()

    def _write(self, record: ConsentRecord) -> tuple[Entry, list[Asked]]:
        """Give what is kept of a record, and the requests that it makes.

        Errors: Unavailable.
        """
        entry, asked = self._scribe.write(record), list[Asked]()
        if not record.erasure_by and SHARING not in record.granted | record.refused:
            return entry, asked
        decided = []
        for (kind, text), one in zip(record.ids, entry.decided, strict=True):
            rows = tuple(self._marks_of(one.site, kind, text))
            decided.append(replace(one, rows=rows))
            if record.erasure_by:
                asked.append(Asked(one.site, ERASE, kind, one.digest, rows, record.erasure_by))
        return entry._replace(decided=decided), asked

    async def _keep_round(self, waiting: Sequence[Waiting]) -> None:
        """Keep some entries and let their requests go on, or tell them that it failed."""
        try:
            await self._keep(
                [one.entry for one in waiting], [a for one in waiting for a in one.asked]
            )
        except Exception as fault:  # noqa: BLE001
            place = name_place(fault)
            self._log.warn("consent was not kept", error=name_error(fault), place=place)
            for _, _, kept in waiting:
                if not kept.done():
                    kept.set_exception(fault)
        else:
            for _, _, kept in waiting:
                if not kept.done():
                    kept.set_result(None)

    async def _keep(self, entries: Sequence[Entry], asked: Sequence[Asked]) -> None:
        """Keep refusals and requests, then the rows, then the grants.

        This worker knows of them at once.
        """
        loop = asyncio.get_running_loop()
        decided = [one for entry in entries for one in entry.decided]
        refusals = [replace(one, granted=frozenset()) for one in decided if one.withdrawn]
        grants = [replace(one, withdrawn=frozenset()) for one in decided if one.granted]
        if refusals:
            await loop.run_in_executor(self._thread, self._record, refusals)
        if asked:
            await loop.run_in_executor(self._thread, note_requests, self._registry, asked)
        await self._spool.commit(Commit([make_part(entries)], []))
        if grants:
            await loop.run_in_executor(self._thread, self._record, grants)
        with suppress(Unavailable):
            await loop.run_in_executor(self._thread, self._book.refresh)

    def _record(self, decided: Sequence[consents.Decided]) -> None:
        consents.record_decisions(self._registry, decided)


CONSENT = Protocol("consent", (Endpoint(PATH),))
"""The way to send records: method, key, origin and bounds as for events."""


class ConsentEndpoint(Ingest):
    """The endpoint of consent records."""

    def __init__(self, desk: Desk, consent_desk: ConsentDesk) -> None:
        super().__init__(desk, [CONSENT], consent_desk.submit)
        self._consent_desk = consent_desk

    async def _take(self, entered: Entered) -> tuple[Answer, str | None]:
        """Take a request through decoding to its receipt.

        Errors: BadRequest, Unavailable.
        """
        request, sender = entered.request, entered.sender
        self.admit_record(sender)
        cookie = self._cookie(request.headers, sender)
        brought = cookie.value if cookie else ""
        try:
            record = decode_record(request.body, sender, self._desk.terms, brought)
            became = _became(record, cookie)
        except BadRequest as fault:
            self._desk.batcher.count_undecodable(sender.site, fault.reason)
            raise
        receipt = await self._consent_desk.submit(record)
        return Answer(receipt), cookie and cookie.answer(became)


def _became(record: ConsentRecord, cookie: DeviceCookie | None) -> Became:
    """Give what a record makes of the device id of the first-party cookie.

    Errors: BadRequest `record_invalid` where nobody is named and no cookie is there that a no
        could be about.
    """
    if PURPOSE in record.refused:
        became: Became = "refused"
    else:
        became = "kept" if PURPOSE in record.granted else ""
    if cookie is None or record.ids != (("device", cookie.value),):
        return became if became == "refused" else ""
    if cookie.is_new and became != "kept":
        raise BadRequest("record_invalid")
    return became
