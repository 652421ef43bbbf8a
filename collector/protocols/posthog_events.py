"""PostHog's events: what each becomes, and what of its properties stays.

Sources: PostHog's capture API; requests of posthog-js, posthog-node and posthog-python.
"""

from __future__ import annotations

from typing import Any

from collector.protocols.bodies import object_in, text_in
from collector.protocols.fields import Draft, FieldMap, put, read_identifier, read_number
from collector.protocols.identifying import target_of
from collector.protocols.maker import CONSENT_PROPERTIES

NAMES = {
    "$pageview": "page_view",
    "$pageleave": "page_leave",
    "$screen": "screen_view",
    "$identify": "identify",
    "$set": "identify",
    "$groupidentify": "group",
    "$autocapture": "autocapture",
    "$rageclick": "rage_click",
    "$feature_flag_called": "feature_flag_called",
    "$exception": "error",
    "$web_vitals": "web_vitals",
}
"""Name of a PostHog event -> name of ours; others without a dollar keep theirs."""

FIELDS = FieldMap(
    {
        "uuid": "event_id",
        "timestamp": "occurred_at",
        "sent_at": "sent_at",
        "created_at": "sent_at",
        "session_id": "session",
    }
)
"""Fields of an event, and those of its request that hold for all."""

PROPERTIES = FieldMap(
    {
        "$insert_id": "event_id",
        "$time": "occurred_at_s",
        "$session_id": "session",
        "$ip": "address",
        "$raw_user_agent": "user_agent",
        "$current_url": "url",
        "$referrer": "referrer",
        "title": "title",
        "$title": "title",
        "utm_source": "campaign_source",
        "utm_medium": "campaign_medium",
        "utm_campaign": "campaign_name",
        "utm_term": "campaign_term",
        "utm_content": "campaign_content",
        "igshid": "advertising_id",
        "qclid": "advertising_id",
        "bfcid": "advertising_id",
        "irclid": "advertising_id",
        "_kx": "advertising_id",
        "oppref": "other_id",
        "mc_eid": "other_id",
        "$timezone": "timezone",
        "$locale": "locale",
        "$browser_language": "locale",
        "$screen_width": "screen_width",
        "$screen_height": "screen_height",
        "$app_version": "app_version",
        "$device_model": "device_model",
        "revenue": "revenue",
        "currency": "currency",
        "$lib": "sdk_name",
        "$lib_version": "sdk_version",
    },
    flat=True,
)

RENAMED = {
    "$screen_name": "screen",
    "$event_type": "event_type",
    "$feature_flag": "feature_flag",
    "$feature_flag_response": "feature_flag_response",
    "$prev_pageview_duration": "previous_page_seconds",
    "$prev_pageview_max_scroll_percentage": "previous_page_scrolled_max",
}
"""PostHog's own properties that are kept -> name without its dollar."""

VITALS = {
    "LCP": "millisecond",
    "FCP": "millisecond",
    "INP": "millisecond",
    "TTFB": "millisecond",
    "CLS": "",
}
"""Web vital -> unit of its value."""

NOBODY = "$posthog_cookieless"
"""Distinct id of everybody whose device keeps nothing."""

FRAMES_MAX = 50

DROPPED = {
    "$elements, $elements_chain, $el_text": "texts of a page, among them what a person typed",
    "$set, $set_once": "of `$identify` and `$set` only traits that the catalogue declares stay",
    "$groups": "groups that a person belongs to tell the person",
    "$create_alias, $merge_dangerously": "join two ids, kept apart here (`kind_unwanted`)",
    "$snapshot, $$heatmap, $ai_…": "replays, movements, prompts and answers (`kind_unwanted`)",
    "$initial_…, $session_entry_…": "repeat the first page of a person, of a visit",
    "$os, $browser, …": "not needed: the client is told from its user agent",
}


def map_event(item: dict[str, Any]) -> Draft | str:
    """Give the draft of one event, or why it is none."""
    event = text_in(item, "event")
    if event.startswith("$") and event not in NAMES:
        return "kind_unwanted"
    sent = {k: v for k, v in object_in(item, "properties").items() if v is not None}
    draft: Draft = {"name": NAMES.get(event, event)}
    FIELDS.read(item, draft)
    _take_ids(event, item, sent, draft)
    if "event_id" in draft:
        sent.pop("$insert_id", None)
    PROPERTIES.take(sent, draft)
    draft["properties"] = _keep(sent)
    _SPECIAL.get(event, _add_nothing)(item, sent, draft)
    return draft


def _take_ids(event: str, item: dict[str, Any], sent: dict[str, Any], draft: Draft) -> None:
    """Fill person and device: a distinct id names a person once somebody was identified.

    Before that it is made by the SDK for the device. Servers send no sign of it, so that their
    ids are devices' unless they say `$is_identified`.
    """
    distinct_id = read_identifier(item.get("distinct_id") or sent.pop("distinct_id", None))
    sent.pop("distinct_id", None)
    user_id = read_identifier(sent.pop("$user_id", None))
    options = object_in(item, "options")
    if NOBODY in (distinct_id, sent.get("$device_id")) or (
        sent.get("$cookieless_mode") is True or options.get("cookieless_mode") is True
    ):
        sent.pop("$device_id", None)
        for value in (distinct_id, user_id):
            if value is not None and value != NOBODY:
                put(draft, "other_id", value)
        return
    known = event == "$identify" or sent.get("$is_identified") is True
    known = known or (user_id is not None and user_id == distinct_id)
    # Servers make an id up for each change of a group.
    made_up = event == "$groupidentify" and "$device_id" not in sent
    ids = [
        ("person" if known else "other_id" if made_up else "device", distinct_id),
        ("person", user_id),
        ("device", read_identifier(sent.pop("$device_id", None))),
        ("device", read_identifier(sent.pop("$anon_distinct_id", None))),
    ]
    for target, value in ids:
        if value is not None:
            put(draft, target, value)


def _keep(sent: dict[str, Any]) -> dict[str, Any]:
    """Give the properties that stay: those of the site's own, few of PostHog's, ids to be moved."""
    kept = {RENAMED[k]: v for k, v in sent.items() if k in RENAMED}
    for name, value in sent.items():
        if not name.startswith("$") or name in CONSENT_PROPERTIES or target_of(name):
            kept.setdefault(name, value)
    kept.pop("token", None)
    return kept


def _add_nothing(item: dict[str, Any], sent: dict[str, Any], draft: Draft) -> None:
    """Add nothing to a draft."""


def _add_traits(item: dict[str, Any], sent: dict[str, Any], draft: Draft) -> None:
    """Add what is set of a person; what was set first gives way to what is set."""
    traits: dict[str, Any] = {}
    for name in ("$set_once", "$set"):
        traits |= object_in(item, name) | object_in(sent, name)
    consents = {k: v for k, v in draft["properties"].items() if k in CONSENT_PROPERTIES}
    ids = {k: v for k, v in draft["properties"].items() if target_of(k)}
    own = {k: v for k, v in traits.items() if not k.startswith("$") and v is not None}
    draft["properties"] = own | ids | consents


def _add_group(item: dict[str, Any], sent: dict[str, Any], draft: Draft) -> None:
    """Add which group it is; what is set of it is not kept."""
    names = (("$group_type", "group_type"), ("$group_key", "group_id"))
    draft["properties"] |= {ours: sent[name] for name, ours in names if text_in(sent, name)}


def _add_exception(item: dict[str, Any], sent: dict[str, Any], draft: Draft) -> None:
    """Make a diagnostic of an exception: its type, message and stack, no line of source."""
    found = sent.get("$exception_list")
    first = found[0] if isinstance(found, list) and found else {}
    first = first if isinstance(first, dict) else {}
    told = {
        "exception_type": first.get("type") or sent.get("$exception_type"),
        "exception_message": first.get("value") or sent.get("$exception_message"),
        "exception_stack": _write_stack(object_in(first, "stacktrace").get("frames")),
    }
    draft |= {k: v for k, v in told.items() if isinstance(v, str) and v}
    draft["kind"] = "error"


def _write_stack(frames: Any) -> str:
    """Give a stack as text, one frame a line."""
    lines = []
    for frame in frames[-FRAMES_MAX:] if isinstance(frames, list) else ():
        if isinstance(frame, dict):
            file = text_in(frame, "filename").partition("?")[0]
            place = [file, *(frame.get(name) for name in ("lineno", "colno"))]
            where = ":".join(str(one) for one in place if isinstance(one, str | int))
            lines.append(f"at {text_in(frame, 'function') or '?'} ({where})")
    return "\n".join(lines)


def _add_vitals(item: dict[str, Any], sent: dict[str, Any], draft: Draft) -> None:
    """Make a diagnostic of web vitals."""
    values = ((name, read_number(sent.get(f"$web_vitals_{name}_value"))) for name in VITALS)
    draft["measurements"] = [
        {"name": name, "value": value, "unit": VITALS[name]}
        for name, value in values
        if value is not None
    ]
    draft["kind"] = "performance"


_SPECIAL = {
    "$identify": _add_traits,
    "$set": _add_traits,
    "$groupidentify": _add_group,
    "$exception": _add_exception,
    "$web_vitals": _add_vitals,
}
"""Event -> what else its draft gets."""
