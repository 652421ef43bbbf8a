"""OpenTelemetry's OTLP over HTTP: logs, as JSON or protobuf; of traces and metrics only the number.

A log record with an event's name is an event, one with an exception or without a name a
diagnostic. Each span and each data point of a metric is counted as `kind_unwanted`. Source: OTLP
specification 1.x, semantic conventions; requests of the SDKs as captured.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Any

from collector.outcomes import BadRequest
from collector.protocols.bodies import object_in, read_object, text_in
from collector.protocols.fields import Draft, FieldMap, put, read_identifier, read_number, read_text
from collector.protocols.maker import Maker
from collector.protocols.native_wire import NAME_CHARS_MAX
from collector.protocols.otlp_attributes import (
    ATTRIBUTES,
    DROPPED,
    RESOURCE,
    consents_of,
    to_object,
    to_value,
)
from collector.protocols.otlp_protobuf import read_protobuf
from collector.protocols.protocol import Answer, Endpoint, Protocol, Request
from collector.protocols.terms import Terms
from collector.raw_event import Decoded, Sender
from collector.verdicts import Verdict

RECORD = FieldMap({"timeUnixNano": "occurred_at_ns", "observedTimeUnixNano": "occurred_at_ns"})
"""Fields of a log record itself."""

NAMES = {
    "browser.page_view": "page_view",
    "app.screen.view": "screen_view",
    "device.screen_view": "screen_view",
}
"""Names of events that mean what ours mean."""

RENAMED = {"app.screen.name": "screen"}
"""Attribute of an event -> property."""

CRASHES = frozenset({"app.crash", "device.app.crash", "device.crash"})
VITALS = frozenset({"browser.web_vital"})

EXCEPTION = ("exception_type", "exception_message", "exception_stack")
ERROR_SEVERITY, FATAL_SEVERITY = 17, 21
"""Least severity numbers of ERROR and FATAL."""

HEADERS = ("http.request.header.", "http.response.header.")


def decode_logs(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode log records.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `body_too_large`, `events_too_many`.
    """
    records = _records(read_body(request, "logs"), request.body)
    return Maker("otlp", sender, terms).add_all(records, map_record)


def _records(body: dict[str, Any], sent: bytes) -> Iterator[object]:
    """Give each log record with its resource, and the id that it has where it names none.

    A request that is sent again is the same byte for byte: its digest and the record's place in it
    tell a record from any other, since it holds moments in nanoseconds.
    """
    digest, number = blake2b(sent, digest_size=12).hexdigest(), 0
    for group in _objects(body, "resourceLogs"):
        resource = to_object(object_in(group, "resource").get("attributes"))
        for scope in _objects(group, "scopeLogs"):
            for record in _values(scope, "logRecords"):
                known = {"resource": resource, "event_id": f"{digest}-{number}"}
                yield known | {"record": record} if isinstance(record, dict) else None
                number += 1


def map_record(item: dict[str, Any]) -> Draft:
    """Give the draft of one log record."""
    record, resource = item["record"], item["resource"]
    attributes = to_object(record.get("attributes"))
    draft: Draft = {"properties": attributes, "consents": consents_of(resource, attributes)}
    name = text_in(record, "eventName") or (read_text(attributes.get("event.name")) or "")
    attributes.pop("event.name", None)
    _take_headers(attributes, draft)
    ATTRIBUTES.take(attributes, draft)
    RECORD.read({key: value for key, value in record.items() if value not in (0, "0")}, draft)
    RESOURCE.read(resource, draft)
    if "occurred_at_ns" in draft:
        draft.setdefault("event_id", item["event_id"])
    body = to_value(record.get("body"))
    if isinstance(body, dict):
        draft["properties"] = attributes = body | attributes
        body = None
    _settle(draft, name, read_number(record.get("severityNumber")) or 0, read_text(body))
    return draft


def _settle(draft: Draft, name: str, severity: float, text: str | None) -> None:
    """Settle what a record is: an event, a figure, an exception or a line of a log."""
    if name in VITALS:
        _settle_vital(draft, draft["properties"])
        return
    if name in CRASHES or not draft.keys().isdisjoint(EXCEPTION):
        kind = "crash" if name in CRASHES or severity >= FATAL_SEVERITY else "error"
        draft |= {"name": kind, "kind": kind}
    elif name:
        draft["name"] = NAMES.get(name, name)
        for theirs in RENAMED.keys() & draft["properties"].keys():
            draft["properties"].setdefault(RENAMED[theirs], draft["properties"].pop(theirs))
        if text is not None:
            draft["properties"].setdefault("body", text)
        return
    else:
        kind = "error" if severity >= ERROR_SEVERITY else "log"
        draft |= {"name": kind, "kind": kind}
    if text is not None:
        draft.setdefault("exception_message", text)


def _settle_vital(draft: Draft, properties: dict[str, Any]) -> None:
    """Make a figure of a web vital."""
    name, value = properties.pop("name", ""), read_number(properties.pop("value", None))
    put_each(properties.pop("id", None), draft)
    draft |= {"name": "web_vital", "kind": "performance"}
    if value is not None and isinstance(name, str):
        unit = "" if name == "CLS" else "ms"
        draft["measurements"] = [{"name": name[:NAME_CHARS_MAX], "value": value, "unit": unit}]


def _take_headers(attributes: dict[str, Any], draft: Draft) -> None:
    """Take the headers of other requests out; what they held is looked for in texts."""
    for name in [name for name in attributes if name.startswith(HEADERS)]:
        put_each(attributes.pop(name), draft)


def put_each(value: Any, draft: Draft) -> None:
    """Have a value, or each of a list, looked for in the event's texts."""
    for one in value if isinstance(value, list) else [value]:
        if (read := read_identifier(one)) is not None:
            put(draft, "other_id", read)


def decode_traces(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Count spans. Errors: as `decode_logs`."""
    groups = _objects(read_body(request, "traces"), "resourceSpans")
    scopes = (scope for group in groups for scope in _objects(group, "scopeSpans"))
    return _count(sum(len(_values(scope, "spans")) for scope in scopes), terms)


def decode_metrics(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Count data points. Errors: as `decode_logs`."""
    groups = _objects(read_body(request, "metrics"), "resourceMetrics")
    scopes = (scope for group in groups for scope in _objects(group, "scopeMetrics"))
    metrics = (metric for scope in scopes for metric in _objects(scope, "metrics"))
    points = (_values(one, "dataPoints") for metric in metrics for one in metric.values())
    return _count(sum(len(some) for some in points), terms)


def _count(number: int, terms: Terms) -> Decoded:
    """Give so many items of a kind that is not collected.

    Errors: BadRequest `events_too_many`.
    """
    if number > terms.limits.events_per_request_max:
        raise BadRequest("events_too_many")
    return Decoded([], [], [(index, "kind_unwanted") for index in range(number)])


def read_body(request: Request, message: str) -> dict[str, Any]:
    """Give a body of either form as the object of its JSON form. Errors: as `decode_logs`."""
    if is_json(request):
        return read_object(request.body)
    return read_protobuf(request.body, message)


def is_json(request: Request) -> bool:
    """Tell JSON from protobuf: by the content type, without one by the first byte."""
    kind = request.headers.get("content-type", "").lower()
    if "protobuf" in kind or "json" in kind:
        return "protobuf" not in kind
    return request.body.startswith(b"{")


def answer_empty(request: Request, verdict: Verdict, trusted: bool) -> Answer:
    """Answer as a collector that took everything, in the form of the request."""
    if is_json(request):
        return Answer(b"{}")
    return Answer(headers={"content-type": "application/x-protobuf"})


def _values(item: Any, name: str) -> list[Any]:
    """Give the list under a name, an empty one where there is none."""
    value = item.get(name) if isinstance(item, dict) else None
    return value if isinstance(value, list) else []


def _objects(item: Any, name: str) -> list[dict[str, Any]]:
    """Give the objects of the list under a name."""
    return [one for one in _values(item, name) if isinstance(one, dict)]


PROTOCOL = Protocol(
    "otlp",
    (
        Endpoint("/v1/logs", decode_logs, answer_empty),
        Endpoint("/v1/traces", decode_traces, answer_empty),
        Endpoint("/v1/metrics", decode_metrics, answer_empty),
    ),
    fields={**ATTRIBUTES.table, **RESOURCE.table, **RECORD.table},
    dropped=DROPPED,
)
