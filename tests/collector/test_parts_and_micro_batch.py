"""From requests to parts for the spooler, and what each request is told."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable
from typing import Any, get_args
from uuid import UUID

import numpy as np
import polars as pl
import pytest

from collector.frames import to_frame
from collector.micro_batch import Submission, Worked, mark_known, work_batch
from collector.parts import count_outcomes, cut_parts, name_batch
from collector.pipeline import Result
from collector.raw_event import Decoded, RawEvent
from collector.stages import PROTECT
from storage.bitmap import pack_bitmap, unpack_bitmap
from storage.logs import Log
from storage.schemas import TABLES
from storage.spool_protocol import Commit as CommitMessage
from storage.spool_protocol import Count, is_well_formed
from storage.spool_rows import Compression, decode_rows
from tests.collector.worlds import context, event

UUIDS = [f"0b2a6f2e-5f65-4b8e-9c5f-{n:012x}" for n in range(9)]


def protect(batch: pl.DataFrame) -> Result:
    return PROTECT.run(batch, context())


def request(*events: RawEvent, site: str = "soq", rejected: tuple[int, ...] = ()) -> Submission:
    """Give a request whose rejected indexes could not be decoded."""
    places = [n for n in range(len(events) + len(rejected)) if n not in rejected]
    decoded = Decoded(list(events), places, [(n, "event_invalid") for n in rejected])
    loop = asyncio.new_event_loop()
    loop.close()
    return Submission(site, decoded, asyncio.Future(loop=loop))


def test_parts_are_cut_by_table_and_sorted_by_site() -> None:
    events = [
        event(site="soq", _event_id=UUIDS[0]),
        event(site="abc", _event_id=UUIDS[1]),
        event(site="soq", _event_id=UUIDS[2], table="diagnostics", event_name="crash"),
        event(site="soq", _event_id=UUIDS[3], is_import=True),
    ]
    frame = protect(to_frame(events)).frame
    diagnostics, usage = cut_parts(frame)
    assert (diagnostics.part.table, usage.part.table) == ("diagnostics", "events")
    assert (diagnostics.rows, usage.rows) == ([2], [1, 0, 3])
    assert usage.part.site_runs == [("abc", 1), ("soq", 2)]
    assert usage.imported == {"soq": [UUIDS[3]]} and diagnostics.imported == {}
    assert usage.identities == [("abc", UUIDS[1]), ("soq", UUIDS[0]), ("soq", UUIDS[3])]
    assert is_well_formed(CommitMessage([diagnostics.part, usage.part], []))
    rows = decode_rows("events", usage.part.blob)
    assert dict(rows.schema) == TABLES["events"]
    assert rows["event_id"].to_list() == [UUIDS[1], UUIDS[0], UUIDS[3]]
    assert set(rows["batch_id"]) == {name_batch(usage.part.batch_id)}
    assert UUID(name_batch(usage.part.batch_id)).version == 4
    by_row = dict(zip(frame["row"], frame["identity"], strict=True))
    assert usage.part.digests == b"".join(by_row[row] for row in usage.rows)


def test_rows_are_readable_in_an_uncompressed_part_alone() -> None:
    sent, raw = event(page_path="/listing/" + "horses" * 9), b"horses" * 9
    batch = [request(sent), request(sent, site="abc")]
    for compression in get_args(Compression):
        (worked,) = work_batch(batch, protect, log_to(io.StringIO()), compression)
        is_there = compression == "uncompressed"
        assert all((raw in cut.part.blob) is is_there for cut in worked.cuts)
    assert len(decode_rows("events", worked.cuts[0].part.blob)) == 2


def test_no_rows_make_no_parts() -> None:
    assert cut_parts(protect(to_frame([])).frame) == []


def test_outcomes_are_counted_by_site_table_and_reason() -> None:
    outcomes = [("soq", "events", "too_late")] * 2 + [("soq", "diagnostics", "consent_refused")]
    assert count_outcomes(outcomes) == [
        Count("soq", "rejected", "too_late", 2, "events"),
        Count("soq", "refused", "consent_refused", 1, "diagnostics"),
    ]


def test_known_rows_are_marked_by_site_and_id() -> None:
    sent = [event(site=site, _event_id=UUIDS[0], is_import=True) for site in ("soq", "abc")]
    cut = cut_parts(protect(to_frame(sent)).frame)[0]
    assert mark_known(cut, set()) is cut.part
    part = mark_known(cut, {("soq", UUIDS[0]), ("abc", UUIDS[5])})
    assert unpack_bitmap(part.known, 2).tolist() == [False, True]


def told(worked: list[Worked]) -> list[dict[str, Any]]:
    """Give what each request is told."""
    return [json.loads(v.answer(trusted=True)) for one in worked for v in one.verdicts]


def log_to(stream: io.StringIO) -> Log:
    return Log("collector", stream=stream)


def run(
    batch: list[Submission], stages: Callable[[pl.DataFrame], Result] = protect
) -> list[Worked]:
    return work_batch(batch, stages, log_to(io.StringIO()))


def test_requests_share_a_batch_and_each_is_told_its_own() -> None:
    batch = [
        request(event(), event(occurred_at_ms=0), event(_event_id="e"), rejected=(1,)),
        request(event(_event_id="x", site="abc"), site="abc"),
        request(rejected=(0,)),
    ]
    (worked,) = run(batch)
    late, invalid = {"index": 2, "reason": "too_late"}, {"index": 1, "reason": "event_invalid"}
    plain = {"duplicate": 0, "refused": 0}
    assert told([worked]) == [
        {"accepted": 2, **plain, "without_event_id": 2, "rejected": [invalid, late]},
        {"accepted": 1, **plain, "rejected": []},
        {"accepted": 0, **plain, "rejected": [{"index": 0, "reason": "event_invalid"}]},
    ]
    assert sorted((c.site, c.reason, c.n) for c in worked.counts) == [
        ("soq", "event_invalid", 2), ("soq", "too_late", 1),
    ]  # fmt: skip


def test_duplicates_are_told_to_the_request_that_sent_them() -> None:
    events = [event(_event_id=one) for one in UUIDS[:2]]
    crash = event(table="diagnostics", event_name="crash", _event_id=UUIDS[2])
    (worked,) = run([request(events[0], crash), request(events[1])])
    first, second = pack_bitmap(np.array([True])), pack_bitmap(np.array([False, True]))
    worked.mark_duplicates([first, second])
    assert [verdict.duplicate for verdict in worked.verdicts] == [1, 1]
    (clean,) = run([request(*events)])
    clean.mark_duplicates([b""])
    assert clean.verdicts[0].duplicate == 0


class PanicException(BaseException):
    """Stands for what a panic inside Polars raises, which is no `Exception`."""


def failing_for(name: str, fault: BaseException) -> Callable[[pl.DataFrame], Result]:
    """Give stages that raise for batches with an event of this name."""

    def run_stages(batch: pl.DataFrame) -> Result:
        if name in batch["event_name"].to_list():
            raise fault
        return protect(batch)

    return run_stages


@pytest.mark.parametrize("fault", [ValueError("u-1842 is data"), PanicException("u-1842 is data")])
def test_only_the_culprit_gets_internal_error(fault: BaseException) -> None:
    culprit = request(
        event(event_name="evil"), event(table="diagnostics", event_name="crash"), rejected=(1,)
    )
    batch = [request(event()), culprit, request(event(), event())]
    stream = io.StringIO()
    worked = work_batch(batch, failing_for("evil", fault), log_to(stream))
    answers = told(worked)
    assert [answer["accepted"] for answer in answers] == [1, 0, 2]
    assert answers[1]["rejected"] == [
        {"index": 0, "reason": "internal_error"},
        {"index": 1, "reason": "event_invalid"},
        {"index": 2, "reason": "internal_error"},
    ]
    counts = {(c.table, c.reason): c.n for one in worked for c in one.counts}
    assert counts == {
        ("events", "internal_error"): 1,
        ("events", "event_invalid"): 1,
        ("diagnostics", "internal_error"): 1,
    }
    assert [one.submissions for one in worked] == [[one] for one in batch]
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["rows"] for line in lines] == [3, 1]
    assert "1842" not in stream.getvalue()


def test_stopping_the_process_is_not_swallowed() -> None:
    with pytest.raises(KeyboardInterrupt):
        run([request(event(event_name="evil"))], failing_for("evil", KeyboardInterrupt()))


def test_an_empty_batch_gives_nothing_to_do() -> None:
    (worked,) = run([])
    assert (worked.verdicts, worked.cuts, worked.counts) == ([], [], [])
