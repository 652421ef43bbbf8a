"""Rows of GA4's export to BigQuery (`events_YYYYMMDD`), as JSON, as native events.

Source: Google's documentation of the export's schema. An event and its parameters are mapped as
those of the Measurement Protocol.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from collector.protocols.bodies import object_in, text_in
from collector.protocols.fields import Draft, FieldMap, read_number
from collector.protocols.google_events import SALES, map_measured
from collector.protocols.native import decode_events
from commands._import_json import read_objects
from commands._import_kinds import NO_EVENT, Kind, LeftOut, Piece, Rules
from commands._import_native import decode_object, to_native, to_piece
from commands._import_source import Occurrences, Source

PARAMS_MAX = 500
"""So many parameters of an event are read."""

FIELDS = FieldMap(
    {
        "device.advertising_id": "advertising_id",
        "device.vendor_id": "other_id",
        "device.language": "locale",
        "device.mobile_model_name": "device_model",
        "app_info.version": "app_version",
        "collected_traffic_source.manual_source": "campaign_source",
        "collected_traffic_source.manual_medium": "campaign_medium",
        "collected_traffic_source.manual_campaign_name": "campaign_name",
        "collected_traffic_source.manual_term": "campaign_term",
        "collected_traffic_source.manual_content": "campaign_content",
        "collected_traffic_source.gclid": "advertising_id",
        "collected_traffic_source.dclid": "advertising_id",
    }
)
"""Of a row, beside its ids, its time and its parameters."""

UNCOUNTED = (
    *("ga_session_number", "engaged_session_event", "session_engaged", "batch_ordering_id"),
    *("batch_page_id", "firebase_event_origin", "firebase_screen_id", "firebase_previous_id"),
    *("debug_event", "debug_mode"),
)
"""Parameters that count a person's visits, or speak of Google's own machinery."""

IDENTITY = (
    *("stream_id", "user_pseudo_id", "user_id", "event_timestamp", "event_name"),
    *("event_bundle_sequence_id", "batch_page_id", "batch_ordering_id", "batch_event_index"),
    "event_params",
)
"""What tells rows apart; Google fills other columns anew for three days."""

STORAGES = {"analytics_storage": "analytics_storage", "ads_storage": "ad_storage"}
"""Field of `privacy_info` -> type of consent."""

SAID = {"yes": "granted", "true": "granted", "unset": None, "": None, "none": None}
"""What it says -> state; anything else is a no."""


def read_rows(source: Source, rules: Rules) -> Iterator[Piece | LeftOut]:
    """Give an event a row."""
    occurrences = Occurrences()
    for line, text in read_objects(source):
        row = decode_object(text)
        if row is None or not isinstance(row.get("event_name"), str):
            yield Piece(line, NO_EVENT)
            continue
        draft = map_row(row)
        event_id = draft.get("event_id") or _identify(row, occurrences, rules)
        consent = rules.origin.consent()
        if states := read_privacy(object_in(row, "privacy_info")):
            consent["google"] = states
        yield to_piece(line, to_native(draft, event_id, consent, rules), rules)


def map_row(row: dict[str, Any]) -> Draft:
    """Give the draft of a row."""
    params = _read_params(row.get("event_params"))
    body = {
        "client_id": row.get("user_pseudo_id"),
        "user_id": row.get("user_id"),
        "timestamp_micros": row.get("event_timestamp"),
    }
    draft = map_measured({"name": row["event_name"], "params": params}, body)
    FIELDS.read(row, draft)
    draft["sdk_name"] = "ga4-export"
    for name in UNCOUNTED:
        draft["properties"].pop(name, None)
    if row["event_name"] in SALES and "revenue" not in draft:
        _add_revenue(row, draft)
    if text_in(object_in(row, "device"), "is_limited_ad_tracking").lower() in ("yes", "true"):
        draft["switches"] = {"limit_ad_tracking": True}
    return draft


def _add_revenue(row: dict[str, Any], draft: Draft) -> None:
    """Fill a sale's worth, which stands in the shop's currency, or in dollars."""
    worth = read_number(object_in(row, "ecommerce").get("purchase_revenue"))
    if worth is None:
        worth = read_number(row.get("event_value_in_usd"))
        draft |= {} if worth is None else {"currency": "USD"}
    if worth is not None:
        draft["revenue"] = worth


def read_privacy(told: Mapping[str, Any]) -> dict[str, str]:
    """Give the states of consent of a row, by type; a token instead of a cookie means a no."""
    states: dict[str, str] = {}
    for name, kind in STORAGES.items():
        state = SAID.get(str(told.get(name) or "").lower(), "denied")
        if state is not None:
            states[kind] = state
    if str(told.get("uses_transient_token") or "").lower() in ("yes", "true"):
        states.setdefault("analytics_storage", "denied")
    return states


def _read_params(listed: Any) -> dict[str, Any]:
    """Give parameters by name; BigQuery writes whole numbers as text."""
    params: dict[str, Any] = {}
    for one in listed[:PARAMS_MAX] if isinstance(listed, list) else ():
        value = object_in(one, "value") if isinstance(one, dict) else {}
        name = text_in(one, "key") if isinstance(one, dict) else ""
        if name and (read := _read_value(value)) is not None:
            params[name] = read
    return params


def _read_value(value: dict[str, Any]) -> Any:
    """Give the one that is filled."""
    if isinstance(value.get("string_value"), str):
        return value["string_value"]
    whole = value.get("int_value")
    if isinstance(whole, str) and whole.lstrip("-").isdecimal() and len(whole) <= 20:
        return int(whole)
    for number in (whole, value.get("double_value"), value.get("float_value")):
        if (read := read_number(number)) is not None:
            return int(read) if read.is_integer() and abs(read) < 2**53 else read
    return None


def _identify(row: dict[str, Any], occurrences: Occurrences, rules: Rules) -> str:
    """Give an event's id: what makes the row itself, and how often that came before."""
    own = msgspec.json.encode([rules.origin.source, *(row.get(name) for name in IDENTITY)])
    before, digest = occurrences.count(own)
    return f"ga4-{digest}-{before}"


GA4 = Kind("ga4", "/v1/events", "events", read_rows, decode_events)
