"""Drafts become events: identifiers in their columns, consent read, nothing beyond the limits."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from collector.outcomes import BadRequest
from collector.own_ids import SEPARATOR
from collector.protocols.fields import Draft
from collector.protocols.maker import Maker
from collector.raw_event import RawEvent
from tests.collector.worlds import LIMITS, TERMS, bits, said_by, sender


def make(draft: Draft, **who: Any) -> RawEvent:
    maker = Maker("vendor", sender(**who), TERMS)
    maker.add({"name": "page_view"} | draft)
    assert maker.decoded.rejected == []
    return maker.decoded.events[0]


def properties_of(event: RawEvent) -> dict[str, Any]:
    held: dict[str, Any] = msgspec.json.decode(event._properties) if event._properties else {}
    return held


def test_identifying_properties_go_where_they_are_seen() -> None:
    event = make(
        {
            "properties": {
                "colour": "red",
                "user_id": "u-1",
                "$device_id": "d-1",
                "deep": [{"client.address": "203.0.113.7", "size": 3}],
                "headers": {"cookie": "sid=1", "accept": "x/y"},
            }
        }
    )
    assert properties_of(event) == {"colour": "red", "deep": [{"size": 3}]}
    assert (event._person, event._device) == ("u-1", "d-1")
    assert {"sid=1", "203.0.113.7"} <= set((event._other_ids or "").split(SEPARATOR))


def test_urls_among_properties_keep_what_pages_keep() -> None:
    event = make({"properties": {"link": "https://a.example/x?gclid=1&utm_source=m#top"}})
    assert properties_of(event) == {"link": "https://a.example/x?utm_source=m"}


@pytest.mark.parametrize("name", ["consent", "$consent", "sanaq_consent"])
def test_consent_may_stand_in_a_property(name: str) -> None:
    said = {"purposes": {"analytics": True, "advertising": False}}
    event = make({"properties": {name: said, "colour": "red"}})
    assert said_by(event) == (bits("analytics"), bits("advertising"))
    assert properties_of(event) == {"colour": "red"}


def test_a_no_in_one_place_is_not_covered_by_a_yes_in_another() -> None:
    yes, no = ({"purposes": {"analytics": answer}} for answer in (True, False))
    event = make({"consent": yes, "properties": {"$consent": no}})
    assert said_by(event)[1] == bits("analytics")


def test_an_advertising_id_of_nobodys_is_a_switch() -> None:
    event = make({"advertising_id": "00000000-0000-0000-0000-000000000000"})
    assert said_by(event)[1] & bits("advertising")


def test_address_and_user_agent_are_believed_from_servers_alone() -> None:
    told = {"address": "203.0.113.7", "user_agent": "Told/1.0"}
    by_page, by_server = make(dict(told)), make(dict(told), trusted=True)
    assert by_page._address == sender().address and by_page._user_agent == sender().user_agent
    assert (by_server._address, by_server._user_agent) == ("203.0.113.7", "Told/1.0")
    assert make({"address": "x" * 65}, trusted=True)._address == sender().address
    assert "203.0.113.7" in (by_page._other_ids or ""), "it must not recur in a text"


def test_what_is_too_long_or_too_much_costs_itself_alone() -> None:
    many = {f"p{number}": number for number in range(200)}
    long = {"k" * 65: 1, "": 2, "t": "x" * 5_000, "o": {"x": "y" * 5_000}}
    assert len(properties_of(make({"properties": many}))) == LIMITS.properties_per_event_max
    assert properties_of(make({"properties": long})) == {"t": "x" * LIMITS.text_chars_max}
    assert make({"properties": long}).is_cut and make({"properties": {"k" * 65: 1}}).is_cut
    assert make({"properties": {"t": "x", "distinct_id": "d" * 600}}).is_cut is False


@pytest.mark.parametrize("draft", [{"name": ""}, {"name": "x" * 129}, {"name": None}])
def test_an_event_needs_a_name(draft: Draft) -> None:
    maker = Maker("vendor", sender(), TERMS)
    maker.add(draft)
    assert maker.decoded.rejected == [(0, "event_invalid")]


def test_a_diagnostic_needs_a_kind() -> None:
    event = make({"name": "", "kind": "error", "exception_type": "E", "release": "1"})
    assert (event.table, event.exception_type, event.release) == ("diagnostics", "E", "1")
    usage = make({"kind": "mood", "exception_type": "E"})
    assert (usage.table, usage.exception_type) == ("events", None)


def test_items_count_in_their_order() -> None:
    maker = Maker("vendor", sender(), TERMS)
    items = [{"name": "a"}, "no object", {"name": ""}, {"name": "b"}]
    decoded = maker.add_all(items, lambda item: dict(item))
    assert decoded.positions == [0, 3]
    assert decoded.rejected == [(1, "event_invalid"), (2, "event_invalid")]


def test_more_items_than_allowed_turn_the_request_away() -> None:
    maker = Maker("vendor", sender(), TERMS)
    with pytest.raises(BadRequest, match="events_too_many"):
        maker.add_all([{"name": "a"}] * (LIMITS.events_per_request_max + 1), lambda item: item)
