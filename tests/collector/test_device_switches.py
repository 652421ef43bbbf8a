"""A device's own switches refuse, for a request and for each of its events, and grant nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.consent.statements import unreadable_sources
from collector.protocols.native import decode_events
from collector.raw_event import RawEvent
from tests.collector.worlds import TERMS, bits, post, said_by, sender

ZEROES = "00000000-0000-0000-0000-000000000000"
ACROSS_APPS, PROFILES = bits("advertising", "partner_sharing"), bits("advertising")
YES = {"purposes": {"advertising": True}}


def first_two(event: dict[str, Any], **request: Any) -> list[RawEvent]:
    body = request | {"events": [{"name": "a", **event}, {"name": "b"}]}
    decoded = decode_events(post(json.dumps(body).encode()), sender(), TERMS)
    assert decoded.rejected == []
    return decoded.events


@pytest.mark.parametrize(
    ("device", "refused"),
    [
        ({"tracking_status": 2}, ACROSS_APPS),
        ({"tracking_status": "denied"}, ACROSS_APPS),
        ({"tracking_status": 3}, 0),
        ({"ad_tracking_enabled": "false"}, ACROSS_APPS),
        ({"ad_tracking_enabled": True}, 0),
        ({"limit_ad_tracking": True}, PROFILES),
        ({"model": "SM-A536B"}, 0),
        ({"tracking_status": 3, "limit_ad_tracking": 1}, PROFILES),
    ],
)
def test_a_switch_of_a_request_holds_for_all_its_events(
    device: dict[str, Any], refused: int
) -> None:
    sent = first_two({}, context={"device": device}, consent=YES)
    assert [said_by(one) for one in sent] == [(bits("advertising"), refused)] * 2


def test_a_switch_of_an_event_holds_for_it_alone() -> None:
    sent = first_two({"context": {"device": {"tracking_status": 1}}}, consent=YES)
    assert [said_by(one)[1] for one in sent] == [ACROSS_APPS, 0]
    assert [said_by(one)[0] for one in sent] == [bits("advertising")] * 2


def test_an_events_own_consent_leaves_the_switches_of_its_request() -> None:
    sent = first_two({"consent": YES}, context={"device": {"limit_ad_tracking": True}})
    assert said_by(sent[0]) == (bits("advertising"), PROFILES)


@pytest.mark.parametrize(
    ("advertising_id", "refused"),
    [(ZEROES, PROFILES), ("38400000-8cf0-11bd-b23e-10b96e40000d", 0), (None, 0)],
)
def test_an_advertising_id_of_zeros_is_a_refusal(advertising_id: str | None, refused: int) -> None:
    sent = first_two({"advertising_id": advertising_id}, consent=YES)
    assert [said_by(one)[1] for one in sent] == [refused, 0]


@pytest.mark.parametrize("odd", [[1], {"a": 1}, "perhaps", 7, 1.5, "x" * 10_000])
def test_a_switch_that_cannot_be_read_is_counted_and_grants_nothing(odd: Any) -> None:
    (sent, _) = first_two({}, context={"device": {"tracking_status": odd}})
    assert (said_by(sent), unreadable_sources(sent.signals)) == ((0, 0), ["mobile"])
