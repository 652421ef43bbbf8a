"""One event as JSON in our own form (contract, Native API) and in Segment's. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from collector.forwarding.pseudonyms import Outgoing
from config.recipients import Recipient

ID_NAMES = {
    "person_id": "person",
    "device_id": "device",
    "session_id": "session",
    "advertising_id": "advertising_id",
}
"""Column of a pseudonym -> what the native form calls it."""

CLIENT = ("browser", "browser_version", "os", "os_version", "device_type")
PLACE = ("country", "region")
CAMPAIGN = ("source", "medium", "name", "term", "content")

SEGMENT_TYPES = {"page_view": "page", "screen_view": "screen"}
"""Event -> Segment's type of call; the others are `track`."""


def encode_native(one: Outgoing, recipient: Recipient) -> bytes:
    """Write an event as `POST /v1/events` takes it, with `site` and what we made of it beside."""
    values = one.values
    event = {
        "event_id": one.id,
        "name": values["event_name"],
        "occurred_at": show_moment(values["occurred_at"]),
        "site": values["site"],
        **{ID_NAMES[column]: text for column, text in one.ids.items()},
        "page": page_of(values),
        "location": pick(values, ("latitude", "longitude")),
        **pick(values, ("revenue", "currency", "is_bot")),
        "place": pick(values, PLACE),
        "client": pick(values, CLIENT),
        "campaign": campaign_of(values),
        "context": _context_of(values),
        "properties": one.properties,
        "consent": {"purposes": {recipient.purpose: True}},
    }
    return msgspec.json.encode(_filled(event))


def encode_segment(one: Outgoing, recipient: Recipient) -> bytes:
    """Write an event as an entry of the `batch` that Segment's HTTP API takes.

    Without a pseudonym `anonymousId`, which Segment insists on, is the event's own id: it ties the
    event to no other.
    """
    values, ids = one.values, one.ids
    kind = SEGMENT_TYPES.get(values["event_name"], "track")
    anonymous = ids.get("device_id") or (None if ids.get("person_id") else one.id)
    extra = {key: text for key, text in ids.items() if key in ("session_id", "advertising_id")}
    entry = {
        "type": kind,
        "messageId": one.id,
        "timestamp": show_moment(values["occurred_at"]),
        "userId": ids.get("person_id"),
        "anonymousId": anonymous,
        ("event" if kind == "track" else "name"): values["event_name"],
        "properties": {
            **one.properties,
            **pick(values, ("revenue", "currency", "is_bot", "latitude", "longitude")),
            **extra,
            "site": values["site"],
        },
        "context": {
            **_context_of(values),
            "page": page_of(values),
            "campaign": campaign_of(values),
            "location": pick(values, PLACE),
            "client": pick(values, CLIENT),
        },
    }
    return msgspec.json.encode(_filled(entry))


def page_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Give page and referrer as addresses, and the title, of what there is."""
    page = {
        "url": _address(values, "page_host", "page_path", "page_query"),
        "referrer": _address(values, "referrer_host", "referrer_path"),
        "title": values.get("page_title", ""),
    }
    return {name: text for name, text in page.items() if text}


def campaign_of(values: Mapping[str, Any]) -> dict[str, str]:
    """Give the campaign's parameters by their short names."""
    named = {name: values.get(f"campaign_{name}") for name in CAMPAIGN}
    return {name: text for name, text in named.items() if text}


def pick(values: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Give those of the named values that are there."""
    return {name: values[name] for name in names if name in values}


def show_moment(moment: datetime) -> str:
    """Write a moment as RFC 3339 in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _address(values: Mapping[str, Any], host: str, path: str, query: str = "") -> str:
    """Give an address of its parts; one without host begins with its path."""
    start = f"https://{values[host]}" if host in values else ""
    end = f"?{values[query]}" if query in values else ""
    return f"{start}{values.get(path, '')}{end}"


def _context_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the native form calls the context."""
    screen = {"width": values.get("screen_width"), "height": values.get("screen_height")}
    return _filled(
        {
            "app": {"version": values.get("app_version")},
            "device": {"model": values.get("device_model")},
            "screen": screen,
            "locale": values.get("locale"),
            "timezone": values.get("timezone"),
        }
    )


def _filled(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields that hold something, objects within likewise."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        inner = _filled(value) if isinstance(value, dict) else value
        if inner is not None and inner != {} and inner != "":
            found[name] = inner
    return found
