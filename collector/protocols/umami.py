"""Umami's events: no key; the site is the one that lists the page's origin.

Sources: Umami's API for sending, requests of its script 3.1, @umami/node 0.4 and umami-analytics
1.0 as captured.
"""

from __future__ import annotations

from typing import Any

import msgspec

from collector.outcomes import BadRequest
from collector.protocols.bodies import object_in, peek_object, read_json, read_object, text_in
from collector.protocols.fields import Draft, FieldMap, put_screen, read_number
from collector.protocols.maker import Maker
from collector.protocols.protocol import Answer, Endpoint, Protocol, Request, own_connection
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

FIELDS = FieldMap(
    {
        "referrer": "referrer",
        "title": "title",
        "language": "locale",
        "id": "person",
        "vid": "other_id",
        "ip": "address",
        "userAgent": "user_agent",
        "timestamp": "occurred_at_s",
    }
)
"""Of `payload`."""

TRAITS = FieldMap({"id": "person"}, flat=True)
"""Of an `identify`'s data, where the server SDKs put who it is."""

REVENUE = FieldMap({"revenue": "revenue", "currency": "currency"}, flat=True)

MEASURED = {"lcp": "ms", "inp": "ms", "cls": "", "fcp": "ms", "ttfb": "ms"}
"""Measurement of a `performance` -> its unit."""

DROPPED = {
    "website": "the site is the one that lists the page's origin; it tells such sites apart",
    "x-umami-cache": "names a session that is not kept: the answer's is everybody's",
    "duration": "of a performance: how long the page was open, which is no speed",
}

NOBODY = "00000000-0000-4000-8000-000000000000"
"""Session and visit that every answer names."""

_NAMED = {"cache": "sanaq", "sessionId": NOBODY, "visitId": NOBODY}


def decode_one(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode one event.

    Errors: BadRequest `body_invalid`, `body_too_deep`.
    """
    return Maker("umami", sender, terms).add_all([read_object(request.body)], map_item)


def decode_batch(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode a list of events.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `events_too_many`.
    """
    items = read_json(request.body)
    if not isinstance(items, list):
        raise BadRequest("body_invalid")
    return Maker("umami", sender, terms).add_all(items, map_item)


def map_item(item: dict[str, Any]) -> Draft | str:
    """Give the draft of one item, or why it is none."""
    payload, kind = object_in(item, "payload"), text_in(item, "type")
    properties = dict(object_in(payload, "data"))
    draft: Draft = {"properties": properties, "sdk_name": "umami"}
    if kind == "event":
        draft["name"] = text_in(payload, "name") or "page_view"
        REVENUE.take(properties, draft)
        properties |= {"tag": payload["tag"]} if text_in(payload, "tag") else {}
    elif kind == "identify":
        draft["name"] = "identify"
        TRAITS.take(properties, draft)
    elif kind == "performance":
        draft |= {"name": "performance", "kind": "performance", "measurements": _measured(payload)}
    else:
        return "kind_unwanted" if kind else "event_invalid"
    draft["url"] = _whole_url(text_in(payload, "hostname"), text_in(payload, "url"))
    put_screen(payload.get("screen"), draft)
    return FIELDS.read(payload, draft)


def _measured(payload: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the measurements of a page."""
    values = {name: read_number(payload.get(name)) for name in MEASURED}
    return [
        {"name": name.upper(), "value": value, "unit": MEASURED[name]}
        for name, value in values.items()
        if value is not None
    ]


def _whole_url(host: str, url: str) -> str:
    """Give a page's URL; server SDKs tell host and path apart."""
    return f"https://{host}{url}" if host and url.startswith("/") else url


def find_website(request: Request) -> str:
    """Give the name by which a page calls its site."""
    return text_in(object_in(peek_object(request.body), "payload"), "website")


def answer_one(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer as Umami does; what the page hands on with its next event is everybody's."""
    return Answer(msgspec.json.encode(_NAMED), headers=own_connection(request))


def answer_batch(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer as Umami does; every event counts as processed, refused ones too."""
    told = {"size": verdict.received, "processed": verdict.received, "errors": 0, "details": []}
    body = msgspec.json.encode(told | {"cache": _NAMED["cache"]})
    return Answer(body, headers=own_connection(request))


# Who chose this SDK chose that nothing is kept in the browser.
_OPEN: dict[str, Any] = {"is_open": True, "takes_cookie": False}

PROTOCOL = Protocol(
    "umami",
    (
        Endpoint("/api/send", decode_one, answer_one, find_site=find_website, **_OPEN),
        Endpoint("/api/batch", decode_batch, answer_batch, **_OPEN),
    ),
    fields=FIELDS.table,
    dropped=DROPPED,
)
