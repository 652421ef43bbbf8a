"""One micro-batch: the events of several requests, taken through the stages together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import msgspec
import numpy as np
import polars as pl

from collector.device_cookie import judge_cookies
from collector.frames import to_frame
from collector.parts import Cut, count_outcomes, count_unreadable, cut_parts
from collector.pipeline import Result
from collector.raw_event import Decoded
from collector.verdicts import Verdict
from storage.bitmap import pack_bitmap, unpack_bitmap
from storage.errors import Unavailable
from storage.logs import Log, name_error, name_place
from storage.spool_protocol import Count, Part
from storage.spool_rows import Compression

Protect = Callable[[pl.DataFrame], Result]


@dataclass
class Submission:
    """One request that waits for its batch."""

    site: str
    decoded: Decoded
    verdict: asyncio.Future[Verdict]


@dataclass
class Worked:
    """A batch that has passed the stages: what goes to the spool, and what each request is told."""

    submissions: list[Submission]
    verdicts: list[Verdict]
    cuts: list[Cut]
    counts: list[Count]
    owners: list[tuple[int, int]]
    """Row of the batch -> (submission, index in its request)."""

    def mark_duplicates(self, bitmaps: list[bytes]) -> None:
        """Take the spooler's word on which rows were duplicates into the verdicts."""
        for cut, bitmap in zip(self.cuts, bitmaps, strict=True):
            flags = unpack_bitmap(bitmap, cut.part.rows) if bitmap else ()
            for row, is_duplicate in zip(cut.rows, flags, strict=False):
                if is_duplicate:
                    self.verdicts[self.owners[row][0]].duplicate += 1


def work_batch(
    batch: list[Submission], protect: Protect, log: Log, compression: Compression = "lz4"
) -> list[Worked]:
    """Take a batch through the stages; where it raises, each request alone.

    A request that raises by itself loses its events to `internal_error`; the others lose nothing.
    Errors: Unavailable where a neighbour is away (keys, on a full disk): nobody's events are at
        fault, and all are to be sent again.
    """
    try:
        return [_pass_stages(batch, protect, compression)]
    except Unavailable:
        raise
    except BaseException as fault:
        # A panic inside Polars is a BaseException; stopping the process is not ours to swallow.
        if not isinstance(fault, Exception) and type(fault).__name__ != "PanicException":
            raise
        log.error(
            "a batch raised", error=name_error(fault), place=name_place(fault), rows=len(batch)
        )
    if len(batch) == 1:
        return [_give_up(batch[0])]
    return [worked for one in batch for worked in work_batch([one], protect, log, compression)]


def mark_known(cut: Cut, known: set[tuple[str, str]]) -> Part:
    """Give the part with the rows marked whose (site, event id) the warehouse has already."""
    if not known:
        return cut.part
    flags = np.array([identity in known for identity in cut.identities])
    return msgspec.structs.replace(cut.part, known=pack_bitmap(flags))


def _pass_stages(batch: list[Submission], protect: Protect, compression: Compression) -> Worked:
    """Run the stages over the events of several requests."""
    events = [event for one in batch for event in one.decoded.events]
    owners = [(n, index) for n, one in enumerate(batch) for index in one.decoded.positions]
    verdicts = [_first_verdict(one) for one in batch]
    outcomes = [(one.site, "events", why) for one in batch for _, why in one.decoded.rejected]
    cuts: list[Cut] = []
    if events:
        result = protect(to_frame(events))
        for row, reason in result.rejected.items():
            number, index = owners[row]
            verdicts[number].reasons[index] = reason
            outcomes.append((events[row].site, events[row].table, reason))
        outcomes += _list_struck(result.frame)
        cookies = [one.decoded.cookie for one in batch]
        judge_cookies(result.frame, events, owners, cookies, verdicts)
        cuts = cut_parts(result.frame, compression)
    counts = count_outcomes(outcomes) + count_unreadable(events)
    return Worked(batch, verdicts, cuts, counts, owners)


def _list_struck(frame: pl.DataFrame) -> list[tuple[str, str, str]]:
    """Give site, table and category of each property that was refused."""
    if frame["struck"].null_count() == frame.height:
        return []
    rows = frame.filter(frame["struck"].is_not_null()).select("site", "table", "struck").rows()
    return [(site, table, word) for site, table, words in rows for word in words.split()]


def _give_up(one: Submission) -> Worked:
    """Reject every event of the request that the stages cannot digest."""
    verdict = _first_verdict(one)
    verdict.reasons |= dict.fromkeys(one.decoded.positions, "internal_error")
    outcomes = [(one.site, "events", why) for _, why in one.decoded.rejected]
    outcomes += [(event.site, event.table, "internal_error") for event in one.decoded.events]
    return Worked([one], [verdict], [], count_outcomes(outcomes), [])


def _first_verdict(one: Submission) -> Verdict:
    """Begin a request's verdict with what decoding already said."""
    made = sum(event._event_id is None for event in one.decoded.events)
    return Verdict(one.decoded.received, dict(one.decoded.rejected), without_event_id=made)
