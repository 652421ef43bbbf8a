"""Which events leave for a recipient, and which of their fields."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.forwarding.pseudonyms import key_site, make_outgoing
from collector.forwarding.selection import Refusal, select_events
from config.recipients import ALWAYS, FIELDS, IDS
from storage.schemas import EVENTS, NO_ID
from tests.collector.forwarding.recipients import (
    PURPOSE,
    ROW,
    digester,
    outgoing,
    policy,
    recipient,
    rows,
)
from tests.storage.warehouses import NOW

ALL = tuple(policy().purposes)


def test_an_event_leaves_with_the_purpose_and_stays_without() -> None:
    without = [one for one in ROW["purposes"] if one != PURPOSE]
    frame = rows({}, {"purposes": without}, {"purposes": []}, {"purposes": [PURPOSE]})
    assert [one.row for one in outgoing(frame)] == [0, 3]


def test_only_the_sites_and_events_that_are_named_leave() -> None:
    frame = rows({"site": "other"}, {"event_name": "search"}, {"event_name": "page_view"})
    assert [one.row for one in outgoing(frame)] == [2]


@given(st.sets(st.sampled_from(ALL)).map(lambda some: some | {PURPOSE}))
def test_every_field_needs_its_own_purpose_too(permitted: set[str]) -> None:
    (one,) = outgoing(rows({"purposes": sorted(permitted)}))
    for name in one.values.keys() | one.ids.keys():
        assert name in ALWAYS or policy().purpose_of("events", name) in permitted
    assert bool(one.properties) == ("analytics" in permitted)
    assert ("advertising_id" in one.ids) == ("advertising" in permitted)


@given(st.sets(st.sampled_from([*FIELDS, *IDS])))
def test_only_the_fields_that_are_named_leave(named: set[str]) -> None:
    to = recipient(fields=tuple(named), properties=(), ids="own")
    (one,) = outgoing(rows({}), to)
    assert one.values.keys() | one.ids.keys() <= {*ALWAYS, *named} and one.properties == {}


def test_what_is_absent_is_left_out() -> None:
    (one,) = outgoing(rows({"person_id": NO_ID, "page_title": "", "revenue": None}))
    assert not {"person_id", "page_title", "revenue"} & (one.values.keys() | one.ids.keys())
    assert one.properties == {"category": "horses"}


def test_no_id_of_ours_leaves() -> None:
    (one,) = outgoing(rows({"event_id": "0b2a6f2e-5f65-4b8e-9c5f-0a3f2d4b7c11"}))
    told = str([one.id, one.ids, one.values]).replace("-", "")
    ours = [ROW[name].hex() for name, kind in EVENTS.items() if kind == pl.Binary and name in ROW]
    assert len(ours) == 6 and not any(digest in told for digest in ours)
    assert "0b2a6f2e5f654b8e9c5f0a3f2d4b7c11" not in told
    assert set(one.ids) == set(IDS)


def test_ids_differ_between_recipients_and_hold_between_events() -> None:
    first, second = outgoing(rows({}, {"event_name": "page_view"}))
    other = outgoing(rows({}), recipient(name="bolt"))[0]
    assert first.ids == second.ids and first.id != second.id
    assert not set(first.ids.values()) & set(other.ids.values()) and first.id != other.id
    assert key_site("acme") != key_site("bolt")


def test_the_same_event_has_the_same_id_at_every_attempt() -> None:
    frame = rows({})
    assert outgoing(frame)[0].id == outgoing(frame)[0].id
    assert outgoing(frame.with_columns(site=pl.lit("soq")))[0].id == outgoing(frame)[0].id


def test_without_the_recipients_key_an_event_stays() -> None:
    selected = select_events(rows({}), recipient(), policy(), {})
    nothing = make_outgoing("acme", selected, lambda a, b, c, values: [None] * len(values))
    assert nothing == [None]
    assert make_outgoing("acme", selected, digester()) != [None]


def refused(*purposes: str, until: datetime = NOW) -> list[Refusal]:
    """Give a refusal of purposes for what was received until a moment."""
    return [Refusal(round(until.astimezone(UTC).timestamp() * 1000), frozenset(purposes))]


@pytest.mark.parametrize("column", ["person_id", "device_id", "advertising_id"])
def test_a_refusal_between_receipt_and_sending_keeps_the_event(column: str) -> None:
    frame = rows({}, {column: b"x" * 16})
    refusals = {("soq", ROW[column]): refused(PURPOSE)}
    assert [one.row for one in outgoing(frame, refusals=refusals)] == [1]
    other_site = {("other", ROW[column]): refused(PURPOSE)}
    assert len(outgoing(frame, refusals=other_site)) == 2


def test_a_refusal_of_a_fields_purpose_takes_the_field() -> None:
    refusals = {("soq", ROW["person_id"]): refused("analytics")}
    (one,) = outgoing(rows({}), refusals=refusals)
    assert set(one.ids) == {"advertising_id"} and one.properties == {}
    assert "country" in one.values


def test_what_was_received_after_a_refusal_was_judged_by_the_gate() -> None:
    refusals = {("soq", ROW["person_id"]): refused(PURPOSE, until=NOW - timedelta(seconds=1))}
    assert len(outgoing(rows({}), refusals=refusals)) == 1


def test_what_nobody_can_refuse_is_not_refused() -> None:
    refusals = {("soq", ROW["person_id"]): refused("necessary")}
    (one,) = outgoing(rows({}), refusals=refusals)
    assert one.values["country"] == "KZ"


def test_the_absent_id_is_nobodys() -> None:
    row: dict[str, Any] = {"person_id": b"y" * 16, "advertising_id": NO_ID}
    assert len(outgoing(rows(row), refusals={("soq", NO_ID): ()})) == 1
