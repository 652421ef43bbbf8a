"""What becomes of Amplitude's events, and what its SDKs are answered."""

from __future__ import annotations

import json
from typing import Any

import pytest

from collector.outcomes import FAULTS, BadRequest
from collector.protocols import amplitude
from collector.protocols.protocol import Request
from collector.raw_event import RawEvent
from collector.verdicts import Verdict
from tests.collector.worlds import TERMS, sender

SENT = {"event_type": "a", "user_id": "user-1", "device_id": "device-1"}


def event_of(trusted: bool = False, **fields: Any) -> RawEvent:
    body = {"api_key": "sk_b_abc", "events": [SENT | fields]}
    request = Request("/2/httpapi", body=json.dumps(body).encode())
    (event,) = amplitude.decode(request, sender(trusted=trusted), TERMS).events
    return event


def test_the_address_of_the_connection_is_no_address_that_was_sent() -> None:
    own = sender().address
    assert event_of(True, ip="$remote")._address == own
    assert event_of(True, ip="$remote")._other_ids is None
    assert event_of(True, ip="203.0.113.7")._address == "203.0.113.7"
    assert event_of(False, ip="203.0.113.7")._address == own


@pytest.mark.parametrize("session", [-1, None, {}, []])
def test_no_visit_is_none(session: object) -> None:
    assert event_of(session_id=session)._session is None


def test_every_identifier_goes_to_its_place() -> None:
    event = event_of(idfa="idfa-1", adid="adid-1", idfv="idfv-1", session_id=17)
    assert (event._person, event._device, event._session) == ("user-1", "device-1", "17")
    assert event._advertising_id == "idfa-1"
    assert str(event._other_ids).split("\x1f") == ["idfv-1", "adid-1"]
    assert event_of(device_id=None, idfv="idfv-1")._device == "idfv-1"


@pytest.mark.parametrize(
    ("fields", "revenue"),
    [
        ({"revenue": 5}, 5.0),
        ({"price": 2.5, "quantity": 2}, 5.0),
        ({"price": 2.5}, 2.5),
        ({"event_properties": {"$price": 2.5, "$quantity": 2}}, 5.0),
        ({"event_properties": {"$price": 2.5, "$quantity": 2, "$revenue": 4}}, 4.0),
        ({"event_properties": {"revenue": 3}}, 3.0),
        ({"price": 1e308, "quantity": 1e308}, None),
        ({"price": [], "quantity": {}}, None),
        ({}, None),
    ],
)
def test_revenue_is_said_or_made_of_price_and_quantity(
    fields: dict[str, Any], revenue: float | None
) -> None:
    assert event_of(**fields).revenue == revenue


def test_traits_stay_of_identify_alone() -> None:
    sets = {"$set": {"plan": "gold"}, "$setOnce": {"plan": "free"}, "$add": {"logins": 1}}
    identify = event_of(event_type="$identify", user_properties=sets)
    assert json.loads(identify._properties) == {"plan": "gold"}
    assert event_of(user_properties=sets | {"email": "a@example.com"})._properties == b""


def test_what_a_page_shows_of_a_click_is_not_kept() -> None:
    texts = {"[Amplitude] Element Text": "typed", "[Amplitude] Element Tag": "button"}
    event = event_of(event_type="[Amplitude] Element Clicked", event_properties=texts)
    assert json.loads(event._properties) == {"element_tag": "button"}


def test_web_vitals_become_figures() -> None:
    sent = {"[Amplitude] LCP": {"value": 812.5, "id": "v5-1"}, "[Amplitude] CLS": 3}
    event = event_of(event_type="[Amplitude] Web Vitals", event_properties=sent)
    assert (event.table, event.kind) == ("diagnostics", "performance")
    assert event.measurements == [{"name": "LCP", "value": 812.5, "unit": "millisecond"}]


def test_recordings_are_counted_and_not_kept() -> None:
    assert amplitude.map_event({"event_type": "[Amplitude] Replay Captured"}) == "kind_unwanted"


def test_success_is_told_in_the_body() -> None:
    request = Request("/2/httpapi", body=b"{}")
    answer = amplitude.answer_success(request, Verdict(3, {1: "consent_refused"}), False)
    told = json.loads(answer.body)
    assert told == {"code": 200, "events_ingested": 3, "payload_size_bytes": 2}


@pytest.mark.parametrize("reason", FAULTS)
def test_every_fault_has_a_code_that_its_sdks_read(reason: str) -> None:
    answer = amplitude.answer_fault(Request("/2/httpapi"), BadRequest(reason))
    assert answer is not None and answer.status == FAULTS[reason][0]
    told = json.loads(answer.body)
    is_key = reason in ("key_missing", "key_unknown")
    assert told["code"] == (400 if is_key else answer.status)
    assert told["error"].startswith("Invalid API key:") == is_key
