"""Events in the form of GA4's Measurement Protocol: one client a request, 25 events at most. Pure.

Source: the protocol's own reference (limits: 25 events, 25 parameters an event, names of 40
characters, values of 100, bodies of 130 kB).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from collector.forwarding.native_form import page_of, pick
from collector.forwarding.pseudonyms import Outgoing
from config.recipients import Recipient

EVENTS_MAX = 25
PARAMETERS_MAX = 25
NAME_CHARS_MAX = 40
VALUE_CHARS_MAX = 100
BODY_BYTES_MAX = 120_000
"""Most bytes of the events of one request; the protocol takes 130 kB in all."""

PAGE_CHARS_MAX = {"page_location": 1_000, "page_referrer": 420, "page_title": 300}

TAKEN = ("revenue", "page_host", "page_path", "page_query", "page_title", "referrer_host")
"""Columns that become parameters of other names."""

ALSO_TAKEN = ("referrer_path", "event_name", "occurred_at")

_NOT_NAME = re.compile(r"[^A-Za-z0-9_]")

Item = tuple[Outgoing, bytes]


def encode_ga4(one: Outgoing, recipient: Recipient) -> bytes:
    """Write one event of a request: name, time and parameters."""
    moment = one.values["occurred_at"]
    event = {
        "name": _name(one.values["event_name"]),
        "timestamp_micros": round(moment.timestamp() * 1_000_000),
        "params": _parameters(one),
    }
    return msgspec.json.encode(event)


def compose_ga4(items: Sequence[Item]) -> list[tuple[list[Item], bytes]]:
    """Put events into requests: each holds events of one client, in order.

    Without a device's pseudonym the client is the person's, and without either the event's own id,
    which ties it to no other event.
    """
    groups: dict[tuple[str, str, bool, bool], list[Item]] = {}
    for one, text in items:
        groups.setdefault(_client(one), []).append((one, text))
    return [
        (part, msgspec.json.encode(_head(key) | {"events": [msgspec.Raw(t) for _, t in part]}))
        for key, group in groups.items()
        for part in _cut(group)
    ]


def _client(one: Outgoing) -> tuple[str, str, bool, bool]:
    person = one.ids.get("person_id", "")
    client = one.ids.get("device_id") or person or one.id
    adverts = "advertising" in one.purposes
    return client, person, adverts, adverts and "personalisation" in one.purposes


def _head(key: tuple[str, str, bool, bool]) -> dict[str, Any]:
    client, person, adverts, personal = key
    consent = {
        "ad_user_data": "GRANTED" if adverts else "DENIED",
        "ad_personalization": "GRANTED" if personal else "DENIED",
    }
    user = {"user_id": person} if person else {}
    return {"client_id": client, **user, "consent": consent}


def _cut(group: Sequence[Item]) -> Iterator[list[Item]]:
    """Cut the events of one client into requests of a size that is taken."""
    part: list[Item] = []
    size = 0
    for one, text in group:
        if part and (len(part) == EVENTS_MAX or size + len(text) > BODY_BYTES_MAX):
            yield part
            part, size = [], 0
        part.append((one, text))
        size += len(text)
    if part:
        yield part


def _parameters(one: Outgoing) -> dict[str, Any]:
    """Give an event's parameters: properties first, then columns, as many as are taken."""
    values, page = one.values, page_of(one.values)
    named: dict[str, Any] = {
        **one.properties,
        "page_location": page.get("url"),
        "page_referrer": page.get("referrer"),
        "page_title": page.get("title"),
        "value": values.get("revenue"),
        **pick(one.ids, ("session_id", "advertising_id")),
        **{n: v for n, v in values.items() if n not in TAKEN and n not in ALSO_TAKEN},
    }
    there = [(_name(name), value) for name, value in named.items() if value not in (None, "")]
    return {name: _value(name, value) for name, value in there[:PARAMETERS_MAX]}


def _value(name: str, value: Any) -> Any:
    if isinstance(value, bool):
        return int(value)
    return value[: PAGE_CHARS_MAX.get(name, VALUE_CHARS_MAX)] if isinstance(value, str) else value


def _name(text: str) -> str:
    return _NOT_NAME.sub("_", text)[:NAME_CHARS_MAX]
