"""How events are written for each kind of recipient, and how a request shows whose it is."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

from collector.forwarding.forms import FORMS, Post, idempotency_key
from collector.forwarding.pseudonyms import Outgoing
from collector.protocols.native import _EVENT as NATIVE_EVENT
from config.recipients import Kind
from tests.collector.forwarding.recipients import PURPOSE, outgoing, recipient, rows

NOW = datetime(2026, 11, 22, 5, 11, tzinfo=UTC)


def write(kind: Kind, events: list[Outgoing]) -> list[Post]:
    """Give the requests for a recipient of a kind."""
    form = FORMS[kind]
    return form.compose([(one, form.encode(one, recipient(kind=kind))) for one in events], NOW)


def body(kind: Kind, events: list[Outgoing]) -> Any:
    """Give the body of the one request for some events."""
    (post,) = write(kind, events)
    assert [one for one, _ in post.items] == events
    return json.loads(post.body)


def test_a_webhook_gets_the_native_form() -> None:
    (one,) = outgoing(rows({}))
    told = body("webhook", [one])
    (event,) = told["events"]
    assert told["sent_at"] == "2026-11-22T05:11:00.000Z"
    assert (event["event_id"], event["name"], event["site"]) == (one.id, "deal", "soq")
    assert event["person"] == one.ids["person_id"] and event["device"] == one.ids["device_id"]
    assert event["page"]["url"] == "https://soq.example/ads/1?utm_source=mail"
    assert event["location"] == {"latitude": 43.24, "longitude": 76.95}
    assert event["properties"] == {"category": "horses"} and event["currency"] == "KZT"
    assert event["consent"] == {"purposes": {PURPOSE: True}}
    assert event["context"] == {"app": {"version": "3.2.1"}}
    read = NATIVE_EVENT.decode(json.dumps(event))
    assert (read.name, read.revenue, read.session) == ("deal", 12.5, one.ids["session_id"])


def test_fields_that_are_not_there_are_not_written() -> None:
    to = recipient(fields=(), properties=(), ids="none")
    (event,) = body("webhook", outgoing(rows({}), to))["events"]
    assert set(event) == {"event_id", "name", "occurred_at", "site", "consent"}


def test_segment_gets_a_batch() -> None:
    view, deal = outgoing(rows({"event_name": "page_view"}, {}))
    told = body("segment", [view, deal])
    first, second = told["batch"]
    assert (first["type"], first["name"]) == ("page", "page_view")
    assert (second["type"], second["event"], second["messageId"]) == ("track", "deal", deal.id)
    assert second["userId"] == deal.ids["person_id"]
    assert second["anonymousId"] == deal.ids["device_id"]
    assert second["properties"]["category"] == "horses" and second["properties"]["revenue"] == 12.5
    assert second["context"]["page"]["title"] == "Horses"


def test_segment_gets_an_id_that_ties_to_nothing_where_it_gets_no_pseudonym() -> None:
    first, second = outgoing(rows({}, {}), recipient(ids="none", fields=("country",)))
    one, other = body("segment", [first, second])["batch"]
    assert one["anonymousId"] == one["messageId"] != other["anonymousId"]
    assert "userId" not in one


def test_ga4_gets_one_client_a_request_with_what_it_may_do() -> None:
    frame = rows({}, {"device_id": b"e" * 16, "purposes": ["analytics", PURPOSE]}, {})
    events = outgoing(frame)
    first, second = write("ga4_mp", events)
    told, other = json.loads(first.body), json.loads(second.body)
    assert [one.row for one, _ in first.items] == [0, 2]
    assert told["client_id"] == events[0].ids["device_id"] != other["client_id"]
    assert told["consent"] == {"ad_user_data": "GRANTED", "ad_personalization": "DENIED"}
    assert other["consent"] == {"ad_user_data": "DENIED", "ad_personalization": "DENIED"}
    params = told["events"][0]["params"]
    assert params["value"] == 12.5 and params["category"] == "horses" and params["is_bot"] == 0
    assert params["page_location"].startswith("https://soq.example/ads/1")
    assert "city" not in params and len(params) <= 25


def test_ga4_gets_no_more_events_than_it_takes() -> None:
    posts = write("ga4_mp", outgoing(rows(*({} for _ in range(60)))))
    assert [len(post.items) for post in posts] == [25, 25, 10]


def test_a_webhooks_signature_covers_moment_and_body() -> None:
    proof = FORMS["webhook"].prove(b"s3cret", b"{}", NOW)
    moment, _, digest = proof.headers["sanaq-signature"].partition(",v1=")
    assert moment == f"t={int(NOW.timestamp())}"
    wanted = hmac.new(b"s3cret", f"{moment[2:]}.{{}}".encode(), hashlib.sha256).hexdigest()
    assert digest == wanted
    assert FORMS["webhook"].prove(b"s3cret", b"{ }", NOW).headers != proof.headers


def test_the_other_kinds_prove_themselves_as_their_vendors_say() -> None:
    assert FORMS["segment"].prove(b"key", b"", NOW).headers == {"authorization": "Basic a2V5Og=="}
    assert FORMS["ga4_mp"].prove(b"s3cret", b"", NOW).parameters == {"api_secret": "s3cret"}


def test_a_request_sent_again_has_the_same_key() -> None:
    frame = rows({"event_id": "0b2a6f2e-5f65-4b8e-9c5f-0a3f2d4b7c11"})
    (one,), (same,), (other,) = (write("webhook", outgoing(f)) for f in (frame, frame, rows({})))
    assert idempotency_key(one.items) == idempotency_key(same.items)
    assert idempotency_key(one.items) != idempotency_key(other.items)
