"""Amplitude's HTTP API V2 and its batch API (`/2/httpapi`, `/batch`), which have the same form.

Sources: Amplitude HTTP V2 API; requests of its SDKs for Python, Node and browsers.
"""

from __future__ import annotations

from typing import Any

import msgspec

from collector.outcomes import BadRequest
from collector.protocols.bodies import list_in, object_in, peek_object, read_object, text_in
from collector.protocols.fields import Draft, FieldMap, read_number
from collector.protocols.maker import CONSENT_PROPERTIES, Maker
from collector.protocols.protocol import Answer, Endpoint, Protocol, Request
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

OWN = "[Amplitude] "
"""How the names begin that Amplitude's SDKs give to their own events and properties."""

NAMES = {
    "$identify": "identify",
    "$groupidentify": "group",
    OWN + "Page Viewed": "page_view",
    OWN + "Screen Viewed": "screen_view",
    OWN + "Web Vitals": "web_vitals",
}
"""Type of an event -> name of ours; others keep theirs."""

UNWANTED = frozenset(
    OWN + name for name in ("Replay Captured", "Network Request", "Thrashed Cursor")
)
"""Types that are not collected: recordings, a page's own traffic, a pointer's way."""

FIELDS = FieldMap(
    {
        "insert_id": "event_id",
        "time": "occurred_at_ms",
        "client_upload_time": "sent_at",
        "user_id": "person",
        "device_id": "device",
        "idfv": "device",
        "android_id": "device",
        "android_app_set_id": "device",
        "idfa": "advertising_id",
        "adid": "advertising_id",
        "session_id": "session",
        "ip": "address",
        "user_agent": "user_agent",
        "language": "locale",
        "app_version": "app_version",
        "version_name": "app_version",
        "device_model": "device_model",
        "location_lat": "latitude",
        "location_lng": "longitude",
        "revenue": "revenue",
        "currency": "currency",
        "library": "sdk_name",
    }
)

PROPERTIES = FieldMap(
    {
        OWN + "Page Location": "url",
        OWN + "Page URL": "url",
        OWN + "Page Title": "title",
        OWN + "Page View ID": "session",
        "referrer": "referrer",
        "utm_source": "campaign_source",
        "utm_medium": "campaign_medium",
        "utm_campaign": "campaign_name",
        "utm_term": "campaign_term",
        "utm_content": "campaign_content",
        "$revenue": "revenue",
        "revenue": "revenue",
        "$currency": "currency",
        "currency": "currency",
    },
    flat=True,
)
"""Properties of an event that have columns."""

RENAMED = {
    "$price": "price",
    "$quantity": "quantity",
    "$productId": "product_id",
    "$revenueType": "revenue_type",
    OWN + "Screen Name": "screen",
    OWN + "File Extension": "file_extension",
    OWN + "Element Tag": "element_tag",
}
"""Amplitude's own properties that are kept -> name without its sign."""

VITALS = {
    "LCP": "millisecond",
    "FCP": "millisecond",
    "INP": "millisecond",
    "TTFB": "millisecond",
    "CLS": "",
}
"""Web vital -> unit of its value."""

DROPPED = {
    "user_properties": "of `$identify` only traits that the catalogue declares stay, else none",
    "groups, group_properties": "groups that a person belongs to tell the person",
    "[Amplitude] Element …, Form …": "texts of a page, among them what a person typed",
    "country, region, city, dma": "the place is told from the address",
    "os_name, platform, carrier, …": "not needed: the client is told from its user agent",
    "[Amplitude] Replay Captured, …": "recordings, and a page's own traffic (`kind_unwanted`)",
}


def decode(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode a batch of events.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `events_too_many`.
    """
    body = read_object(request.body)
    whole = {key: body[key] for key in ("client_upload_time",) if key in body}
    maker = Maker("amplitude", sender, terms)
    return maker.add_all(list_in(body, "events"), lambda item: map_event(whole | item))


def map_event(item: dict[str, Any]) -> Draft | str:
    """Give the draft of one event, or why it is none."""
    kind = text_in(item, "event_type")
    if kind in UNWANTED:
        return "kind_unwanted"
    sent = {k: v for k, v in object_in(item, "event_properties").items() if v is not None}
    # What stands for the address of the connection, and for no visit, is neither.
    unsaid = {("ip", "$remote"), ("session_id", -1)}
    told = {k: v for k, v in item.items() if not isinstance(v, str | int) or (k, v) not in unsaid}
    draft = FIELDS.read(told, {"name": NAMES.get(kind, kind)})
    if kind == OWN + "Web Vitals":
        _add_vitals(sent, draft)
    PROPERTIES.take(sent, draft)
    _add_revenue(item, sent, draft)
    draft["properties"] = _keep(sent)
    if kind == "$identify":
        draft["properties"] |= _traits_of(item)
    elif kind == "$groupidentify":
        groups = list(object_in(item, "groups").items())[:1]
        draft["properties"] |= {k: v for g in groups for k, v in zip(_GROUP, g, strict=True)}
    return draft


_GROUP = ("group_type", "group_id")


def _keep(sent: dict[str, Any]) -> dict[str, Any]:
    """Give the properties that stay: those of the site's own, few of Amplitude's."""
    kept = {RENAMED[name]: value for name, value in sent.items() if name in RENAMED}
    for name, value in sent.items():
        if name not in RENAMED and not name.startswith(OWN):
            kept.setdefault(name, value)
    return kept


def _traits_of(item: dict[str, Any]) -> dict[str, Any]:
    """Give what is set of a person; what was set first gives way to what is set."""
    sent = object_in(item, "user_properties")
    traits = object_in(sent, "$setOnce") | object_in(sent, "$set")
    consents = {k: sent[k] for k in CONSENT_PROPERTIES if k in sent}
    return {k: v for k, v in traits.items() if v is not None} | consents


def _add_revenue(item: dict[str, Any], sent: dict[str, Any], draft: Draft) -> None:
    """Add the revenue of a price and a quantity where none is said."""
    price = read_number(item.get("price", sent.get("$price")))
    quantity = read_number(item.get("quantity", sent.get("$quantity", 1)))
    if price is not None and quantity is not None:
        product = read_number(round(price * quantity, 6))
        if product is not None:
            draft.setdefault("revenue", product)


def _add_vitals(sent: dict[str, Any], draft: Draft) -> None:
    """Make a diagnostic of web vitals."""
    values = ((name, object_in(sent, OWN + name).get("value")) for name in VITALS)
    draft["measurements"] = [
        {"name": name, "value": read, "unit": VITALS[name]}
        for name, value in values
        if (read := read_number(value)) is not None
    ]
    draft["kind"] = "performance"


def find_key(request: Request) -> str:
    """Give the key of the body."""
    return text_in(peek_object(request.body), "api_key")


def owns(request: Request) -> bool:
    """Tell Amplitude's batches from others' of the same path."""
    body = peek_object(request.body)
    return "api_key" in body and "events" in body


def answer_success(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer with the code that SDKs look for, which they do not find in the status."""
    told = {
        "code": 200,
        "events_ingested": verdict.received,
        "payload_size_bytes": len(request.body),
    }
    return Answer(msgspec.json.encode(told))


def answer_fault(request: Request, fault: BadRequest) -> Answer | None:
    """Answer a request that was turned away: without a code in the body SDKs lose its events.

    What would be turned away each time is told so that SDKs give it up; to 503 they come again.
    """
    code, error = fault.status, fault.detail
    if fault.reason in ("key_missing", "key_unknown"):
        code, error = 400, f"Invalid API key: {fault.detail}"
    told: dict[str, object] = {"code": code, "error": error, "reason": fault.reason}
    if fault.reason in ("body_invalid", "body_too_deep", "encoding_invalid"):
        told["missing_field"] = "events"
    return Answer(msgspec.json.encode(told), fault.status)


_SHARED: dict[str, Any] = {"find_key": find_key, "owns": owns}

PROTOCOL = Protocol(
    "amplitude",
    (
        Endpoint("/2/httpapi", decode, answer_success, **_SHARED),
        Endpoint("/batch", decode, answer_success, **_SHARED),
    ),
    fault=answer_fault,
    fields={**FIELDS.table, **{f"event_properties.{k}": v for k, v in PROPERTIES.table.items()}},
    dropped=DROPPED,
)
