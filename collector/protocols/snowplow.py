"""Snowplow's tracker protocol: one event in a query (`GET /i`), or many in JSON (`…/tp2`).

Sources: Snowplow tracker protocol; requests of its Python and Node trackers as captured. The
redirect endpoint (`/r/tp2`) is not there: it would lead anybody anywhere.
"""

from __future__ import annotations

from typing import Any

import msgspec

from collector.protocols.bodies import list_in, peek_object, read_object, text_in
from collector.protocols.fields import Draft
from collector.protocols.maker import Maker
from collector.protocols.pixel import PIXEL_GIF
from collector.protocols.protocol import Answer, Endpoint, Protocol, Request, read_query
from collector.protocols.snowplow_events import DROPPED, FIELDS, map_event
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

NETWORK = ("ip", "nuid", "tnuid")
"""Fields that an anonymous event loses."""

POST_PATH = "/com.snowplowanalytics.snowplow/tp2"


def decode_one(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode the event of a query.

    Errors: BadRequest `body_invalid`.
    """
    return _decode([read_query(request)], request, sender, terms)


def decode_many(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode the events of a body.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `events_too_many`.
    """
    return _decode(list_in(read_object(request.body), "data"), request, sender, terms)


def _decode(items: list[Any], request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode events; of an anonymous sender neither address nor network id is looked at."""
    is_anonymous = "sp-anonymous" in request.headers
    if is_anonymous:
        sender = msgspec.structs.replace(sender, address="")
    purposes = tuple(terms.policy.purposes)

    def map_item(item: dict[str, Any]) -> Draft | str:
        if is_anonymous:
            item = {name: value for name, value in item.items() if name not in NETWORK}
        return map_event(item, purposes)

    return Maker("snowplow", sender, terms).add_all(items, map_item)


def find_app(request: Request) -> str:
    """Give the app's id, by which a page calls its site.

    Errors: BadRequest `body_invalid`.
    """
    if request.method == "GET":
        return read_query(request).get("aid", "")
    items = peek_object(request.body).get("data")
    first = items[0] if isinstance(items, list) and items else None
    return text_in(first, "aid") if isinstance(first, dict) else ""


def answer_gif(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer a query with a picture."""
    return Answer(PIXEL_GIF, kind="image/gif")


def answer_ok(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer a body as Snowplow does; no cookie with an id of ours is set."""
    return Answer(b"ok", kind="text/plain")


_OPEN: dict[str, Any] = {"is_open": True, "find_site": find_app, "takes_cookie": False}

PROTOCOL = Protocol(
    "snowplow",
    (
        Endpoint("/i", decode_one, answer_gif, methods=("GET",), **_OPEN),
        Endpoint(POST_PATH, decode_many, answer_ok, **_OPEN),
    ),
    fields=FIELDS.table,
    dropped=DROPPED,
)
