"""The pixel: a 1x1 picture for pages and mails without script. Takes no person or device id.

Parameters: `name` (default page_view), `url` (default the Referer), `referrer`, `title`, `part`
(the part of the page), `event_id`. Anything else is passed over, so that no identifier can come
this way.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

import msgspec

from collector.consent.statements import write_statements
from collector.outcomes import BadRequest
from collector.protocols.native_wire import NAME_CHARS_MAX
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, RawEvent, Sender
from collector.urls import PARAMETERS_MAX, url_fields

PIXEL_GIF = bytes.fromhex(
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
"""A transparent picture of one pixel, 43 bytes."""


def decode_pixel(body: bytes, headers: Mapping[str, str], sender: Sender, terms: Terms) -> Decoded:
    """Decode the query string of a pixel as one event.

    Errors: BadRequest `body_invalid` where the query cannot be read.
    """
    try:
        query = body.decode("ascii", "replace")
        values = dict(parse_qsl(query, max_num_fields=PARAMETERS_MAX, errors="replace"))
    except ValueError as fault:
        raise BadRequest("body_invalid") from fault
    name = values.get("name") or "page_view"
    if len(name) > NAME_CHARS_MAX:
        return Decoded([], [], [(0, "event_invalid")])
    kept = terms.policy.query_parameters_of(sender.site)
    urls = url_fields(values.get("url") or headers.get("referer"), values.get("referrer"), kept)
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
