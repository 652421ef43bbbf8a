"""What a request itself says of consent, apart from its body: headers, cookies, query.

A cookie or parameter may be there twice, with different values; of a browser's two nobody knows
which is newer. Each refusal counts then, and what not all of them grant nobody has granted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import and_, or_
from typing import TypeVar
from urllib.parse import parse_qsl

from collector.consent.evidence import Evidence, read_evidence
from collector.consent.signal import Statement
from config.policy import Policy

COOKIES_MAX = 100
"""Most cookies of one request that are looked at."""

PARAMETERS_MAX = 100
"""Most parameters of one query that are looked at; with more, none is."""

VALUES_MAX = 4
"""Most different values of one name that are looked at; with more, nothing here grants."""

Item = TypeVar("Item")

Named = dict[str, str]
"""Cookies or parameters by name."""


def read_request(
    headers: Mapping[str, str], query_string: str, policy: Policy, site: str
) -> tuple[Statement, ...]:
    """Give what headers, cookies and query say, one statement a source.

    Shape: lower-case header names. Never raises; what cannot be read says nothing.
    """
    cookies = _tell_apart(_read_cookies(headers.get("cookie", "")))
    queries = _tell_apart(_read_query(query_string))
    values = max(len(cookies), len(queries))
    sent = [
        Evidence(headers, _at(cookies, place), _at(queries, place), None, None)
        for place in range(min(values, VALUES_MAX))
    ]
    rounds = [read_evidence(one, policy, site) for one in sent]
    return rounds[0] if values == 1 else tuple(_join(rounds, values <= VALUES_MAX))


def _read_cookies(header: str) -> list[tuple[str, str]]:
    """Give names and values of cookies, as sent and in their order."""
    if not header:
        return []
    cut = (pair.partition("=") for pair in header.split(";", COOKIES_MAX)[:COOKIES_MAX])
    return [(name.strip(), value.strip()) for name, equals, value in cut if equals]


def _read_query(query_string: str) -> list[tuple[str, str]]:
    """Give names and values of a query's parameters, unquoted."""
    if not query_string:
        return []
    try:
        return parse_qsl(query_string, max_num_fields=PARAMETERS_MAX, errors="replace")
    except ValueError:
        return []


def _tell_apart(pairs: Sequence[tuple[str, str]]) -> list[Named]:
    """Give values by name; as often as a name has different ones, the first ones first."""
    named = dict(reversed(pairs))
    if len(named) == len(pairs):
        return [named]
    values: dict[str, list[str]] = {}
    for name, value in dict.fromkeys(pairs):
        values.setdefault(name, []).append(value)
    most = max(map(len, values.values()))
    return [{name: _at(one, place) for name, one in values.items()} for place in range(most)]


def _at(items: Sequence[Item], place: int) -> Item:
    """Give the item at a place, the last one for any place behind it."""
    return items[min(place, len(items) - 1)]


def _join(rounds: Sequence[tuple[Statement, ...]], is_whole: bool) -> Iterable[Statement]:
    """Join what each source said; where it was silent or unreadable once, it grants nothing.

    `is_whole` is false where there was more to read than is looked at.
    """
    by_source: dict[str, list[Statement]] = {}
    for one in (one for said in rounds for one in said):
        by_source.setdefault(one.source, []).append(one)
    for source, said in by_source.items():
        refused = reduce(or_, [one.refused for one in said])
        if all(one.readable for one in said):
            is_said = is_whole and len(said) == len(rounds)
            granted = reduce(and_, [one.granted for one in said]) if is_said else 0
            yield Statement(source, granted & ~refused, refused)
        else:
            yield Statement(source, 0, refused, readable=bool(refused))
