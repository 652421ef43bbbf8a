"""What is kept of a URL: host, path, allowed parameters; never user, password or fragment."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from config.campaign import CAMPAIGN_PARAMETERS, KEPT_BY_DEFAULT

PARAMETERS_MAX = 200

REMEMBERED_CHARS_MAX = 2_048
"""Longer URLs are split anew each time, so that nobody fills the memory with them."""


class PageUrl(NamedTuple):
    """The kept parts of a page's URL."""

    host: str
    path: str
    query: str
    """Allowed parameters only."""
    campaign: dict[str, str]
    """Column -> value."""


def split_url(url: str, kept: frozenset[str] = KEPT_BY_DEFAULT) -> PageUrl:
    """Split a URL into the parts that may be kept; an unreadable one gives empty parts.

    Host in lower case without port; path as sent; query reduced to the `kept` parameters.
    """
    return _remembered(url, kept) if len(url) <= REMEMBERED_CHARS_MAX else _split(url, kept)


def _split(url: str, kept: frozenset[str]) -> PageUrl:
    """Split one URL."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        pairs = parse_qsl(parts.query, max_num_fields=PARAMETERS_MAX)
    except ValueError:
        return PageUrl("", "", "", {})
    pairs = [(name, value) for name, value in pairs if name in kept]
    campaign = {
        CAMPAIGN_PARAMETERS[name]: value for name, value in pairs if name in CAMPAIGN_PARAMETERS
    }
    # Blanks as %20: a plus for a blank would hide a number or a name from those who look for one.
    query = urlencode(pairs, quote_via=quote)
    return PageUrl(host, parts.path or "/", query, campaign)


_remembered = lru_cache(maxsize=4_096)(_split)


def url_fields(
    url: str | None, referrer: str | None, kept: frozenset[str] = KEPT_BY_DEFAULT
) -> dict[str, Any]:
    """Give the fields of an event that a page's URL and its referrer fill; absent ones fill none.

    Of the URL's query the `kept` parameters stay, of the referrer's nothing. A referrer without a
    host (`-`, a bare path) is none.
    """
    fields: dict[str, Any] = {}
    if url:
        page = split_url(url, kept)
        fields |= {"page_host": page.host, "page_path": page.path, "page_query": page.query}
        fields |= page.campaign
    source = split_url(referrer) if referrer else None
    if source is not None and source.host:
        fields |= {"referrer_host": source.host, "referrer_path": source.path}
    return fields
