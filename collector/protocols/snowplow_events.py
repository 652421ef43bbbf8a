"""One event of Snowplow's: its kind, its self-describing data, and the contexts beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from collector.outcomes import BadRequest
from collector.protocols.bodies import peek_object, read_base64, text_in
from collector.protocols.fields import Draft, FieldMap, read_number
from collector.protocols.snowplow_consent import read_consent

FIELDS = FieldMap(
    {
        "eid": "event_id",
        "ttm": "occurred_at_ms",
        "dtm": "occurred_at_ms",
        "stm": "sent_at_ms",
        "uid": "person",
        "duid": "device",
        "nuid": "other_id",
        "tnuid": "other_id",
        "fp": "other_id",
        "sid": "session",
        "ip": "address",
        "ua": "user_agent",
        "url": "url",
        "refr": "referrer",
        "page": "title",
        "lang": "locale",
        "tz": "timezone",
        "tr_tt": "revenue",
        "tr_cu": "currency",
        "tv": "sdk_version",
    }
)

CONTEXTS = {
    "mobile_context": FieldMap(
        {
            "appleIdfv": "device",
            "appleIdfa": "advertising_id",
            "androidIdfa": "advertising_id",
            "openIdfa": "advertising_id",
            "appSetId": "other_id",
            "deviceModel": "device_model",
        }
    ),
    "client_session": FieldMap(
        {"userId": "device", "sessionId": "session", "previousSessionId": "other_id"}
    ),
    "web_page": FieldMap({"id": "other_id"}),
    "geolocation_context": FieldMap({"latitude": "latitude", "longitude": "longitude"}),
    "application": FieldMap({"version": "app_version"}),
}
"""Name of one of Snowplow's own contexts -> what it fills; the others are left out."""

ERROR = FieldMap(
    {
        "exceptionName": "exception_type",
        "message": "exception_message",
        "stackTrace": "exception_stack",
    }
)

DROPPED = {
    "aid": "the site is the one that lists the page's origin; it tells such sites apart",
    "vid, p, tna, cd, cookie, ds, vp, cs, f_…": "a count of visits, and what browsers are told by",
    "tr_id, ti_id, tr_ci, tr_st, tr_co": "an order's number and where its buyer lives",
    "contexts of Snowplow, Google and the W3C": "but for those above; a team's own are kept",
    "gdpr context": "names a legal basis and no purpose: it neither grants nor refuses",
}

SCHEMA = re.compile(r"iglu:([a-zA-Z0-9._-]{1,128})/([a-zA-Z0-9_-]{1,128})/jsonschema/[0-9*-]{1,16}")
"""What describes data: vendor, name, version."""

VENDORS = ("com.snowplowanalytics.", "com.google.", "org.w3", "org.ietf", "com.mparticle.")
"""Whose contexts are left out unless they are mapped."""

STRUCTURED = {"se_ca": "category", "se_la": "label", "se_pr": "property", "se_va": "value"}
ITEM = {"ti_sk": "sku", "ti_nm": "item", "ti_ca": "category", "ti_pr": "price", "ti_qu": "quantity"}
NUMBERS = frozenset({"se_va", "ti_pr", "ti_qu"})

RENAMED = {
    "screen_view": {"name": "screen", "previousName": "previous_screen"},
    "ad_impression": {"bannerId": "ad_id", "campaignId": "campaign_id", "zoneId": "placement"},
    "ad_click": {"bannerId": "ad_id", "campaignId": "campaign_id", "zoneId": "placement"},
    "site_search": {"terms": "query", "totalResults": "results"},
}
"""Snowplow's own event -> its data that are called otherwise here; the rest of them is dropped."""

NAMES = {"site_search": "search", "application_error": "error"}

_UNSTRUCTURED = ("ue_px", "ue_pr")
_CONTEXTS = ("cx", "co")

CONTEXTS_MAX = 50
"""Most contexts of one event that are looked at."""


def map_event(item: dict[str, Any], purposes: Sequence[str]) -> Draft | str:
    """Give the draft of an event, or why it is none; `purposes` are those that can be refused."""
    draft: Draft = {"properties": {}, "sdk_name": "snowplow"}
    kind, properties = text_in(item, "e"), draft["properties"]
    if kind == "ue":
        schema, data = _read_described(_read_json(item, *_UNSTRUCTURED).get("data"))
        if not schema:
            return "event_invalid"
        _fill_described(schema, data, draft)
        draft["consent"] = read_consent(schema[1], data, purposes)
    elif kind == "se":
        draft["name"] = text_in(item, "se_ac")
        properties |= _pick(item, STRUCTURED)
    elif kind == "ti":
        draft["name"] = "transaction_item"
        properties |= _pick(item, ITEM)
    elif kind in PLAIN:
        draft["name"] = PLAIN[kind]
    else:
        return "event_invalid"
    width, _, height = text_in(item, "res").partition("x")
    SCREEN.read({"width": width, "height": height}, draft)
    FIELDS.read(item, draft)
    for schema, data in _contexts_of(item):
        _fill_context(schema, data, draft)
    return draft


PLAIN = {"pv": "page_view", "pp": "page_ping", "tr": "transaction"}
"""Kind of event -> its name."""

SCREEN = FieldMap({"width": "screen_width", "height": "screen_height"})
"""Of `res`, which is written 800x600."""


def _fill_described(schema: tuple[str, str], data: dict[str, Any], draft: Draft) -> None:
    """Fill a draft from a self-describing event."""
    vendor, name = schema
    is_own = vendor.startswith("com.snowplowanalytics.")
    draft["name"] = NAMES.get(name, name) if is_own else name
    if is_own and name == "application_error":
        draft["kind"] = "crash" if data.get("isFatal") is True else "error"
        ERROR.read(data, draft)
    elif is_own and name in RENAMED:
        renamed = RENAMED[name]
        draft["properties"] |= {renamed[key]: data[key] for key in renamed if key in data}
    else:
        draft["properties"] |= data


def _fill_context(schema: tuple[str, str], data: dict[str, Any], draft: Draft) -> None:
    """Fill a draft from a context: ids and columns from Snowplow's, properties from a team's."""
    vendor, name = schema
    if not vendor.startswith(VENDORS):
        draft["properties"].setdefault(name, data)
    elif name in CONTEXTS:
        CONTEXTS[name].read(data, draft)


def _contexts_of(item: dict[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Give the contexts of an event, those whose schema can be read."""
    described = _read_json(item, *_CONTEXTS).get("data")
    for one in described[:CONTEXTS_MAX] if isinstance(described, list) else ():
        schema, data = _read_described(one)
        if schema:
            yield schema, data


def _read_described(value: object) -> tuple[tuple[str, str] | None, dict[str, Any]]:
    """Give vendor and name of self-describing JSON, and its data; None where it does not say."""
    if not isinstance(value, dict):
        return None, {}
    match = SCHEMA.fullmatch(text_in(value, "schema"))
    data = value.get("data")
    return (match.group(1), match.group(2)) if match else None, (
        data if isinstance(data, dict) else {}
    )


def _read_json(item: dict[str, Any], coded: str, plain: str) -> dict[str, Any]:
    """Give the object of a field that may be base64 or plain JSON, an empty one for none."""
    if text := text_in(item, coded):
        try:
            return peek_object(read_base64(text.encode(errors="replace")))
        except BadRequest:
            return {}
    return peek_object(text_in(item, plain).encode(errors="replace"))


def _pick(item: dict[str, Any], wanted: dict[str, str]) -> dict[str, Any]:
    """Give the wanted fields as properties, numbers as numbers."""
    picked: dict[str, Any] = {}
    for name, ours in wanted.items():
        value = read_number(item.get(name)) if name in NUMBERS else text_in(item, name) or None
        if value is not None:
            picked[ours] = value
    return picked
