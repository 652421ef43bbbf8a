"""The pixel: a 1x1 picture for pages and mails without script. Takes no person or device id.

Parameters: `name` (default page_view), `url` (default the Referer), `referrer`, `title`, `part`
(the part of the page), `event_id`. Anything else is passed over, so that no identifier can come
this way.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

import msgspec

from collector.consent.statements import write_statements
from collector.outcomes import BadRequest
from collector.protocols.native_wire import NAME_CHARS_MAX
from collector.protocols.protocol import Answer, Endpoint, Protocol, Request
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, RawEvent, Sender
from collector.urls import PARAMETERS_MAX, url_fields
from collector.verdicts import Verdict

PIXEL_GIF = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
"""A transparent picture of one pixel, 43 bytes."""


def decode_pixel(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode the query string of a pixel as one event.

    Errors: BadRequest `body_invalid` where the query cannot be read.
    """
    try:
        values = dict(parse_qsl(request.query, max_num_fields=PARAMETERS_MAX, errors="replace"))
    except ValueError as fault:
        raise BadRequest("body_invalid") from fault
    name = values.get("name") or "page_view"
    if len(name) > NAME_CHARS_MAX:
        return Decoded([], [], [(0, "event_invalid")])
    kept = terms.policy.query_parameters_of(sender.site)
    url = values.get("url") or request.headers.get("referer")
    urls = url_fields(url, values.get("referrer"), kept)
    part = values.get("part")
    event = RawEvent(
        site=sender.site,
        protocol="pixel",
        event_name=name,
        received_at_ms=sender.received_at_ms,
        signals=write_statements(sender.statements),
        _event_id=values.get("event_id") or None,
        _address=sender.address,
        _user_agent=sender.user_agent,
        _client_hints=sender.client_hints,
        _properties=msgspec.json.encode({"part": part}) if part else b"",
        page_title=values.get("title"),
        **urls,
    )
    return Decoded([event], [0], [])


def answer_gif(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer with a transparent picture, whatever became of the event."""
    return Answer(PIXEL_GIF, kind="image/gif")


PROTOCOL = Protocol(
    "pixel",
    (Endpoint("/v1/pixel.gif", decode_pixel, answer_gif, methods=("GET",), takes_cookie=False),),
)
