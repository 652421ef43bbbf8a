"""What a request itself says of consent, apart from its body: headers, cookies, query."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from collector.consent.evidence import Evidence, read_evidence
from collector.consent.signal import Statement
from config.policy import Policy

COOKIES_MAX = 100
"""Most cookies of one request that are looked at."""

PARAMETERS_MAX = 100
"""Most parameters of one query that are looked at; with more, none is."""


def read_request(
    headers: Mapping[str, str], query_string: str, policy: Policy, site: str
) -> tuple[Statement, ...]:
    """Give what headers, cookies and query say, one statement a source.

    Shape: lower-case header names. Never raises; what cannot be read says nothing.
    """
    cookies = _read_cookies(headers.get("cookie", ""))
    query = _read_query(query_string)
    return read_evidence(Evidence(headers, cookies, query, None, None), policy, site)


def _read_cookies(header: str) -> dict[str, str]:
    """Give cookies by name, with their values as sent; of equal names the first.

    Browsers send the cookie with the longer path first (RFC 6265, 5.4).
    """
    cookies: dict[str, str] = {}
    for pair in header.split(";", COOKIES_MAX)[:COOKIES_MAX] if header else ():
        name, equals, value = pair.partition("=")
        if equals:
            cookies.setdefault(name.strip(), value.strip())
    return cookies


def _read_query(query_string: str) -> dict[str, str]:
    """Give the parameters of a query, unquoted; of equal names the first."""
    if not query_string:
        return {}
    try:
        pairs = parse_qsl(query_string, max_num_fields=PARAMETERS_MAX, errors="replace")
    except ValueError:
        return {}
    return dict(reversed(pairs))
