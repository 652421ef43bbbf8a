"""Of a URL's query a site keeps what it names, by every way in, and campaigns by default."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest

from collector.protocols.access_log import decode_access_log
from collector.protocols.native import decode_events
from collector.protocols.pixel import decode_pixel
from collector.protocols.protocol import Request
from collector.protocols.terms import Terms
from collector.raw_event import RawEvent
from config.policy_rules import SiteRule
from tests.collector.worlds import POLICY, TERMS, post, sender

URL = "/ads?q=pony&page=2&utm_source=mail&token=s3cret"
SITES = {"soq": SiteRule(query_parameters=("q", "page")), "mute": SiteRule(query_parameters=())}


def post_native(terms: Terms, site: str) -> RawEvent:
    body = {"events": [{"name": "page_view", "page": {"url": URL}}]}
    return decode_events(post(json.dumps(body).encode()), sender(site=site), terms).events[0]


def show_pixel(terms: Terms, site: str) -> RawEvent:
    request = Request("/v1/pixel.gif", f"url={quote(URL, safe='')}")
    return decode_pixel(request, sender(site=site), terms).events[0]


def import_line(terms: Terms, site: str) -> RawEvent:
    line = f'203.0.113.9 - - [22/Nov/2026:05:11:12 +0000] "GET {URL} HTTP/1.1" 200 5 "-" "x"'
    body = {"import": {"source": "log", "basis": "contract"}, "lines": [[0, line]]}
    request = post(json.dumps(body).encode())
    return decode_access_log(request, sender(site=site, trusted=True), terms).events[0]


@pytest.mark.parametrize("send", [post_native, show_pixel, import_line])
@pytest.mark.parametrize(
    ("site", "query", "source"),
    [
        ("soq", "q=pony&page=2", None),
        ("mute", "", None),
        ("other", "utm_source=mail", "mail"),
    ],
)
def test_a_site_keeps_what_it_names(
    send: Callable[[Terms, str], RawEvent], site: str, query: str, source: str | None
) -> None:
    terms = Terms(POLICY.model_copy(update={"sites": SITES}), TERMS.limits)
    event = send(terms, site)
    assert (event.page_query, event.campaign_source) == (query, source)
