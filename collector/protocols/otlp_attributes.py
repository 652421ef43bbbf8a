"""OTLP's attributes: values in their typed wrapping, what each fills here, and consent in them.

Names are those of OpenTelemetry's semantic conventions, dots included.
"""

from __future__ import annotations

import re
from typing import Any

from collector.consent.json_object import CONTRADICTORY, join_values
from collector.protocols.bodies import object_in
from collector.protocols.fields import FieldMap, read_number
from collector.protocols.maker import CONSENT_PROPERTIES

DEPTH_MAX = 32
"""Deeper values are left out whole."""

CONSENT_PREFIX = "sanaq.consent."
"""`sanaq.consent.analytics = true`, for SDKs whose attributes hold no objects."""

CONSENT_WORDS = ("policy_version", "method")
"""What may stand behind the prefix and is no purpose."""

_SAID = {"true": True, "false": False}
"""An environment's attributes are texts."""

_IDENTIFYING = {
    "user.id": "person",
    "enduser.id": "person",
    "enduser.pseudo.id": "device",
    "device.id": "device",
    "app.installation.id": "device",
    "session.id": "session",
    "session.previous_id": "other_id",
    "user.name": "other_id",
    "user.full_name": "other_id",
    "user.email": "other_id",
    "user.hash": "other_id",
    "client.address": "address",
    "source.address": "address",
    "network.peer.address": "address",
    "network.local.address": "other_id",
    "net.sock.peer.addr": "address",
    "server.address": "other_id",
    "host.id": "other_id",
    "host.name": "other_id",
    "service.instance.id": "other_id",
    "user_agent.original": "user_agent",
    "browser.user_agent": "user_agent",
    "http.user_agent": "user_agent",
}

_SHARED = {
    "service.version": "release",
    "app.version": "app_version",
    "deployment.environment.name": "environment",
    "deployment.environment": "environment",
    "device.model.name": "device_model",
    "device.model.identifier": "device_model",
    "browser.language": "locale",
}

RESOURCE = FieldMap(
    _IDENTIFYING
    | _SHARED
    | {"telemetry.sdk.name": "sdk_name", "telemetry.sdk.version": "sdk_version"},
    flat=True,
)
"""Attributes of a resource."""

ATTRIBUTES = FieldMap(
    _IDENTIFYING
    | _SHARED
    | {
        "log.record.uid": "event_id",
        "url.full": "url",
        "http.url": "url",
        "browser.document.url.full": "url",
        "browser.document.referrer": "referrer",
        "browser.document.title": "title",
        "exception.type": "exception_type",
        "exception.message": "exception_message",
        "exception.stacktrace": "exception_stack",
        "revenue": "revenue",
        "currency": "currency",
        "geo.location.lat": "latitude",
        "geo.location.lon": "longitude",
    },
    flat=True,
)
"""Attributes of a log record; what is left of them are its properties."""

DROPPED = {
    "url.query, url.fragment": "repeat the URL, whose parameters are kept by name",
    "http.request.header.*, http.response.header.*": "carry identifiers",
    "other attributes of a resource": "speak of the machine",
    "scope, traceId, spanId, flags, severityText": "join to stores of another kind",
    "spans, metrics": "not collected (`kind_unwanted`, one for each span and data point)",
}

_INT = re.compile(r"-?[0-9]{1,19}")
_REPEATED = ("url.query", "url.fragment")


def to_object(pairs: Any) -> dict[str, Any]:
    """Give a list of keys and values as an object; a repeated key never turns a no into a yes."""
    return _to_object(pairs, 0)


def to_value(wrapped: Any) -> Any:
    """Give a value out of its typed wrapping; None for bytes, and for what is none."""
    return _to_value(wrapped, 0)


def _to_object(pairs: Any, depth: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for pair in pairs if isinstance(pairs, list) else []:
        key = pair.get("key") if isinstance(pair, dict) else None
        if not isinstance(key, str) or key in _REPEATED:
            continue
        value = _to_value(pair.get("value"), depth + 1)
        made[key] = join_values(made[key], value) if key in made else value
    return {key: value for key, value in made.items() if value is not CONTRADICTORY}


def _to_value(wrapped: Any, depth: int) -> Any:
    if not isinstance(wrapped, dict) or depth > DEPTH_MAX:
        return None
    for kind in ("stringValue", "boolValue"):
        if isinstance(wrapped.get(kind), str | bool):
            return wrapped[kind]
    if (whole := _to_int(wrapped.get("intValue"))) is not None:
        return whole
    if (number := read_number(wrapped.get("doubleValue"))) is not None:
        return number
    if "kvlistValue" in wrapped:
        return _to_object(object_in(wrapped, "kvlistValue").get("values"), depth + 1)
    values = object_in(wrapped, "arrayValue").get("values")
    if isinstance(values, list):
        return [_to_value(one, depth + 1) for one in values]
    return None


def _to_int(value: Any) -> int | None:
    """Give an int64, which JSON writes as text or as a number."""
    if isinstance(value, str) and _INT.fullmatch(value):
        value = int(value)
    is_one = isinstance(value, int) and not isinstance(value, bool)
    return value if is_one and -(1 << 63) <= value < 1 << 63 else None


def consents_of(resource: dict[str, Any], attributes: dict[str, Any]) -> list[dict[str, Any]]:
    """Give what a resource and a record say of consent; the record's loses what it says so."""
    said: list[Any] = [_prefixed(resource), _prefixed(attributes)]
    said += [resource.get(name) for name in CONSENT_PROPERTIES]
    for name in [name for name in attributes if name.startswith(CONSENT_PREFIX)]:
        del attributes[name]
    return [one for one in said if isinstance(one, dict) and one]


def _prefixed(attributes: dict[str, Any]) -> dict[str, Any]:
    """Give the native consent object that attributes with our prefix spell, empty for none."""
    told = {
        name.removeprefix(CONSENT_PREFIX): _SAID.get(str(value), value)
        for name, value in attributes.items()
        if name.startswith(CONSENT_PREFIX)
    }
    if not told:
        return {}
    consent = {name: told.pop(name) for name in CONSENT_WORDS if name in told}
    return consent | {"purposes": told}
