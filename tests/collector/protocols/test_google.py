"""Google's forms: whose a body is, what its consent words say, and what makes a sale count once."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from collector.protocols import PROTOCOLS, google
from collector.protocols.protocol import Request
from collector.raw_event import RawEvent
from collector.router import Router, choose
from collector.verdicts import Verdict
from tests.collector.worlds import TERMS, bits, said_by, sender

KEY = "sk_s_" + "a" * 32


def measured(event: dict[str, Any], **body: Any) -> RawEvent:
    told = {"client_id": "1.2", "events": [event], **body}
    request = Request("/mp/collect", body=json.dumps(told).encode())
    return google.decode_measured(request, sender(trusted=True), TERMS).events[0]


def tagged(body: str = "", query: str = "v=2&tid=G-1&cid=1.2&en=page_view") -> list[RawEvent]:
    request = Request("/g/collect", query, body=body.encode())
    return google.decode_tagged(request, sender(), TERMS).events


def hit(**sent: str) -> RawEvent:
    body = urlencode({"v": "1", "tid": "UA-1", "cid": "c-1", **sent}).encode()
    return google.decode_universal(Request("/collect", body=body), sender(), TERMS).events[0]


@pytest.mark.parametrize(
    ("body", "owner"),
    [
        (b'{"api_key":"k","batch":[{"event":"a","distinct_id":"d"}]}', "posthog"),
        (b'{"api_key":"k","events":[{"event_type":"a"}]}', "amplitude"),
        (b"v=1&tid=UA-1&cid=c&t=pageview&dp=%2F\nv=1&tid=UA-1&cid=c&t=event", "google"),
        (b"dp=%2F&dh=a.example&v=1&tid=UA-1&cid=c&t=pageview", "google"),
    ],
)
def test_a_batch_belongs_to_the_protocol_whose_form_it_has(body: bytes, owner: str) -> None:
    found = Router(PROTOCOLS).find("/batch")
    assert found is not None
    assert choose(found.mounts, Request("/batch", body=body)).protocol.name == owner


def test_the_key_stands_where_google_has_its_own() -> None:
    assert google.find_secret(Request("/mp/collect", f"api_secret={KEY}&measurement_id=G-1")) == KEY
    assert google.find_secret(Request("/mp/collect", "api_secret=abc")) == ""
    assert google.find_key(Request("/collect", body=f"v=1&tid={KEY}\nv=1&tid=UA-1".encode())) == KEY
    assert google.find_site(Request("/g/collect", "tid=G-SOQ")) == "g-soq"


def test_consent_in_a_body_is_read_with_what_the_query_says() -> None:
    yes, both = bits("analytics", "advertising"), "gcs=G111&en=a"
    assert said_by(tagged(both)[0]) == (yes, 0)
    assert said_by(tagged("en=a")[0]) == (0, 0), "the query's has been read with the request"
    # What a site grants by default, before anybody answered, is nobody's answer.
    assert said_by(tagged(both, "tid=G-1&gcd=13t3t3t3t5l1")[0])[0] == 0
    granted, refused = said_by(tagged("gcs=G111&gcs=G100&en=a")[0])
    assert (granted, refused & yes) == (0, yes)
    assert said_by(hit(t="pageview", dp="/", gcs="G101")) == (
        bits("analytics"),
        bits("advertising"),
    )


def test_the_consent_object_and_non_personalized_ads_refuse() -> None:
    denied = {"ad_user_data": "DENIED", "ad_personalization": "GRANTED"}
    assert said_by(measured({"name": "a"}, consent=denied)) == (
        0,
        bits("advertising", "partner_sharing"),
    )
    assert said_by(measured({"name": "a"}, non_personalized_ads=True)) == (0, bits("advertising"))
    own = {"consent": {"purposes": {"analytics": True}}}
    assert said_by(measured({"name": "a", "params": own})) == (bits("analytics"), 0)


def test_one_sale_has_one_id_and_tells_no_number() -> None:
    sale = {"name": "purchase", "params": {"transaction_id": "T-1", "value": 9, "currency": "KZT"}}
    first, again = measured(sale), measured(sale, client_id="3.4")
    assert (first.revenue, first.currency, first._properties) == (9, "KZT", b"")
    assert first._event_id == measured(sale)._event_id != again._event_id
    assert measured(sale | {"name": "refund"})._event_id is None
    assert hit(t="transaction", ti="T-1", tr="9")._event_id == "purchase/c-1/T-1"


def test_names_that_mean_alike_become_ours() -> None:
    click = measured({"name": "click", "params": {"link_url": "https://o.example/?gclid=1"}})
    assert click.event_name == "outbound_click"
    assert json.loads(click._properties) == {"url": "https://o.example/"}
    failed = measured({"name": "exception", "params": {"description": "no such table"}})
    assert (failed.kind, failed.exception_message) == ("error", "no such table")
    paid = measured({"name": "campaign_details", "params": {"source": "mail", "x": 1}})
    assert (paid.campaign_source, json.loads(paid._properties)) == ("mail", {"x": 1})
    timed = hit(t="timing", utc="js", utv="load", utt="123")
    assert timed.measurements == [{"name": "load", "value": 123, "unit": "ms"}]
    assert hit(t="screenview", cd="Home", an="soq").event_name == "screen_view"


def test_lines_override_what_holds_for_all_and_each_costs_itself_alone() -> None:
    events = tagged("en=a&dt=A\n\nen=b&ep.user_email=x\r\nen=&epn.n=1", "cid=1.2&dt=All")
    assert [(one.event_name, one.page_title) for one in events] == [("a", "A"), ("b", "All")]
    late = hit(t="pageview", dp="/", qt="60000")
    assert late.occurred_at_ms == sender().received_at_ms - 60_000
    body = b"v=1&t=item\nv=1\nv=1&t=pageview&dp=%2F"
    decoded = google.decode_universal(Request("/batch", body=body), sender(), TERMS)
    assert decoded.rejected == [(0, "kind_unwanted"), (1, "event_invalid")]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"client_id": "1.2", "events": [{"name": "a"}]}, []),
        ({"events": []}, ["VALUE_REQUIRED", "VALUE_REQUIRED"]),
        ({"client_id": "1.2", "events": [{"name": 1}, "x"]}, ["NAME_INVALID", "NAME_INVALID"]),
        ({"client_id": "1.2", "events": [{"name": "a"}] * 26}, ["EXCEEDED_MAX_ENTITIES"]),
        ([], ["VALUE_INVALID"]),
    ],
)
def test_validation_tells_what_is_wrong(body: Any, codes: list[str]) -> None:
    request = Request("/debug/mp/collect", body=json.dumps(body).encode())
    told = json.loads(google.answer_validation(request, Verdict(0), True).body)
    assert [one["validationCode"] for one in told["validationMessages"]] == codes
