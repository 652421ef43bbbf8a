"""Segment's HTTP API, and RudderStack's, which has the same form (`/v1/track`, `/v1/batch`, …).

Sources: Segment HTTP Tracking API, RudderStack HTTP API; requests of their SDKs as captured.
"""

from __future__ import annotations

from typing import Any

import msgspec

from collector.protocols.bodies import list_in, object_in, peek_object, read_object, text_in
from collector.protocols.fields import Draft, FieldMap, below
from collector.protocols.maker import Maker
from collector.protocols.protocol import (
    Answer,
    Endpoint,
    Protocol,
    Request,
    as_key,
    key_in_basic,
    key_in_path,
    read_query,
)
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

NAMES = {
    "page": "page_view",
    "screen": "screen_view",
    "identify": "identify",
    "group": "group",
}
"""Type of an item -> name of our event; `track` has a name of its own."""

FIELDS = FieldMap(
    {
        "messageId": "event_id",
        "originalTimestamp": "occurred_at",
        "timestamp": "occurred_at",
        "sentAt": "sent_at",
        "userId": "person",
        "anonymousId": "device",
        "previousId": "other_id",
        "context.sessionId": "session",
        "context.device.id": "other_id",
        "context.device.advertisingId": "advertising_id",
        "context.device.token": "other_id",
        "context.device.model": "device_model",
        "context.device.attTrackingStatus": "switch.attTrackingStatus",
        "context.device.trackingStatus": "switch.trackingStatus",
        "context.device.adTrackingEnabled": "switch.adTrackingEnabled",
        "context.ip": "address",
        "context.userAgent": "user_agent",
        "context.page.url": "url",
        "context.page.referrer": "referrer",
        "context.page.title": "title",
        "context.campaign.source": "campaign_source",
        "context.campaign.medium": "campaign_medium",
        "context.campaign.name": "campaign_name",
        "context.campaign.term": "campaign_term",
        "context.campaign.content": "campaign_content",
        "context.location.latitude": "latitude",
        "context.location.longitude": "longitude",
        "context.locale": "locale",
        "context.timezone": "timezone",
        "context.app.version": "app_version",
        "context.screen.width": "screen_width",
        "context.screen.height": "screen_height",
        "context.library.name": "sdk_name",
        "context.library.version": "sdk_version",
        "context.consent": "consent.segment",
        "context.consentManagement": "consent.rudderstack",
    }
)

PAGE = FieldMap({"url": "url", "referrer": "referrer", "title": "title"}, flat=True)
"""Properties of a page that say what its own columns say."""

REVENUE = FieldMap({"revenue": "revenue", "currency": "currency"}, flat=True)

SHOWN = {**FIELDS.table, **below("properties", PAGE, REVENUE)}
"""Every field that fills something, for the documentation."""

CALLED = {
    ("page", "name"): "page_name",
    ("page", "category"): "page_category",
    ("screen", "name"): "screen",
    ("screen", "category"): "screen_category",
}
"""Type of an item, and how it calls what it shows -> property."""

REPEATED = ("path", "search", "tab_url", "initial_referrer", "initial_referring_domain")
"""Properties of a page that repeat its URL."""

DROPPED = {
    "integrations": "speaks of Segment's own destinations",
    "context.traits": "repeats the traits of the last identify",
    "traits": "of identify only those that the catalogue declares stay; of a group none",
    "alias": "joins two ids of a person, which are kept apart here (`kind_unwanted`)",
    "context.os, context.network, …": "not needed: the client is told from its user agent",
}


def decode_one(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode one item, its type in its body or in the path.

    Errors: BadRequest `body_invalid`, `body_too_deep`.
    """
    item = read_object(request.body)
    kind = SHORT.get(request.path.rpartition("/")[2], "")
    return _decode([{"type": kind} | item], {}, request, sender, terms)


def decode_batch(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode a batch of items.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `events_too_many`.
    """
    body = read_object(request.body)
    return _decode(list_in(body, "batch"), body, request, sender, terms)


def _decode(
    items: list[Any], body: dict[str, Any], request: Request, sender: Sender, terms: Terms
) -> Decoded:
    """Decode items; what the body says of all holds for each that says nothing of its own."""
    name = "rudderstack" if is_rudderstack(request) else "segment"
    whole = {key: body[key] for key in ("sentAt", "context") if key in body}
    return Maker(name, sender, terms).add_all(items, lambda item: map_item(whole | item))


def map_item(item: dict[str, Any]) -> Draft | str:
    """Give the draft of one item, or why it is none."""
    kind = text_in(item, "type")
    properties = dict(object_in(item, "traits" if kind == "identify" else "properties"))
    draft: Draft = {"name": NAMES.get(kind, ""), "properties": properties}
    if kind == "track":
        draft["name"] = text_in(item, "event")
    elif kind == "alias":
        return "kind_unwanted"
    elif kind in ("page", "screen"):
        for name in REPEATED:
            properties.pop(name, None)
        properties |= {CALLED[kind, n]: item[n] for n in ("name", "category") if text_in(item, n)}
    elif kind == "group":
        draft["properties"] = {"group_id": item.get("groupId")}
    if kind in ("page", "screen"):
        PAGE.take(properties, draft)
    REVENUE.take(properties, draft)
    return FIELDS.read(item, draft)


def find_key(request: Request) -> str:
    """Give the key of `Authorization: Basic`, of `?writeKey=`, or of the body."""
    key = key_in_basic(request) or read_query(request).get("writeKey", "")
    return key or text_in(peek_object(request.body), "writeKey")


def is_rudderstack(request: Request) -> bool:
    """Tell RudderStack's requests from Segment's, by fields that only its SDKs send."""
    return b'"originalTimestamp"' in request.body or "anonymousid" in request.headers


def answer_success(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer as both vendors do."""
    return Answer(b'{"success":true}')


def answer_settings(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer what Segment's SDKs fetch at their start: send everything here, to nobody else.

    Whatever key and host this answer names, the SDK uses from then on.
    """
    scheme, _, host = request.base.partition("://")
    own = {"apiKey": find_any_key(request), "apiHost": f"{host}/v1", "protocol": scheme}
    settings = {
        "integrations": {"Segment.io": own},
        "plan": {"track": {}, "identify": {}, "group": {}},
        "enabledMiddleware": {},
        "remotePlugins": [],
        "consentSettings": {"allCategories": [], "hasUnmappedDestinations": False},
    }
    return Answer(msgspec.json.encode(settings))


def answer_source_config(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer what RudderStack's SDKs fetch at their start: a source without destinations."""
    source = {
        "id": "sanaq",
        "name": "sanaq",
        "writeKey": find_any_key(request),
        "enabled": True,
        "config": {
            "statsCollection": {"errors": {"enabled": False}, "metrics": {"enabled": False}}
        },
        "sourceDefinition": {"name": "Javascript"},
        "destinations": [],
        "dataplanes": {},
        "connections": [],
    }
    return Answer(msgspec.json.encode({"source": source, "updatedAt": "2026-01-01T00:00:00Z"}))


def find_any_key(request: Request) -> str:
    """Give the key of a request for settings."""
    return key_in_path(request) or as_key(find_key(request))


SHORT = {
    **{kind[0]: kind for kind in ("track", "identify", "page", "screen", "group", "alias")},
    **{kind: kind for kind in ("track", "identify", "page", "screen", "group", "alias")},
}
"""Last part of a path -> type of the item."""

_ITEMS = tuple([f"/v1/{name}" for name in SHORT])
_BATCHES = ("/v1/batch", "/v1/b", "/v1/import", "/b", "/beacon/v1/batch")


def _endpoints(owns: Any) -> tuple[Endpoint, ...]:
    """Give the endpoints for events, with what tells this vendor's from the other's."""
    shared: dict[str, Any] = {"answer": answer_success, "find_key": find_key, "owns": owns}
    return (
        *(Endpoint(path, decode_one, **shared) for path in _ITEMS),
        *(Endpoint(path, decode_batch, **shared) for path in _BATCHES),
    )


def _owned_by_segment(request: Request) -> bool:
    return not is_rudderstack(request)


SEGMENT = Protocol(
    "segment",
    (
        *_endpoints(_owned_by_segment),
        Endpoint("/v1/m", answer=answer_success, find_key=find_key),
        Endpoint(
            "/v1/projects/{key}/settings",
            answer=answer_settings,
            methods=("GET",),
            find_key=find_any_key,
        ),
        Endpoint(
            "/projects/{key}/settings",
            answer=answer_settings,
            methods=("GET",),
            find_key=find_any_key,
        ),
    ),
    fields=SHOWN,
    dropped=DROPPED,
)

RUDDERSTACK = Protocol(
    "rudderstack",
    (
        *_endpoints(is_rudderstack),
        Endpoint(
            "/sourceConfig", answer=answer_source_config, methods=("GET",), find_key=find_any_key
        ),
    ),
    fields=SHOWN,
    dropped=DROPPED,
)
