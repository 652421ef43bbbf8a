"""Sentry's events and transactions: what each field fills here, and exceptions as text."""

from __future__ import annotations

from typing import Any

from collector.protocols.bodies import object_in, text_in
from collector.protocols.fields import Draft, FieldMap, put, read_identifier, read_number, read_text
from collector.protocols.identifying import reduce_url, target_of
from collector.protocols.maker import CONSENT_PROPERTIES
from collector.protocols.native_wire import NAME_CHARS_MAX

FIELDS = FieldMap(
    {
        "event_id": "event_id",
        "user.id": "person",
        "user.email": "other_id",
        "user.username": "other_id",
        "user.name": "other_id",
        "server_name": "other_id",
        "contexts.device.id": "other_id",
        "contexts.device.device_unique_identifier": "other_id",
        "contexts.app.device_app_hash": "other_id",
        "contexts.device.model": "device_model",
        "contexts.app.app_version": "app_version",
        "contexts.culture.locale": "locale",
        "contexts.culture.timezone": "timezone",
        "request.url": "url",
        "request.headers.Referer": "referrer",
        "release": "release",
        "environment": "environment",
        "sdk.name": "sdk_name",
        "sdk.version": "sdk_version",
    }
)

DROPPED = {
    "breadcrumbs, extra, tags, modules, fingerprint": "free places, where anything may stand",
    "contexts.* but those above": "likewise; the client is told from its user agent",
    "request.headers, .cookies, .env, .data": "carry identifiers, which are looked for in texts",
    "exception …frames[].vars, .pre_context, .context_line": "values and lines of the program",
    "spans of a transaction, trace ids": "a trace is not collected; its own duration is",
    "replay_event, replay_recording, profile, attachment, feedback, check_in, trace_metric, "
    "client_report": "not collected (`kind_unwanted`)",
}

KEPT = ("logger", "platform", "dist")
"""Fields of an event that are properties under their own names."""

LEVELS = {
    **{name: name for name in ("debug", "info", "warning", "error")},
    "trace": "debug",
    "log": "info",
    "warn": "warning",
}
"""Sentry's level -> ours; others are none."""

CONSENT_TAG = "sanaq.consent."
"""`sanaq.consent.analytics = false` as a tag, where a context with the native object is much."""

_SAID = {"true": True, "false": False}
"""Tags are texts."""

FRAMES_MAX = 250
EXCEPTIONS_MAX = 20

UNITS = {
    "millisecond": "ms",
    "second": "s",
    "microsecond": "us",
    "nanosecond": "ns",
    "none": "",
    "ratio": "",
}
"""Sentry's unit -> ours; others stay as they are."""

MEASUREMENTS_MAX = 50


def map_event(item: dict[str, Any]) -> Draft | str:
    """Give the draft of an event: an exception or a message."""
    draft = start_draft(item)
    properties = draft["properties"]
    exceptions = _objects_under(item, "exception")
    level = text_in(item, "level") or "error"
    is_error = level in ("error", "fatal")
    if exceptions and text_in(exceptions[-1], "type"):
        _tell_exception(exceptions, draft)
        mechanism = object_in(exceptions[-1], "mechanism")
        properties["mechanism"] = read_text(mechanism.get("type"))
        properties["handled"] = mechanism.get("handled") is not False
        is_error = True
    elif message := _message_of(item, exceptions):
        draft["exception_message"] = message
    elif exceptions:
        _tell_exception(exceptions, draft)
    kind = "crash" if level == "fatal" else "error" if is_error else "log"
    return draft | {"name": kind, "kind": kind, "properties": _without_none(properties)}


def map_transaction(item: dict[str, Any]) -> Draft | str:
    """Give the draft of a transaction: how long it took, and what else was measured."""
    draft = start_draft(item)
    trace = object_in(object_in(item, "contexts"), "trace")
    properties = draft["properties"] | {name: text_in(trace, name) for name in ("op", "status")}
    figures = _measurements_of(object_in(item, "measurements"))
    duration = seconds_between(item.get("start_timestamp"), item.get("timestamp"))
    if duration is not None:
        figures.insert(0, {"name": "duration", "value": duration * 1000, "unit": "ms"})
    draft |= {"name": "performance", "kind": "performance", "measurements": figures}
    return draft | {"properties": _without_none(properties)}


def start_draft(item: dict[str, Any]) -> Draft:
    """Give the draft of what events and transactions have alike."""
    transaction = text_in(item, "transaction").partition("?")[0]
    properties: dict[str, Any] = {name: read_text(item.get(name)) for name in KEPT}
    properties |= {"level": LEVELS.get(text_in(item, "level")), "transaction": transaction}
    draft: Draft = {
        "properties": properties,
        "consents": _consents_of(item),
    }
    _take_request(object_in(item, "request"), draft)
    put_address(object_in(item, "user").get("ip_address"), draft)
    put_moment(item.get("timestamp"), draft)
    return FIELDS.read(item, draft)


def put_moment(value: Any, draft: Draft) -> None:
    """Fill when something occurred: a number of seconds since 1970, or an ISO 8601 text."""
    target = "occurred_at" if isinstance(value, str) else "occurred_at_s"
    FieldMap({"value": target}).read({"value": value}, draft)


def put_address(value: Any, draft: Draft) -> None:
    """Fill an address; `{{auto}}` asks to take that of the connection, as is done anyway."""
    if (read := read_identifier(value)) is not None and read != "{{auto}}":
        put(draft, "address", read)


def seconds_between(start: Any, end: Any) -> float | None:
    """Give the seconds between two moments in either form, None where there are not both."""
    moments: list[float] = []
    for value in (start, end):
        draft: Draft = {}
        if isinstance(value, str):
            put_moment(value, draft)
            number = draft.get("occurred_at")
            number = number / 1000 if number is not None else None
        else:
            number = read_number(value)
        if number is None:
            return None
        moments.append(number)
    # Seconds since 1970 with a fraction are exact to a microsecond at most.
    return max(round(moments[1] - moments[0], 6), 0.0)


def measurement(name: str, value: Any, unit: str) -> dict[str, Any] | None:
    """Give a measurement, None where the value is no number."""
    number = read_number(value)
    if number is None:
        return None
    return {"name": name[:NAME_CHARS_MAX], "value": round(number, 6), "unit": unit[:NAME_CHARS_MAX]}


def _measurements_of(sent: dict[str, Any]) -> list[dict[str, Any]]:
    """Give the measurements of a transaction."""
    made = []
    for name, one in list(sent.items())[:MEASUREMENTS_MAX]:
        if isinstance(one, dict):
            unit = text_in(one, "unit")
            made.append(measurement(name, one.get("value"), UNITS.get(unit, unit)))
    return [one for one in made if one is not None]


def _consents_of(item: dict[str, Any]) -> list[dict[str, Any]]:
    """Give what an event says of consent: a context or an extra of our name, and tags."""
    places = (object_in(item, "contexts"), object_in(item, "extra"))
    said = [place.get(name) for place in places for name in CONSENT_PROPERTIES]
    sent = item.get("tags")
    tags = sent.items() if isinstance(sent, dict) else sent if isinstance(sent, list) else ()
    for pair in tags:
        name, value = pair if isinstance(pair, list | tuple) and len(pair) == 2 else ("", None)
        if isinstance(name, str) and name.startswith(CONSENT_TAG):
            granted = _SAID.get(value.lower()) if isinstance(value, str) else value
            said.append({"purposes": {name.removeprefix(CONSENT_TAG): granted}})
    return [one for one in said if isinstance(one, dict) and one]


def _take_request(request: dict[str, Any], draft: Draft) -> None:
    """Take identifiers out of a request's headers and environment, of which nothing is kept."""
    for group in ("headers", "env"):
        sent = request.get(group)
        pairs = sent.items() if isinstance(sent, dict) else _pairs_in(sent)
        for name, value in pairs:
            target = target_of(str(name).upper().removeprefix("HTTP_"))
            read = read_identifier(value) if target is not None else None
            if read is None:
                continue
            if target == "address":
                put(draft, "address", read.partition(",")[0].strip())
            else:
                put(draft, "user_agent" if target == "user_agent" else "other_id", read)
    cookies = request.get("cookies")
    for value in cookies.values() if isinstance(cookies, dict) else [cookies]:
        if (read := read_identifier(value)) is not None:
            put(draft, "other_id", read)


def _pairs_in(sent: Any) -> list[Any]:
    """Give headers that are written as a list of pairs."""
    listed = sent if isinstance(sent, list) else []
    return [pair for pair in listed if isinstance(pair, list) and len(pair) == 2]


def _message_of(item: dict[str, Any], exceptions: list[dict[str, Any]]) -> str:
    """Give the message of an event, as it was formatted."""
    for entry in (item.get("logentry"), item.get("message")):
        if isinstance(entry, str) and entry:
            return entry
        told = entry if isinstance(entry, dict) else {}
        if found := text_in(told, "formatted") or text_in(told, "message"):
            return found
    return text_in(exceptions[-1], "value") if exceptions else ""


def _tell_exception(exceptions: list[dict[str, Any]], draft: Draft) -> None:
    """Fill the exception: the last one is what was caught, those before are what caused it."""
    last = exceptions[-1]
    stack = "\n".join(_write_exception(one) for one in reversed(exceptions[-EXCEPTIONS_MAX:]))
    told = {
        "exception_type": last.get("type"),
        "exception_message": last.get("value"),
        "exception_stack": stack,
    }
    _EXCEPTION.read(told, draft)


_EXCEPTION = FieldMap(
    {name: name for name in ("exception_type", "exception_message", "exception_stack")}
)


def _write_exception(exception: dict[str, Any]) -> str:
    """Give one exception as text: its type, and the innermost frame first."""
    frames = object_in(exception, "stacktrace").get("frames")
    kept = [one for one in frames if isinstance(one, dict)] if isinstance(frames, list) else []
    kind, value = text_in(exception, "type") or "Error", text_in(exception, "value")
    lines = [f"{kind}: {value}" if value else kind]
    lines += [f"    at {_write_frame(frame)}" for frame in reversed(kept[-FRAMES_MAX:])]
    return "\n".join(lines)


def _write_frame(frame: dict[str, Any]) -> str:
    """Give a frame as `function (file:line:column)`."""
    file = text_in(frame, "filename") or text_in(frame, "module") or text_in(frame, "package")
    place = [reduce_url(file, frozenset())]
    place += [str(frame[n]) for n in ("lineno", "colno") if isinstance(frame.get(n), int)]
    return f"{text_in(frame, 'function') or '?'} ({':'.join(place)})"


def _objects_under(item: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """Give the objects of a list that stands as `{"values": […]}`, or as it is."""
    value = item.get(name)
    listed = value.get("values") if isinstance(value, dict) else value
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def _without_none(properties: dict[str, Any]) -> dict[str, Any]:
    """Give properties without those that say nothing."""
    return {name: value for name, value in properties.items() if value not in (None, "")}
