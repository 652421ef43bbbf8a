"""The smallest request that says something, in each vendor's form."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

URL = (
    "https://soq.example/install?utm_source=mail&utm_medium=letter&utm_campaign=autumn"
    "&utm_term=boots&utm_content=top&gclid=Cj0abc"
)

IGLU = "iglu:com.snowplowanalytics.snowplow"

Sent = tuple[str, Any]
"""Path with its query, and the body: JSON of an object, or text as it stands."""


def segment(**item: Any) -> Sent:
    return "/segment/v1/batch", {"batch": [{"anonymousId": "d-1", **item}]}


def rudderstack(**item: Any) -> Sent:
    moment = {"originalTimestamp": "2026-11-22T05:11:11Z"}
    return "/rudderstack/v1/batch", {"batch": [{"anonymousId": "d-1", **moment, **item}]}


def posthog(event: str, **properties: Any) -> Sent:
    one = {"event": event, "distinct_id": "d-1", "properties": properties}
    return "/posthog/batch", {"api_key": "k", "batch": [one]}


def amplitude(kind: str, **item: Any) -> Sent:
    one = {"event_type": kind, "device_id": "d-1", **item}
    return "/amplitude/2/httpapi", {"api_key": "k", "events": [one]}


def mixpanel(event: str, **properties: Any) -> Sent:
    one = {"event": event, "properties": {"token": "k", "$device_id": "d-1", **properties}}
    return "/mixpanel/track", [one]


def otlp(name: str, severity: Any = 9, **attributes: Any) -> Sent:
    def wrap(value: Any) -> dict[str, Any]:
        return {"stringValue" if isinstance(value, str) else "doubleValue": value}

    pairs = [{"key": key.replace("__", "."), "value": wrap(v)} for key, v in attributes.items()]
    record = {"eventName": name, "severityNumber": severity, "attributes": pairs}
    return "/otlp/v1/logs", {"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}


def plausible(name: str, **item: Any) -> Sent:
    return "/plausible/api/event", {"n": name, "d": "soq", "u": URL, **item}


def umami(kind: str = "event", **payload: Any) -> Sent:
    return "/umami/api/send", {"type": kind, "payload": {"website": "soq", **payload}}


def matomo(**parameters: Any) -> Sent:
    return "/matomo/matomo.php?" + urlencode({"rec": 1, "idsite": "soq", **parameters}), ""


def snowplow(**item: Any) -> Sent:
    return "/snowplow/com.snowplowanalytics.snowplow/tp2", {"schema": "x", "data": [item]}


def described(name: str, data: Any, version: str = "1-0-0") -> Sent:
    told = {"schema": f"{IGLU}/{name}/jsonschema/{version}", "data": data}
    outer = {"schema": f"{IGLU}/unstruct_event/jsonschema/1-0-0", "data": told}
    return snowplow(e="ue", ue_pr=json.dumps(outer))


def measured(name: str, **params: Any) -> Sent:
    body = {"client_id": "d-1", "events": [{"name": name, "params": params}]}
    return "/google/mp/collect?measurement_id=G-1&api_secret=k", body


def tagged(**parameters: Any) -> Sent:
    return "/google/g/collect?" + urlencode({"v": 2, "tid": "G-1", "cid": "d-1", **parameters}), ""


def universal(**parameters: Any) -> Sent:
    return "/google/collect", urlencode({"v": 1, "tid": "UA-1", "cid": "d-1", **parameters})


def sentry(**event: Any) -> Sent:
    event_id = "9ec79c33ec9942ab8353589fcb2e04dc"
    lines = [{"event_id": event_id}, {"type": "event"}, {"event_id": event_id, **event}]
    return "/sentry/api/1/envelope", "\n".join(map(json.dumps, lines))


def native(**event: Any) -> Sent:
    return "/v1/events", {"events": [event]}
