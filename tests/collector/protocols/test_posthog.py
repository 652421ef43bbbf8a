"""PostHog's five encodings, whose request is whose, who is meant, and what is answered."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from typing import Any
from urllib.parse import quote

import pytest

from collector.body import inflate
from collector.outcomes import BadRequest
from collector.protocols import PROTOCOLS, posthog
from collector.protocols.posthog_events import map_event
from collector.protocols.protocol import Request
from collector.raw_event import RawEvent
from collector.router import Router, choose
from collector.verdicts import Verdict
from tests.collector.worlds import LIMITS, NOW_MS, TERMS, sender

KEY = "sk_b_abc"
EVENT = {"event": "order", "uuid": "u-1", "properties": {"distinct_id": "d-1", "a": 1}}
BODY = json.dumps({"api_key": KEY, "batch": [EVENT]}).encode()
CODED = b64encode(BODY)
PLUSES = json.dumps({"api_key": KEY, "batch": [EVENT | {"x": "~~~???>>>"}]}).encode()

ENCODED = {
    "JSON": ("", BODY),
    "gzip": ("compression=gzip-js", gzip.compress(BODY)),
    "base64": ("compression=base64", CODED),
    "a form of base64": ("compression=base64", b"data=" + quote(CODED).encode()),
    "a form of base64, unescaped": ("", b"data=" + b64encode(PLUSES)),
    "a form of base64 of gzip": ("", b"data=" + quote(b64encode(gzip.compress(BODY))).encode()),
    "a form of JSON": ("", b"data=" + quote(BODY).encode() + b"&ver=1"),
    "a query of base64": ("data=" + quote(CODED), b""),
}


def made(body: bytes, query: str = "", path: str = "/e", **headers: str) -> Request:
    return Request(path, query, headers, inflate(body, "", LIMITS.body_inflated_bytes_max))


def event_of(item: dict[str, Any]) -> RawEvent:
    decoded = posthog.decode(made(json.dumps(item).encode()), sender(), TERMS)
    (event,) = decoded.events
    return event


@pytest.mark.parametrize(("query", "body"), ENCODED.values(), ids=ENCODED)
def test_every_encoding_brings_the_same_event_and_key(query: str, body: bytes) -> None:
    request = made(body, query)
    assert posthog.find_key(request) == KEY
    (event,) = posthog.decode(request, sender(), TERMS).events
    assert (event.event_name, event._device, event._event_id) == ("order", "d-1", "u-1")
    assert json.loads(event._properties) == {"a": 1}


def test_data_may_not_inflate_beyond_its_bound() -> None:
    bomb = b64encode(gzip.compress(b'{"batch":[]}' + b" " * LIMITS.body_bytes_max))
    request = made(b"data=" + quote(bomb).encode())
    assert posthog.find_key(request) == ""
    with pytest.raises(BadRequest) as raised:
        posthog.decode(request, sender(), TERMS)
    assert raised.value.reason == "body_too_large"


@pytest.mark.parametrize("body", [b"", b"data=", b"data=%%%", b"0", b'{"batch":1}', b"lz64~~"])
def test_what_is_none_of_them_is_told(body: bytes) -> None:
    with pytest.raises(BadRequest) as raised:
        posthog.decode(made(body), sender(), TERMS)
    assert raised.value.reason == "body_invalid"


@pytest.mark.parametrize(
    ("path", "body", "owner"),
    [
        ("/batch", {"api_key": KEY, "batch": [EVENT]}, "posthog"),
        ("/batch", {"api_key": KEY, "events": []}, "amplitude"),
        ("/track", {"api_key": KEY, "event": "order"}, "posthog"),
    ],
)
def test_shared_paths_go_to_their_owner(path: str, body: dict[str, Any], owner: str) -> None:
    found = Router(PROTOCOLS).find(path)
    assert found is not None
    request = made(json.dumps(body).encode(), path=path)
    assert choose(found.mounts, request).protocol.name == owner


@pytest.mark.parametrize(
    ("event", "told", "person", "device"),
    [
        ("a", {}, None, "d-1"),
        ("a", {"$device_id": "d-2"}, None, "d-1"),
        ("a", {"$is_identified": False}, None, "d-1"),
        ("a", {"$is_identified": True}, "d-1", None),
        ("a", {"$user_id": "d-1", "$device_id": "d-2"}, "d-1", "d-2"),
        ("$identify", {"$anon_distinct_id": "d-2"}, "d-1", "d-2"),
        ("a", {"$cookieless_mode": True}, None, None),
    ],
)
def test_a_distinct_id_is_a_person_only_once_somebody_was_identified(
    event: str, told: dict[str, Any], person: str | None, device: str | None
) -> None:
    sent = {"event": event, "distinct_id": "d-1", "properties": told}
    found = event_of(sent)
    assert (found._person, found._device) == (person, device)


def test_who_keeps_nothing_on_a_device_is_nobody() -> None:
    told = {"$device_id": "$posthog_cookieless", "$session_id": None}
    found = event_of({"event": "a", "distinct_id": "$posthog_cookieless", "properties": told})
    assert (found._person, found._device, found._other_ids) == (None, None, None)


def test_traits_stay_of_identify_alone() -> None:
    sets = {"$set": {"plan": "gold"}, "$set_once": {"plan": "free", "$initial_host": "h"}}
    item = {"distinct_id": "d-1", "properties": sets}
    assert json.loads(event_of(item | {"event": "$identify"})._properties) == {"plan": "gold"}
    assert event_of(item | {"event": "a"} | sets)._properties == b""


def test_no_text_of_a_page_is_kept_of_a_click() -> None:
    texts = {"$elements": [{"$el_text": "typed"}], "$elements_chain": "a:text", "$el_text": "b"}
    told = {"$event_type": "click", **texts}
    found = event_of({"event": "$autocapture", "distinct_id": "d-1", "properties": told})
    assert json.loads(found._properties) == {"event_type": "click"}


@pytest.mark.parametrize("event", ["$snapshot", "$create_alias", "$ai_generation", "$$heatmap"])
def test_kinds_that_are_not_collected_are_counted(event: str) -> None:
    assert map_event({"event": event, "properties": {}}) == "kind_unwanted"


def test_web_vitals_become_figures() -> None:
    told = {"$web_vitals_LCP_value": 812.5, "$web_vitals_CLS_value": 0.01, "$web_vitals_INP": {}}
    found = event_of({"event": "$web_vitals", "distinct_id": "d-1", "properties": told})
    assert (found.table, found.kind) == ("diagnostics", "performance")
    assert found.measurements == [
        {"name": "LCP", "value": 812.5, "unit": "millisecond"},
        {"name": "CLS", "value": 0.01, "unit": ""},
    ]


def test_an_age_in_place_of_a_moment_counts_from_receipt() -> None:
    found = event_of({"event": "a", "distinct_id": "d-1", "offset": 2_000})
    assert found.occurred_at_ms == NOW_MS - 2_000


def test_each_event_is_answered_and_a_public_key_is_not_told_of_refusals() -> None:
    ids = [f"00000000-0000-4000-8000-00000000000{number}" for number in range(3)]
    batch = [*({"uuid": one} for one in ids), "none", {"uuid": 3}, {"uuid": "a@b.kz"}]
    request = made(json.dumps({"batch": batch}).encode(), path="/i/v1/analytics/events")
    verdict = Verdict(6, {1: "consent_refused", 2: "kind_unwanted", 3: "event_invalid"})

    def told(trusted: bool) -> list[str]:
        results = json.loads(posthog.answer_each(request, verdict, trusted).body)["results"]
        assert list(results) == ids, "nothing else that a sender wrote is repeated"
        return [results[one]["result"] for one in ids]

    assert told(True) == ["ok", "drop", "drop"]
    assert told(False) == ["ok", "ok", "drop"]


def test_the_script_of_a_configuration_holds_its_key_as_text() -> None:
    request = Request("/array/x/config.js", params={"key": "</script>'\"x"}, method="GET")
    answer = posthog.answer_config_script(request, Verdict(0), False)
    assert b"</script>" not in answer.body and answer.kind == "text/javascript"
    assert b'"config":{"supportedCompression":["gzip","gzip-js"]' in answer.body
