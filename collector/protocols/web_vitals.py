"""What web-vitals' callbacks give, as its readme sends it: one figure or a list, by `sendBeacon`.

No key is needed: the site is the one that lists the page's origin. Source: requests of web-vitals 6
as captured.
"""

from __future__ import annotations

from typing import Any

from collector.outcomes import BadRequest
from collector.protocols.bodies import read_json, text_in
from collector.protocols.fields import Draft, FieldMap, read_identifier, read_number, read_text
from collector.protocols.maker import Maker
from collector.protocols.protocol import Answer, Endpoint, Protocol, Request
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

UNITS = {"CLS": "", "INP": "ms", "LCP": "ms", "FCP": "ms", "TTFB": "ms", "FID": "ms"}
"""Name of a figure -> its unit; others are none of the library's."""

FIELDS = FieldMap({"navigationURL": "url", "url": "url"})

KEPT = {"rating": "rating", "navigationType": "navigation_type"}
"""Field -> property."""

DROPPED = {
    "delta": "the change since the last call of the callback; the value tells",
    "entries": "elements and addresses of the page",
    "navigationId, navigationStartTime": "tell nothing without the entries",
}


def decode_figures(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode one figure, or a list of them.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `events_too_many`.
    """
    body = read_json(request.body)
    if not isinstance(body, list | dict):
        raise BadRequest("body_invalid")
    page = request.headers.get("referer", "")
    figures = body if isinstance(body, list) else [body]
    return Maker("web_vitals", sender, terms).add_all(figures, lambda one: map_figure(one, page))


def map_figure(item: dict[str, Any], page: str) -> Draft | str:
    """Give the draft of a figure, or why it is none; `page` stands where it names no page."""
    name, value = text_in(item, "name"), read_number(item.get("value"))
    if name not in UNITS or value is None:
        return "event_invalid"
    told = {kept: read_text(item.get(field)) for field, kept in KEPT.items()}
    draft: Draft = {
        "name": "web_vital",
        "kind": "performance",
        "measurements": [{"name": name, "value": round(value, 6), "unit": UNITS[name]}],
        "properties": {kept: text for kept, text in told.items() if text is not None},
        "sdk_name": "web-vitals",
    }
    if (given := read_identifier(item.get("id"))) is not None:
        # One page view's figure is told again as it grows, under the same id.
        draft["event_id"] = f"{given}-{name}-{value}"
    FIELDS.read(item, draft)
    if page:
        draft.setdefault("url", page)
    return draft


def answer_nothing(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer that there is nothing to say; nobody reads the answer to a beacon."""
    return Answer(status=204)


PROTOCOL = Protocol(
    "web_vitals",
    (Endpoint("/v1/web-vitals", decode_figures, answer_nothing, is_open=True, takes_cookie=False),),
    fields=FIELDS.table,
    dropped=DROPPED,
)
