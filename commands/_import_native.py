"""Other products' events in our native form, by the targets that their tables name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import msgspec

from collector.addresses import truncate_address
from collector.protocols.fields import Draft
from collector.protocols.identifying import take_identifying
from collector.protocols.lenient import mend_text
from collector.protocols.maker import fit
from commands._import_kinds import NO_EVENT, Piece, Rules, decode
from commands._import_source import request_bytes_max
from config.campaign import CAMPAIGN_PARAMETERS

MOMENTS = ("occurred_at", "occurred_at_us")
"""Targets of an event's own time, in milliseconds since 1970 both of them."""

CURRENCY_CHARS_MAX = 8

Sent = dict[str, Any]
"""An event in the native form."""


def decode_object(text: bytes) -> dict[str, Any] | None:
    """Give an object, mended where a byte or an escape is wrong; None for anything else."""
    held = decode(text)
    if held is None and text:
        held = decode(mend_text(text))
    return held if isinstance(held, dict) else None


def to_native(draft: Draft, event_id: str, consent: Mapping[str, Any], rules: Rules) -> Sent:
    """Give a draft as a native event.

    Properties lose what carries an identifier by its name. Of an address what is left after
    truncation goes along where people agreed to *analytics*: without that, it would be taken for
    a visitor.
    """
    kept = rules.policy.query_parameters_of(rules.site)
    properties = fit(take_identifying(draft.get("properties", {}), draft, kept), rules.limits)
    moment = next((draft[name] for name in MOMENTS if name in draft), None)
    sent: Sent = {
        "name": draft.get("name", ""),
        "event_id": event_id,
        "occurred_at": _to_text(moment),
        "properties": properties,
        "consent": dict(consent) or None,
        "page": _page_of(draft),
        "context": _context_of(draft, "analytics" in rules.origin.agreed),
        "kind": draft.get("kind"),
    }
    names = ("person", "device", "advertising_id", "session", "revenue", "currency")
    sent |= {name: draft[name] for name in names if name in draft}
    if len(sent.get("currency", "")) > CURRENCY_CHARS_MAX:
        del sent["currency"]
    if message := draft.get("exception_message"):
        sent["exception"] = {"message": message}
    return {name: value for name, value in sent.items() if value not in (None, {})}


def to_piece(line: int, sent: Sent | None, rules: Rules) -> Piece:
    """Give an event as it goes into a request; one without a time, or too large, is none."""
    if sent is None or "occurred_at" not in sent:
        return Piece(line, NO_EVENT)
    body = msgspec.json.encode(sent)
    return Piece(line, body if len(body) <= request_bytes_max(rules.limits) else NO_EVENT)


def with_campaign(draft: Draft) -> str | None:
    """Give a page's URL with the campaign that is told beside it, unless it names one itself."""
    url = draft.get("url")
    told = {
        parameter: draft[column]
        for parameter, column in CAMPAIGN_PARAMETERS.items()
        if draft.get(column)
    }
    if not url or not told or "utm_" in url:
        return url
    try:
        parts = urlsplit(url)
    except ValueError:
        return str(url)
    added = urlencode(told, quote_via=quote)
    query = f"{parts.query}&{added}" if parts.query else added
    return urlunsplit(parts._replace(query=query))


def _page_of(draft: Draft) -> dict[str, Any]:
    """Give the page that an event happened on."""
    page = {
        "url": with_campaign(draft),
        "referrer": draft.get("referrer"),
        "title": draft.get("title"),
    }
    return {name: value for name, value in page.items() if value}


def _context_of(draft: Draft, takes_address: bool) -> dict[str, Any]:
    """Give what holds besides."""
    device = {"model": draft.get("device_model")} | draft.get("switches", {})
    screen = {"width": draft.get("screen_width"), "height": draft.get("screen_height")}
    context: dict[str, Any] = {
        "locale": draft.get("locale"),
        "sdk": draft.get("sdk_name"),
        "app": {"version": draft.get("app_version")},
        "device": device,
        "screen": screen,
    }
    if takes_address and (address := truncate_address(draft.get("address", ""))):
        context["ip"] = address
    filled = {
        name: {n: v for n, v in value.items() if v is not None}
        if isinstance(value, dict)
        else value
        for name, value in context.items()
    }
    return {name: value for name, value in filled.items() if value}


def _to_text(moment_ms: float | None) -> str | None:
    """Give a moment as the native form writes it, None where it is none."""
    if moment_ms is None:
        return None
    try:
        moment = datetime.fromtimestamp(moment_ms / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
    return moment.isoformat(timespec="milliseconds")
