"""A source that was there and could not be read grants nothing, and is counted by site and name."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from collector.consent.signal import Statement
from collector.consent.statements import unreadable_sources, write_statements
from collector.frames import to_frame
from collector.micro_batch import work_batch
from collector.parts import count_unreadable
from collector.protocols.native import decode_events
from collector.stages import PROTECT
from storage.logs import Log
from storage.spool_join import count_outcomes
from storage.spool_protocol import Commit, Count, is_well_formed
from tests.collector.test_parts_and_micro_batch import protect, request
from tests.collector.worlds import TERMS, bits, context, event, post, said_by, sender

UNREADABLE = Statement("tcf", 0, 0, readable=False)
TCF = write_statements([UNREADABLE])
BOTH = write_statements([UNREADABLE, Statement("native", bits("analytics"), 0)])


def test_it_changes_nothing_of_what_others_say() -> None:
    sent = [event(signals=TCF), event(signals=BOTH), event(signals="")]
    frame = PROTECT.run(to_frame(sent), context()).frame
    held = ["necessary", "diagnostics"]
    assert frame["purposes"].to_list() == [held, [*held, "analytics"], held]
    assert frame["subject_kind"].to_list() == [""] * 3


def test_events_are_counted_by_site_table_and_source() -> None:
    sent = [
        *[event(signals=TCF)] * 2,
        event(signals=BOTH, table="diagnostics", event_name="crash"),
        event(site="other", signals=TCF),
        event(),
    ]
    assert count_unreadable(sent) == [
        Count("soq", "signal_unreadable", "unreadable_tcf", 2, "events"),
        Count("soq", "signal_unreadable", "unreadable_tcf", 1, "diagnostics"),
        Count("other", "signal_unreadable", "unreadable_tcf", 1, "events"),
    ]


def test_they_are_counted_beside_the_sum_of_what_was_received() -> None:
    (worked,) = work_batch(
        [request(event(signals=TCF), event())], protect, Log("collector", stream=io.StringIO())
    )
    commit = Commit([cut.part for cut in worked.cuts], worked.counts)
    assert is_well_formed(commit)
    assert worked.counts == [Count("soq", "signal_unreadable", "unreadable_tcf", 1)]
    counted = count_outcomes([Commit([], worked.counts)], [])
    assert dict(counted) == {("soq", "events", "signal_unreadable", "unreadable_tcf"): 1}


@pytest.mark.parametrize("text", ["x", "CQ", "é" * 40, "C" * 1_000_000, 7, ["C"], {}])
def test_a_string_that_is_none_is_unreadable_wherever_it_comes(text: Any) -> None:
    body = {"consent": {"purposes": {"analytics": True}, "tcf": text}, "events": [{"name": "a"}]}
    (sent,) = decode_events(post(json.dumps(body).encode()), sender(), TERMS).events
    assert unreadable_sources(sent.signals) == ["tcf"]
    assert said_by(sent) == (bits("analytics"), 0)
