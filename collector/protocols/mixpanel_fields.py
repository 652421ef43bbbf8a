"""What Mixpanel's events and updates of profiles become."""

from __future__ import annotations

from typing import Any

from collector.protocols.bodies import object_in, text_in
from collector.protocols.fields import READERS, Draft, FieldMap, put, read_identifier, read_number
from collector.protocols.maker import CONSENT_PROPERTIES

NAMES = {"$mp_web_page_view": "page_view", "$identify": "identify", "$screen_view": "screen_view"}
"""Names of Mixpanel's own events that mean what ours mean."""

UNWANTED = frozenset({"$create_alias", "$merge"})
"""Events that join two ids of a person, which are kept apart here."""

IDS = {
    "$user_id": "person",
    "$identified_id": "person",
    "$device_id": "device",
    "$anon_id": "device",
    "$anon_distinct_id": "device",
    "$ios_ifa": "advertising_id",
    "$ios_ifv": "other_id",
    "$android_advertising_id": "advertising_id",
    "$ip": "address",
    "ip": "address",
}

FIELDS = FieldMap(
    IDS
    | {
        "$insert_id": "event_id",
        "$current_url": "url",
        "$referrer": "referrer",
        "current_page_title": "title",
        "utm_source": "campaign_source",
        "utm_medium": "campaign_medium",
        "utm_campaign": "campaign_name",
        "utm_term": "campaign_term",
        "utm_content": "campaign_content",
        "$screen_width": "screen_width",
        "$screen_height": "screen_height",
        "$latitude": "latitude",
        "$longitude": "longitude",
        "$model": "device_model",
        "$app_version_string": "app_version",
        "$app_version": "app_version",
        "$lib_version": "sdk_version",
        "revenue": "revenue",
        "currency": "currency",
    },
    flat=True,
)
"""Properties of an event; what is left of them are its properties."""

PROFILE = FieldMap(IDS, flat=True)
"""Fields of an update of a profile."""

DEVICE_PREFIX = "$device:"
"""Before a device's id where it stands for a person's."""

BOOKKEEPING = (
    *("token", "api_key", "mp_sent_by_lib_version", "$mp_api_endpoint", "$mp_api_timestamp_ms"),
    *("$os", "$os_version", "$browser", "$browser_version", "$device", "$brand", "$manufacturer"),
    *("$carrier", "$radio", "$wifi", "$initial_referrer", "$initial_referring_domain"),
    *("$referring_domain", "current_domain", "current_url_path", "current_url_protocol"),
    *("current_url_search", "$mp_autocapture", "$ios_devices", "$android_devices"),
)
"""Properties that say what columns say, or what is not needed."""

DROPPED = {
    "$os, $browser, $manufacturer, $carrier, …": "the client is told from its user agent",
    "$initial_referrer, current_url_path, …": "repeat the page and what led to it",
    "$ios_devices, $android_devices": "tokens for messages to a device",
    "$create_alias, $merge": "join two ids of a person (`kind_unwanted`)",
    "$set, $set_once": "an `identify`, of which only declared traits stay",
    "$add, $append, $union, $remove, $unset, $delete": "no profile is kept (`kind_unwanted`)",
    "/groups": "of groups nothing is kept (`kind_unwanted`)",
    "/record": "sessions are not recorded (`kind_unwanted`)",
}

_MILLISECONDS_FROM = 100_000_000_000
"""A moment that is larger counts milliseconds since 1970; in seconds it would be the year 5138."""


def map_event(item: dict[str, Any]) -> Draft | str:
    """Give the draft of one event, or why it is none."""
    name = text_in(item, "event")
    if name in UNWANTED:
        return "kind_unwanted"
    properties = dict(object_in(item, "properties"))
    draft: Draft = {"name": NAMES.get(name, name), "properties": properties}
    library = properties.pop("mp_lib", None) or properties.pop("$lib", None)
    if isinstance(library, str):
        draft["sdk_name"] = f"mixpanel-{library}"
    _take_moment(properties.pop("time", None), draft)
    _take_distinct_id(properties.pop("distinct_id", None), properties, draft)
    FIELDS.take(properties, draft)
    for field in BOOKKEEPING:
        properties.pop(field, None)
    if (screen := properties.pop("$screen_name", None)) is not None:
        properties.setdefault("screen", screen)
    return draft


def map_profile(item: dict[str, Any]) -> Draft | str:
    """Give the draft of an update of a profile, or why it is none."""
    parts = [object_in(item, name) for name in ("$set_once", "$set")]
    traits = parts[0] | parts[1]
    if not traits:
        return "kind_unwanted"
    # Each speaks for itself: what one of them refuses, the other does not cover.
    consents = [part[name] for part in parts for name in CONSENT_PROPERTIES if name in part]
    fields = {name: value for name, value in item.items() if not isinstance(value, dict)}
    for field in (*BOOKKEEPING, *CONSENT_PROPERTIES):
        traits.pop(field, None)
    properties = {name.removeprefix("$"): value for name, value in traits.items()}
    draft: Draft = {"name": "identify", "properties": properties, "consents": consents}
    _take_moment(fields.get("$time"), draft)
    _take_distinct_id(fields.get("$distinct_id"), fields, draft)
    return PROFILE.take(fields, draft)


def _take_moment(value: Any, draft: Draft) -> None:
    """Take a moment in seconds or in milliseconds since 1970."""
    number = read_number(value)
    if number is None or number <= 0:
        return
    unit = "occurred_at_ms" if number >= _MILLISECONDS_FROM else "occurred_at_s"
    if (moment := READERS[unit](number)) is not None:
        put(draft, unit, moment)


def _take_distinct_id(value: Any, fields: dict[str, Any], draft: Draft) -> None:
    """Take the distinct id: a device's where it says so, or is that of the device; else a person's.

    Ids of devices beside it lose their prefix, so that the same id is the same.
    """
    for name in ("$device_id", "$anon_id", "$anon_distinct_id"):
        if isinstance(fields.get(name), str):
            fields[name] = fields[name].removeprefix(DEVICE_PREFIX)
    known = read_identifier(value)
    if known is not None:
        is_device = known.startswith(DEVICE_PREFIX) or known == fields.get("$device_id")
        known = known.removeprefix(DEVICE_PREFIX)
        put(draft, "device" if is_device else "person", known)
