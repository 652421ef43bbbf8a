"""The pixel takes what is declared, and no identifier."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

import pytest

from collector.outcomes import BadRequest
from collector.protocols.pixel import PIXEL_GIF, decode_pixel
from collector.protocols.protocol import Request
from collector.raw_event import RawEvent
from tests.collector.worlds import NOW_MS, TERMS, bits, said_by, sender


def show(query: str, headers: Mapping[str, str] = {}) -> Request:
    return Request("/v1/pixel.gif", query, headers, method="GET")


def one(query: str, **headers: str) -> RawEvent:
    decoded = decode_pixel(show(query, headers), sender(refused=bits("advertising")), TERMS)
    assert (decoded.positions, decoded.rejected) == ([0], [])
    return decoded.events[0]


def test_a_page_view_by_default() -> None:
    event = one("", referer="https://soq.example/ads?utm_source=mail")
    assert (event.protocol, event.event_name, event.received_at_ms) == (
        "pixel",
        "page_view",
        NOW_MS,
    )
    assert (event.page_host, event.page_path, event.campaign_source) == (
        "soq.example", "/ads", "mail",
    )  # fmt: skip
    assert said_by(event) == (0, bits("advertising"))
    assert event._address == "95.56.10.20"


def test_declared_parameters() -> None:
    sent = {
        "name": "listing_view", "url": "https://soq.example/1", "referrer": "https://google.com/",
        "title": "Пони & co", "part": "footer", "event_id": "e-1",
    }  # fmt: skip
    event = one(urlencode(sent), referer="https://elsewhere.example/")
    assert (event.event_name, event.page_host, event.referrer_host, event.page_title) == (
        "listing_view", "soq.example", "google.com", "Пони & co",
    )  # fmt: skip
    assert (event._properties, event._event_id) == (b'{"part":"footer"}', "e-1")


def test_nothing_else_comes_this_way() -> None:
    names = ("person", "device", "advertising_id", "session", "consent", "ip", "user_agent", "x")
    plain, sent = one(""), one(urlencode(dict.fromkeys(names, "u-1842")))
    assert sent == plain


def test_odd_bytes_are_read_as_well_as_may_be() -> None:
    assert one("title=%ff%00&&=&name=").page_title == "\ufffd\0"


def test_a_name_beyond_bounds_is_rejected_not_cut() -> None:
    decoded = decode_pixel(show("name=" + "x" * 129), sender(), TERMS)
    assert (decoded.events, decoded.rejected) == ([], [(0, "event_invalid")])


def test_too_many_parameters_are_no_query() -> None:
    with pytest.raises(BadRequest) as fault:
        decode_pixel(show("a=1&" * 500), sender(), TERMS)
    assert fault.value.reason == "body_invalid"


def test_the_picture_is_one() -> None:
    assert PIXEL_GIF.startswith(b"GIF89a") and PIXEL_GIF.endswith(b";") and len(PIXEL_GIF) == 43
