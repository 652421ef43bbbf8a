"""Sentry's sessions, and the logs and spans of its newer SDKs, which have attributes."""

from __future__ import annotations

from typing import Any

from collector.protocols.bodies import object_in, text_in
from collector.protocols.fields import Draft, FieldMap, put, read_identifier, read_text
from collector.protocols.otlp_attributes import consents_of
from collector.protocols.sentry_events import LEVELS as OUR_LEVELS
from collector.protocols.sentry_events import (
    measurement,
    put_address,
    put_moment,
    seconds_between,
)

SESSION = FieldMap(
    {
        "did": "person",
        "sid": "session",
        "attrs.release": "release",
        "attrs.environment": "environment",
        "attrs.user_agent": "user_agent",
    }
)
"""`did` is what the SDK knows of the user: the same id as an event's `user.id`."""

COUNTS = ("exited", "errored", "crashed", "abnormal", "unhandled")
"""What counts of whole sessions tell."""

ATTRIBUTES = FieldMap(
    {
        "user.id": "person",
        "user.email": "other_id",
        "user.name": "other_id",
        "server.address": "other_id",
        "sentry.replay_id": "other_id",
        "user_agent.original": "user_agent",
        "url.full": "url",
        "sentry.release": "release",
        "sentry.environment": "environment",
        "sentry.sdk.name": "sdk_name",
        "sentry.sdk.version": "sdk_version",
        "culture.locale": "locale",
        "culture.timezone": "timezone",
        "device.model": "device_model",
    },
    flat=True,
)
"""Of logs and spans."""

VITAL = "browser.web_vital."
UNITLESS = frozenset({"cls"})
KINDS = {"fatal": "crash", "error": "error"}
"""Level of a log -> kind; others are logs."""


def map_session(item: dict[str, Any]) -> Draft:
    """Give the draft of a session's change, or of counts of sessions."""
    status = text_in(item, "status")
    figures = [measurement(name, item.get(name), "") for name in ("errors", *COUNTS)]
    duration = item.get("duration")
    if duration is None and status not in ("", "ok"):
        duration = seconds_between(item.get("started"), item.get("timestamp"))
    figures.append(measurement("duration", duration, "s"))
    draft: Draft = {
        "name": "session",
        "kind": "performance",
        "properties": {"status": status} if status else {},
        "measurements": [one for one in figures if one is not None],
    }
    moment = item.get("timestamp") or item.get("started")
    put_moment(moment, draft)
    put_address(object_in(item, "attrs").get("ip_address"), draft)
    if (sid := read_identifier(item.get("sid"))) is not None:
        # A session is told several times, as it changes.
        draft["event_id"] = f"{sid}-{read_identifier(moment)}-{status[:32]}"
    return SESSION.read(item, draft)


def map_log(item: dict[str, Any]) -> Draft:
    """Give the draft of a log."""
    attributes = _plain(object_in(item, "attributes"))
    level = text_in(item, "level")
    kind = KINDS.get(level, "log")
    draft = _start(attributes, {"level": OUR_LEVELS[level]} if level in OUR_LEVELS else {})
    draft |= {"name": kind, "kind": kind, "exception_message": read_text(item.get("body")) or ""}
    put_moment(item.get("timestamp"), draft)
    return draft


def map_span(item: dict[str, Any]) -> Draft | str:
    """Give the draft of a span: of a whole transaction, or of a web vital; of others none."""
    attributes = _plain(object_in(item, "attributes"))
    figures = [
        measurement(vital.upper(), value, "" if vital in UNITLESS else "ms")
        for name, value in attributes.items()
        if name.startswith(VITAL) and name.endswith(".value")
        for vital in [name.removeprefix(VITAL).removesuffix(".value")]
    ]
    start, end = item.get("start_timestamp"), item.get("end_timestamp")
    is_segment = item.get("is_segment") is True
    if is_segment and (seconds := seconds_between(start, end)) is not None:
        figures.insert(0, measurement("duration", seconds * 1000, "ms"))
    if not is_segment and not figures:
        return "kind_unwanted"
    op = read_text(attributes.get("sentry.op"))
    draft = _start(attributes, {"op": op} if op else {})
    name = read_text(attributes.get("sentry.segment.name"))
    if name:
        draft["properties"]["transaction"] = name.partition("?")[0]
    draft |= {"name": "performance" if is_segment else "web_vital", "kind": "performance"}
    draft["measurements"] = [one for one in figures if one is not None]
    if ids := [one for one in (item.get("trace_id"), item.get("span_id")) if isinstance(one, str)]:
        draft["event_id"] = "-".join(ids)
    put_moment(end, draft)
    return draft


def _plain(attributes: dict[str, Any]) -> dict[str, Any]:
    """Give attributes without the wrapping that tells the type of each."""
    return {
        name: one.get("value") if isinstance(one, dict) else one for name, one in attributes.items()
    }


def _start(attributes: dict[str, Any], properties: dict[str, Any]) -> Draft:
    """Give a draft with what attributes fill; none of them is a property."""
    draft: Draft = {"properties": properties, "consents": consents_of({}, dict(attributes))}
    put_address(attributes.get("user.ip_address"), draft)
    put_address(attributes.get("client.address"), draft)
    for name in ("sentry.trace.parent_span_id", "sentry.segment.id"):
        if (read := read_identifier(attributes.get(name))) is not None:
            put(draft, "other_id", read)
    return ATTRIBUTES.read(attributes, draft)
