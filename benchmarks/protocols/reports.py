"""Bodies that tell of faults and speed: Sentry, OpenTelemetry, reports of browsers, web-vitals."""

from __future__ import annotations

from typing import Any

from benchmarks.protocols.people import (
    AGENT,
    LOCALE,
    NAME,
    RECEIVED_AT,
    ZONE,
    Visit,
    to_json,
    visits,
)
from collector.protocols.protocol import Request

FRAMES = 20
"""Frames of a stack."""

CRUMBS = 10
"""What happened before an error, as Sentry tells it."""


def make_sentry(first: int, count: int) -> Request:
    """Give an envelope with one error, its stack, and what came before it."""
    one = Visit(first)
    head = {"event_id": one.event_id.replace("-", ""), "sent_at": RECEIVED_AT.isoformat()}
    body = to_json(_sentry_event(one))
    item = to_json({"type": "event", "length": len(body)})
    path = "/api/42/envelope"
    return Request(path, "sentry_key=sk_b_x", body=b"\n".join([to_json(head), item, body]))


def _sentry_event(one: Visit) -> dict[str, Any]:
    frames = [
        {
            "filename": f"https://soq.example/assets/page{number}.js",
            "function": f"handle{number}",
            "lineno": 10 + number,
            "colno": 7,
            "in_app": True,
        }
        for number in range(FRAMES)
    ]
    crumbs = [
        {"timestamp": one.unix_ms / 1000, "category": "ui.click", "message": "body > a.listing"}
        for _ in range(CRUMBS)
    ]
    fault = {
        "type": "TypeError",
        "value": f"horse {one.number % 97} is undefined",
        "stacktrace": {"frames": frames},
        "mechanism": {"type": "onerror", "handled": False},
    }
    return {
        "event_id": one.event_id.replace("-", ""),
        "timestamp": one.unix_ms / 1000,
        "platform": "javascript",
        "level": "error",
        "environment": "production",
        "release": "soq@2.1.0",
        "exception": {"values": [fault]},
        "breadcrumbs": crumbs,
        "user": {"id": one.person},
        "request": {"url": one.url, "headers": {"User-Agent": AGENT, "Referer": one.referrer}},
        "contexts": {"culture": {"locale": LOCALE, "timezone": ZONE}},
        "tags": {name: str(value) for name, value in one.properties.items()},
        "sdk": {"name": "sentry.javascript.browser", "version": "11.12.0"},
    }


def make_otlp_json(first: int, count: int) -> Request:
    """Give log records as OpenTelemetry's SDK for browsers writes them."""
    records = [
        {
            "timeUnixNano": str(one.unix_ms * 1_000_000),
            "severityNumber": 9,
            "severityText": "INFO",
            "eventName": NAME,
            "body": {"stringValue": one.title},
            "attributes": _pairs(_otlp_attributes(one)),
        }
        for one in visits(first, count)
    ]
    scopes = [{"scope": {"name": "web"}, "logRecords": records}]
    logs = [{"resource": {"attributes": _pairs(_RESOURCE)}, "scopeLogs": scopes}]
    kind = {"content-type": "application/json"}
    return Request("/v1/logs", "", kind, to_json({"resourceLogs": logs}))


_RESOURCE = {
    "service.name": "soq",
    "service.version": "2.1.0",
    "telemetry.sdk.language": "webjs",
    "telemetry.sdk.name": "opentelemetry",
    "telemetry.sdk.version": "2.12.1",
}


def _otlp_attributes(one: Visit) -> dict[str, Any]:
    told = {"user.id": one.person, "session.id": one.session, "url.full": one.url}
    return told | one.properties


def _pairs(told: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _any_value(value)} for name, value in told.items()]


def _any_value(value: object) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def make_otlp_protobuf(first: int, count: int) -> Request:
    """Give the same records as OpenTelemetry's SDKs for servers write them."""
    records = b"".join(_field(2, _record(one)) for one in visits(first, count))
    resource = _field(1, _attributes(1, _RESOURCE))
    scopes = _field(2, _field(1, _field(1, b"app")) + records)
    kind = {"content-type": "application/x-protobuf"}
    return Request("/v1/logs", "", kind, _field(1, resource + scopes))


def _record(one: Visit) -> bytes:
    time = (1 << 3 | 1).to_bytes() + (one.unix_ms * 1_000_000).to_bytes(8, "little")
    severity = bytes([2 << 3, 9]) + _field(3, b"INFO")
    body = _field(5, _field(1, one.title.encode()))
    named = _field(12, NAME.encode())
    return time + severity + body + _attributes(6, _otlp_attributes(one)) + named


def _attributes(number: int, told: dict[str, Any]) -> bytes:
    return b"".join(
        _field(number, _field(1, name.encode()) + _field(2, _coded(value)))
        for name, value in told.items()
    )


def _coded(value: object) -> bytes:
    if isinstance(value, int):
        return bytes([(2 if isinstance(value, bool) else 3) << 3]) + _varint(int(value))
    return _field(1, str(value).encode())


def _field(number: int, value: bytes) -> bytes:
    """Give a field of protobuf that holds bytes."""
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    made = bytearray()
    while value > 127:
        made.append(value & 127 | 128)
        value >>= 7
    return bytes([*made, value])


def make_reports(first: int, count: int) -> Request:
    """Give reports that a browser sends by itself."""
    reports = [
        {
            "type": "csp-violation",
            "age": 100,
            "url": one.url,
            "user_agent": AGENT,
            "body": {
                "documentURL": one.url,
                "blockedURL": "https://elsewhere.example/advert.js",
                "effectiveDirective": "script-src-elem",
                "originalPolicy": "script-src 'self'; report-to default",
                "disposition": "enforce",
                "statusCode": 200,
                "lineNumber": 12,
                "columnNumber": 3,
                "sourceFile": "https://soq.example/assets/page.js",
                "sample": "",
            },
        }
        for one in visits(first, count)
    ]
    return Request("/v1/reports", body=to_json(reports))


def make_web_vitals(first: int, count: int) -> Request:
    """Give the beacon of one figure."""
    one = Visit(first)
    entries = [{"name": one.url, "entryType": "navigation", "startTime": 0, "duration": 131.8}]
    figure = {
        "name": "LCP",
        "value": 1_234.5 + one.number,
        "rating": "good",
        "delta": 1_234.5,
        "id": f"v6-{one.unix_ms}-{one.number}",
        "navigationType": "navigate",
        "entries": entries,
    }
    headers = {"referer": one.url}
    return Request("/v1/web-vitals", "", headers, to_json(figure))
