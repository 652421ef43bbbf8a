"""One event of Google's: of the Measurement Protocol of GA4, of gtag, or of Universal Analytics.

The first brings JSON, the others parameters of a form. What they say alike is mapped alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from collector.protocols.bodies import object_in, text_in
from collector.protocols.fields import Draft, FieldMap, put_screen, read_identifier, read_number

BODY = FieldMap(
    {
        "client_id": "device",
        "app_instance_id": "device",
        "user_id": "person",
        "timestamp_micros": "occurred_at_us",
        "ip_override": "address",
        "user_agent": "user_agent",
        "device.language": "locale",
        "device.model": "device_model",
        "consent": "consent.google",
        "non_personalized_ads": "consent.npa",
    }
)
"""Of a body of the Measurement Protocol; it holds for each of its events."""

FORM = FieldMap(
    {
        "cid": "device",
        "uid": "person",
        "ecid": "other_id",
        "_gid": "other_id",
        "_p": "other_id",
        "sid": "session",
        "_uip": "address",
        "uip": "address",
        "ua": "user_agent",
        "dl": "url",
        "dr": "referrer",
        "dt": "title",
        "ul": "locale",
        "cu": "currency",
        "cs": "campaign_source",
        "cm": "campaign_medium",
        "cn": "campaign_name",
        "ck": "campaign_term",
        "cc": "campaign_content",
        "gclid": "advertising_id",
        "dclid": "advertising_id",
        "av": "app_version",
        "tr": "revenue",
    },
    flat=True,
)
"""Of the parameters of gtag and of Universal Analytics."""

PARAMS = FieldMap(
    {
        "page_location": "url",
        "page_referrer": "referrer",
        "page_title": "title",
        "language": "locale",
        "currency": "currency",
        "app_version": "app_version",
    },
    flat=True,
)
"""Of an event's own parameters: `params`, `ep.…` and `epn.…`."""

CAMPAIGN = FieldMap(
    {
        "source": "campaign_source",
        "medium": "campaign_medium",
        "campaign": "campaign_name",
        "term": "campaign_term",
        "content": "campaign_content",
    },
    flat=True,
)
"""Of `campaign_details` alone: elsewhere these are names like any other."""

SALE = FieldMap({"value": "revenue"}, flat=True)
"""Of a sale alone: elsewhere a value is no revenue."""

SALES = frozenset({"purchase", "in_app_purchase"})

NAMES: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "click": ("outbound_click", {"link_url": "url"}),
    "file_download": ("download", {"link_url": "url"}),
    "view_search_results": ("search", {"search_term": "query"}),
    "screen_view": ("screen_view", {"firebase_screen": "screen", "screen_name": "screen"}),
    "ad_impression": ("ad_impression", {"ad_unit_name": "ad_id"}),
    "ad_click": ("ad_click", {"ad_unit_name": "ad_id"}),
    "exception": ("error", {}),
}
"""Event of GA4 -> our name, and the names of its parameters; all others keep theirs."""

KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "pageview": ("page_view", {}),
    "screenview": ("screen_view", {"cd": "screen"}),
    "event": ("", {"ec": "category", "el": "label", "ev": "value"}),
    "transaction": ("purchase", {"ta": "affiliation", "tt": "tax", "ts": "shipping"}),
    "social": ("social", {"sn": "network", "sa": "action"}),
    "exception": ("error", {}),
    "timing": ("performance", {"utc": "category"}),
}
"""Type of an event of Universal Analytics -> name ('' for its action), and its properties."""

NUMBERS = frozenset({"ev", "tt", "ts"})

DROPPED = {
    "user_properties, up.…, upn.…": "describe the person, and no purpose is declared for them",
    "user_data, user_location": "hashed addresses and names; the place is told from the address",
    "transaction_id, ti": "leads to the buyer; it makes the event's id, so that a sale counts once",
    "t=item, pr…, il…, promo…": "an order's items are the shop's (`kind_unwanted`)",
    "tid, measurement_id, firebase_app_id": "tells sites apart that list the same origin",
    "uaa, uab, uafvl, …, _fv, _ss, sct, seg, _s": "tell browsers apart, or count a person's visits",
    "geoid, aip, z, st, …": "not needed: the place is told from the address",
    "Firebase's own uploads": "a closed protocol to fixed hosts; use the Measurement Protocol",
}

_CUSTOM = re.compile(r"c[dmg][0-9]{1,3}")
"""Dimension, metric or content group of a site's own."""


def map_measured(item: dict[str, Any], body: Mapping[str, Any]) -> Draft:
    """Give the draft of an event of the Measurement Protocol."""
    whole = {**body, **{name: item[name] for name in ("timestamp_micros",) if name in item}}
    draft = BODY.read(whole, {"sdk_name": "measurement-protocol"})
    put_screen(text_in(object_in(whole, "device"), "screen_resolution"), draft)
    _name_event(text_in(item, "name"), dict(object_in(item, "params")), draft)
    return draft


def map_tagged(sent: Mapping[str, str]) -> Draft:
    """Give the draft of an event of gtag."""
    properties: dict[str, Any] = {n[3:]: v for n, v in sent.items() if n.startswith("ep.") and v}
    numbers = {n[4:]: read_number(v) for n, v in sent.items() if n.startswith("epn.")}
    properties |= {name: value for name, value in numbers.items() if value is not None}
    engaged = read_number(sent.get("_et"))
    if engaged is not None:
        properties["engagement_time_msec"] = engaged
    draft = _read_form(sent, {"sdk_name": "gtag"})
    _name_event(sent.get("en", ""), properties, draft)
    return draft


def map_universal(sent: Mapping[str, str], received_at_ms: int) -> Draft | str:
    """Give the draft of an event of Universal Analytics, or why it is none."""
    kind = sent.get("t", "")
    if kind not in KINDS:
        return "kind_unwanted" if kind else "event_invalid"
    name, wanted = KINDS[kind]
    values = {ours: _value_of(theirs, sent) for theirs, ours in wanted.items()}
    values |= {name: sent[name] for name in sent if _CUSTOM.fullmatch(name)}
    draft = _read_form(
        sent, {"name": name or sent.get("ea", ""), "sdk_name": "universal-analytics"}
    )
    draft["properties"] = {ours: value for ours, value in values.items() if value not in (None, "")}
    _put_sale_id(draft, sent.get("ti") if kind == "transaction" else None)
    waited_ms = read_number(sent.get("qt"))
    if waited_ms is not None and 0 <= waited_ms <= received_at_ms:
        draft["occurred_at_ms"] = received_at_ms - round(waited_ms)
    if kind == "exception":
        draft |= {"kind": "error", "exception_message": sent.get("exd", "")}
    elif kind == "timing":
        value = read_number(sent.get("utt"))
        measured = [{"name": sent.get("utv", ""), "value": value, "unit": "ms"}]
        draft |= {"kind": "performance", "measurements": measured if value is not None else []}
    return draft


def _read_form(sent: Mapping[str, str], draft: Draft) -> Draft:
    """Fill what the parameters of both kinds of form say alike."""
    told = {name: value for name, value in sent.items() if value}
    if "dl" not in told:
        host, path = told.get("dh", "").partition("://"), told.get("dp") or told.get("p", "")
        where = (host[2] or host[0]).rstrip("/")
        told["dl"] = f"https://{where}/{path.lstrip('/')}" if where else path
    put_screen(told.get("sr", ""), draft)
    return FORM.read(told, draft)


def _name_event(name: str, properties: dict[str, Any], draft: Draft) -> None:
    """Fill an event's name and properties, and what its name makes of these."""
    ours, renamed = NAMES.get(name, (name, {}))
    draft |= {"name": ours, "properties": properties}
    PARAMS.take(properties, draft)
    put_screen(properties.pop("screen_resolution", None), draft)
    if name in SALES:
        SALE.take(properties, draft)
    elif name == "campaign_details":
        CAMPAIGN.take(properties, draft)
    elif name == "exception":
        message = properties.pop("description", None)
        draft |= {"kind": "error"} | (
            {"exception_message": message} if isinstance(message, str) else {}
        )
    transaction = properties.pop("transaction_id", None)
    _put_sale_id(draft, transaction if name in SALES else None)
    for theirs, told in renamed.items():
        if theirs in properties:
            properties[told] = properties.pop(theirs)


def _put_sale_id(draft: Draft, transaction: Any) -> None:
    """Make the id of a sale of its transaction's, so that one that is told again counts once."""
    number = read_identifier(transaction)
    if number is not None:
        draft["event_id"] = f"{draft['name']}/{draft.get('device', '')}/{number}"


def _value_of(name: str, sent: Mapping[str, str]) -> str | float | None:
    """Give a parameter, a number as one."""
    return read_number(sent.get(name)) if name in NUMBERS else sent.get(name)
