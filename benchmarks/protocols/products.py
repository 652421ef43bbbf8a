"""Bodies of SDKs for products: Segment, RudderStack, PostHog, Amplitude, Mixpanel, Glean."""

from __future__ import annotations

from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

from benchmarks.protocols.people import (
    AGENT,
    HEIGHT,
    LOCALE,
    NAME,
    RECEIVED_AT,
    WIDTH,
    ZONE,
    Visit,
    to_json,
    visits,
)
from collector.protocols.protocol import Request


def make_segment(first: int, count: int) -> Request:
    """Give a batch of Segment's SDK for browsers."""
    items = [_item(one, "analytics.js", "npm:next-1.84.3") for one in visits(first, count)]
    body = {"writeKey": "sk_b_x", "batch": items, "sentAt": RECEIVED_AT.isoformat()}
    return Request("/v1/b", body=to_json(body))


def make_rudderstack(first: int, count: int) -> Request:
    """Give a batch of RudderStack's SDK for servers."""
    items = [
        _item(one, "analytics-node", "3.0.13") | {"channel": "server"}
        for one in visits(first, count)
    ]
    return Request("/v1/batch", body=to_json({"batch": items, "sentAt": RECEIVED_AT.isoformat()}))


def _item(one: Visit, library: str, version: str) -> dict[str, Any]:
    page = {"path": one.path, "referrer": one.referrer, "title": one.title, "url": one.url}
    return {
        "type": "track",
        "event": NAME,
        "messageId": one.event_id,
        "timestamp": one.iso,
        "userId": one.person,
        "anonymousId": one.device,
        "properties": one.properties,
        "integrations": {},
        "context": {
            "page": page,
            "userAgent": AGENT,
            "locale": LOCALE,
            "timezone": ZONE,
            "library": {"name": library, "version": version},
            "screen": {"width": WIDTH, "height": HEIGHT},
            "campaign": {"source": "mail", "name": "autumn"},
        },
    }


def make_posthog(first: int, count: int) -> Request:
    """Give a batch of PostHog's SDK for browsers, which tells much of the page with each event."""
    batch = [
        {
            "uuid": one.event_id,
            "event": NAME,
            "timestamp": one.iso,
            "properties": one.properties | _posthog_page(one),
        }
        for one in visits(first, count)
    ]
    return Request("/e", body=to_json({"api_key": "sk_b_x", "batch": batch}))


def _posthog_page(one: Visit) -> dict[str, Any]:
    absent = ("utm_medium", "utm_content", "utm_term", "gad_source", "gclid", "fbclid", "msclkid")
    return {
        "distinct_id": one.person,
        "$device_id": one.device,
        "$session_id": one.session,
        "$window_id": one.session,
        "$current_url": one.url,
        "$host": "soq.example",
        "$pathname": one.path,
        "$referrer": one.referrer,
        "$referring_domain": "search.example",
        "$title": one.title,
        "$os": "Android",
        "$browser": "Chrome",
        "$browser_version": 153,
        "$device_type": "Mobile",
        "$raw_user_agent": AGENT,
        "$browser_language": LOCALE,
        "$timezone": ZONE,
        "$screen_height": HEIGHT,
        "$screen_width": WIDTH,
        "$viewport_height": HEIGHT - 200,
        "$viewport_width": WIDTH,
        "$lib": "web",
        "$lib_version": "1.449.2",
        "$insert_id": one.event_id[:16],
        "$time": one.unix_ms / 1000,
        "utm_source": "mail",
        "utm_campaign": "autumn",
        "token": "sk_b_x",
        **dict.fromkeys(absent),
    }


def make_amplitude(first: int, count: int) -> Request:
    """Give a batch of Amplitude's SDKs."""
    events = [
        {
            "event_type": NAME,
            "time": one.unix_ms,
            "insert_id": one.event_id,
            "user_id": one.person,
            "device_id": one.device,
            "session_id": one.unix_ms - one.unix_ms % 1_800_000,
            "platform": "Web",
            "language": LOCALE,
            "library": "amplitude-ts/2.45.6",
            "user_agent": AGENT,
            "event_properties": one.properties
            | {"[Amplitude] Page URL": one.url, "[Amplitude] Page Title": one.title},
        }
        for one in visits(first, count)
    ]
    body = {"api_key": "sk_b_x", "events": events, "options": {"min_id_length": 1}}
    return Request("/2/httpapi", body=to_json(body))


def make_mixpanel(first: int, count: int) -> Request:
    """Give a batch of Mixpanel's SDK for browsers: a form that holds JSON in base64."""
    events = [
        {
            "event": NAME,
            "properties": one.properties
            | {
                "token": "sk_b_x",
                "time": one.unix_ms / 1000,
                "$insert_id": one.event_id,
                "distinct_id": one.person,
                "$device_id": one.device,
                "$user_id": one.person,
                "$current_url": one.url,
                "$referrer": one.referrer,
                "current_page_title": one.title,
                "$os": "Android",
                "$browser": "Chrome",
                "$browser_version": 153,
                "$screen_height": HEIGHT,
                "$screen_width": WIDTH,
                "mp_lib": "web",
                "$lib_version": "2.83.0",
            },
        }
        for one in visits(first, count)
    ]
    form = urlencode({"data": b64encode(to_json(events)).decode()})
    kind = {"content-type": "application/x-www-form-urlencoded"}
    return Request("/track", "verbose=1&ip=1", kind, form.encode())


def make_glean(first: int, count: int) -> Request:
    """Give a ping of events."""
    start, *_ = happened = visits(first, count)
    events = [
        {
            "category": "listing",
            "name": "view",
            "timestamp": one.unix_ms - start.unix_ms,
            "extra": {name: str(value) for name, value in one.properties.items()},
        }
        for one in happened
    ]
    client = {
        "client_id": start.device,
        "session_id": start.session,
        "app_display_version": "2.1.0",
        "app_channel": "release",
        "architecture": "arm64",
        "device_model": "Pixel 9",
        "locale": LOCALE,
        "os": "Android",
        "os_version": "15",
        "first_run_date": "2026-11-20+00:00",
        "telemetry_sdk_build": "71.0.0",
    }
    ping = {"seq": 3, "start_time": start.iso, "end_time": happened[-1].iso, "reason": "max"}
    body = {"client_info": client, "ping_info": ping, "events": events}
    return Request(f"/submit/soq/events/1/{start.event_id}", body=to_json(body))
