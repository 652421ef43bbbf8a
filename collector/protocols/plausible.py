"""Plausible's events: no key and no id; the site is the one that lists the page's origin.

Sources: Plausible Events API; requests of plausible-tracker 0.3 and @plausible-analytics/tracker
0.4 as captured. Both spell every field short or long.
"""

from __future__ import annotations

from typing import Any

from collector.protocols.bodies import peek_object, read_object, text_in
from collector.protocols.fields import Draft, FieldMap, read_number
from collector.protocols.maker import Maker
from collector.protocols.protocol import Answer, Endpoint, Protocol, Request, own_connection
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

NAMES = {
    "pageview": "page_view",
    "Outbound Link: Click": "outbound_click",
    "File Download": "download",
    "404": "not_found",
}
"""Plausible's name -> ours; other goals have names of their own."""

FIELDS = FieldMap(
    {
        "url": "url",
        "u": "url",
        "referrer": "referrer",
        "r": "referrer",
        "screen_width": "screen_width",
        "w": "screen_width",
        "v": "sdk_version",
    }
)

REVENUE = FieldMap({"amount": "revenue", "currency": "currency"})
"""Of `revenue` or `$`."""

COUNTED = {"sd": ("scroll_percent", 1), "e": ("seconds", 1_000)}
"""What an `engagement` counts -> property, and how many of the one make one of the other."""

DROPPED = {
    "domain, d": "the site is the one that lists the page's origin; it tells such sites apart",
    "hash, h": "says how the page names itself, and its URL tells",
    "interactive, i": "speaks of Plausible's own bounce rate",
}


def decode_event(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode one event.

    Errors: BadRequest `body_invalid`, `body_too_deep`.
    """
    return Maker("plausible", sender, terms).add_all([read_object(request.body)], map_item)


def map_item(item: dict[str, Any]) -> Draft:
    """Give the draft of an event."""
    name = text_in(item, "name") or text_in(item, "n")
    draft: Draft = {"name": NAMES.get(name, name), "sdk_name": "plausible"}
    properties = dict(_read_either(item, "props", "p", "meta", "m"))
    if name == "engagement":
        for key, (ours, divisor) in COUNTED.items():
            if (count := read_number(item.get(key))) is not None:
                properties[ours] = count / divisor
    draft["properties"] = properties
    REVENUE.read(_read_either(item, "revenue", "$"), draft)
    return FIELDS.read(item, draft)


def _read_either(item: dict[str, Any], *names: str) -> dict[str, Any]:
    """Give the first object under one of some names, also where it is written as JSON text."""
    for name in names:
        value = item.get(name)
        if isinstance(value, str):
            value = peek_object(value.encode(errors="replace"))
        if isinstance(value, dict) and value:
            return value
    return {}


def find_domain(request: Request) -> str:
    """Give the domain by which a page calls its site."""
    body = peek_object(request.body)
    return text_in(body, "domain") or text_in(body, "d")


def answer_ok(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer as Plausible does."""
    return Answer(b"ok", 202, "text/plain", own_connection(request))


PROTOCOL = Protocol(
    "plausible",
    (
        Endpoint(
            "/api/event",
            decode_event,
            answer_ok,
            is_open=True,
            find_site=find_domain,
            # Who chose this SDK chose that nobody is recognised.
            takes_cookie=False,
        ),
    ),
    fields=FIELDS.table,
    dropped=DROPPED,
)
