"""One event of Matomo's: what its parameters say happened, and what they fill here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from collector.protocols.bodies import peek_object
from collector.protocols.fields import Draft, FieldMap, put_screen, read_moment, read_number

FIELDS = FieldMap(
    {
        "url": "url",
        "urlref": "referrer",
        "action_name": "title",
        "lang": "locale",
        "uid": "person",
        "cid": "device",
        "_id": "device",
        "pv_id": "other_id",
        "cip": "address",
        "ua": "user_agent",
        "_rcn": "campaign_name",
        "_rck": "campaign_term",
        "revenue": "revenue",
    }
)

CLAIMS = FieldMap({"cdt": "occurred_at_s", "lat": "latitude", "long": "longitude"})
"""What servers alone are believed; a moment may also be written out."""

CRASH = FieldMap(
    {"cra": "exception_message", "cra_tp": "exception_type", "cra_st": "exception_stack"}
)

DROPPED = {
    "idsite": "the site is the one that lists the page's origin; it tells such sites apart",
    "cip, cdt, lat, long": "believed from server keys alone",
    "consent": "says that the page asks, not for what; the page's consent cookies do",
    "h, m, s": "the page's own clock; the moment of receipt counts",
    "ec_id, ec_items": "an order's number leads to its buyer, its items are the shop's",
    "_idts, _idvc, _viewts, _refts, _idn": "count a person's visits in the browser",
    "uadata, pdf, qt, realp, wma, fla, java, ag, cookie": "tell browsers apart, and so people",
    "pf_net, pf_srv, …": "page speed is taken from web vitals",
    "ma_…, hsr_…": "media, heatmaps and recordings of sessions (`kind_unwanted`)",
}

UNWANTED = ("ma_id", "hsr_vid", "hsr_ev", "hsr_vst")
"""Parameters of events that are not collected."""

ORDER = {"ec_st": "subtotal", "ec_tx": "tax", "ec_sh": "shipping", "ec_dt": "discount"}
"""Amount of an order -> property."""

KINDS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "cra": ("error", {"cra_ct": "category"}),
    "search": ("search", {"search": "query", "search_cat": "category", "search_count": "results"}),
    "link": ("outbound_click", {"link": "url"}),
    "download": ("download", {"download": "url"}),
    "c_i": ("ad_click", {"c_n": "ad_id", "c_p": "piece", "c_t": "target", "c_i": "interaction"}),
    "c_n": ("ad_impression", {"c_n": "ad_id", "c_p": "piece", "c_t": "target"}),
    "e_a": ("", {"e_c": "category", "e_n": "label", "e_v": "value"}),
    "ping": ("ping", {}),
}
"""Parameter that makes an event what it is -> name ('' for its own value) and its properties; the
first that is there counts."""

NUMBERS = frozenset({"e_v", "search_count", *ORDER})

_DIMENSION = re.compile(r"dimension[0-9]{1,3}")


def map_event(sent: dict[str, Any], trusted: bool) -> Draft | str:
    """Give the draft of an event, or why it is none; without `rec=1` Matomo takes none either."""
    if str(sent.get("rec", "")) != "1":
        return "event_invalid"
    if any(name in sent for name in UNWANTED):
        return "kind_unwanted"
    properties = {name: sent[name] for name in sent if _DIMENSION.fullmatch(name)}
    properties |= _read_variables(sent.get("cvar"))
    draft: Draft = {"properties": properties, "sdk_name": "matomo", "name": "page_view"}
    goal = str(sent.get("idgoal", ""))
    if goal:
        draft["name"] = _name_goal(goal, sent)
        properties |= _pick(sent, ORDER) if goal == "0" else {"goal": goal}
    elif kind := next((name for name in KINDS if sent.get(name)), ""):
        name, wanted = KINDS[kind]
        draft |= {"name": name or str(sent[kind])} | ({"kind": "error"} if kind == "cra" else {})
        properties |= _pick(sent, wanted)
        if kind == "cra":
            CRASH.read(sent, draft)
    return _fill(sent, draft, trusted)


def _fill(sent: dict[str, Any], draft: Draft, trusted: bool) -> Draft:
    """Fill what every sent has: page, person, device, screen, and what a server claims."""
    put_screen(sent.get("res"), draft)
    if trusted:
        CLAIMS.read(sent, draft)
        written = read_moment(sent.get("cdt"))
        draft |= {"occurred_at": written} if written is not None else {}
    return FIELDS.read({name: one for name, one in sent.items() if one != ""}, draft)


def _name_goal(goal: str, sent: dict[str, Any]) -> str:
    """Give the name of a conversion; goal 0 is the shop, an order if it has a number."""
    if goal != "0":
        return "goal"
    return "order" if sent.get("ec_id") else "cart_update"


def _pick(sent: dict[str, Any], wanted: Mapping[str, str]) -> dict[str, Any]:
    """Give the wanted parameters as properties, numbers as numbers."""
    picked = {}
    for name, ours in wanted.items():
        value = sent.get(name)
        if name in NUMBERS:
            value = read_number(value)
        if value not in (None, ""):
            picked[ours] = value
    return picked


def _read_variables(text: object) -> dict[str, Any]:
    """Give custom variables, `{"1": ["name", "value"]}` in JSON, as properties."""
    held = peek_object(text.encode(errors="replace")) if isinstance(text, str) else {}
    pairs = [one for one in held.values() if isinstance(one, list) and len(one) == 2]
    return {one[0]: one[1] for one in pairs if isinstance(one[0], str)}
