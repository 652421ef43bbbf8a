"""Bodies of our own protocols: the native API, the pixel, and lines of an access log."""

from __future__ import annotations

from urllib.parse import urlencode

from benchmarks.protocols.people import (
    AGENT,
    HEIGHT,
    LOCALE,
    NAME,
    RECEIVED_AT,
    WIDTH,
    ZONE,
    Visit,
    to_json,
    visits,
)
from collector.protocols.protocol import Request


def make_native(first: int, count: int) -> Request:
    """Give a request of the web SDK."""
    events = [
        {
            "name": NAME,
            "event_id": one.event_id,
            "occurred_at": one.iso,
            "person": one.person,
            "device": one.device,
            "session": one.session,
            "page": {"url": one.url, "referrer": one.referrer, "title": one.title},
            "properties": one.properties,
        }
        for one in visits(first, count)
    ]
    screen = {"width": WIDTH, "height": HEIGHT}
    body = {
        "sent_at": RECEIVED_AT.isoformat(),
        "consent": {"purposes": {"analytics": True}, "policy_version": "2026-11"},
        "context": {"locale": LOCALE, "timezone": ZONE, "screen": screen, "sdk": "sanaq-web/0.1"},
        "events": events,
    }
    return Request("/v1/events", body=to_json(body))


def make_pixel(first: int, count: int) -> Request:
    """Give the request of one picture."""
    one = Visit(first)
    told = {"url": one.url, "referrer": one.referrer, "title": one.title, "part": "head"}
    query = urlencode(told | {"event_id": one.event_id})
    return Request("/v1/pixel.gif", query, method="GET")


def make_log(first: int, count: int) -> Request:
    """Give lines of a web server's log as `sanaq import access-log` posts them."""
    lines = [(0, _line(one)) for one in visits(first, count)]
    basis = {"source": "access-log", "basis": "legitimate interest"}
    return Request("/v1/import/access-log", body=to_json({"import": basis, "lines": lines}))


def _line(one: Visit) -> str:
    moment = one.moment.strftime("%d/%b/%Y:%H:%M:%S %z")
    address = f"198.51.100.{one.number // 5 % 250}"
    what = f'"GET {one.path}?utm_source=mail HTTP/1.1" 200 5120'
    return f'{address} - - [{moment}] {what} "{one.referrer}" "{AGENT}"'
