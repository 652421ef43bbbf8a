"""The native API: `POST /v1/events` and `POST /v1/diagnostics` (contract, Native API)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from collector.consent.json_object import CONTRADICTORY, read_json
from collector.outcomes import BadRequest
from collector.protocols.lenient import depth_of, mend_text, split_events
from collector.protocols.native_consent import ESCAPED, KEY, Claims, read_member
from collector.protocols.native_wire import Envelope, EnvelopeHead, Event, EventContext
from collector.protocols.protocol import Endpoint, Protocol, Request
from collector.protocols.terms import Terms
from collector.raw_event import USER_AGENT_HELD_CHARS_MAX, Decoded, RawEvent, Sender
from collector.urls import url_fields

_ENVELOPE = msgspec.json.Decoder(Envelope)
_HEAD = msgspec.json.Decoder(EnvelopeHead)
_EVENT = msgspec.json.Decoder(Event)

ADDRESS_CHARS_MAX = 64
"""Longer addresses are none: what is remembered by address stays small."""

KINDS = frozenset({"crash", "error", "performance", "log"})
"""Kinds of diagnostics."""


def decode_events(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode usage events; an event with a diagnostic `kind` goes to the diagnostics table."""
    return _decode(request.body, sender, terms, "events")


def decode_diagnostics(request: Request, sender: Sender, terms: Terms) -> Decoded:
    """Decode diagnostics: crashes, errors, performance measurements and logs."""
    return _decode(request.body, sender, terms, "diagnostics")


def _decode(body: bytes, sender: Sender, terms: Terms, table: str) -> Decoded:
    """Decode a request; an event that cannot be read costs itself alone.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `events_too_many`, `key_kind`.
    """
    envelope = _read_envelope(body)
    if len(envelope.events) > terms.limits.events_per_request_max:
        raise BadRequest("events_too_many")
    if envelope.import_ is not None and not sender.trusted:
        raise BadRequest("key_kind")
    base = _base_of(envelope, sender)
    said = sender.statements if envelope.import_ is None else ()
    consent = _read_consent(envelope, body)
    claims = Claims(said, consent, envelope.context, sender.site, terms)
    kept = terms.policy.query_parameters_of(sender.site)
    decoded = Decoded([], [], [])
    for index, piece in enumerate(envelope.events):
        text = bytes(piece)
        event = _read_event(text, terms.limits.json_depth_max)
        if isinstance(event, Event) and (event.kind in KINDS or _is_usage(event, table)):
            signals = claims.text_of(text, event)
            fields = base | _page_fields(event, kept)
            decoded.events.append(_to_raw(event, fields, sender, signals, table))
            decoded.positions.append(index)
        else:
            reason = event if isinstance(event, str) else "event_invalid"
            decoded.rejected.append((index, reason))
    return decoded


def _is_usage(event: Event, table: str) -> bool:
    """Tell whether an event is a usage event with a name, posted where those belong."""
    return table == "events" and event.kind is None and bool(event.name)


def _read_envelope(body: bytes) -> Envelope:
    """Read the request strictly, else leniently.

    Errors: BadRequest where neither works.
    """
    try:
        return _ENVELOPE.decode(body)
    except RecursionError:
        return _read_leniently(body, "body_too_deep")
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return _read_leniently(body, "body_invalid")


def _read_leniently(body: bytes, reason: str) -> Envelope:
    """Cut the events out of a body that a strict reader refuses."""
    split = split_events(body)
    if split is None:
        raise BadRequest(reason)
    try:
        head = _HEAD.decode(mend_text(split[0]))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as fault:
        raise BadRequest(reason) from fault
    events = [msgspec.Raw(piece) for piece in split[1]]
    return Envelope(events, head.sent_at, head.consent, head.context, head.import_)


def _read_event(piece: bytes, depth_max: int) -> Event | str:
    """Read one event, or give the reason why it cannot be read."""
    if piece.count(b"{") + piece.count(b"[") > depth_max and (
        depth_of(piece, depth_max) > depth_max
    ):
        return "event_too_deep"
    try:
        return _EVENT.decode(piece)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        pass
    try:
        return _EVENT.decode(mend_text(piece))
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return "event_invalid"


def _read_consent(envelope: Envelope, body: bytes) -> object:
    """Give the request's own consent object; where its key is repeated, the objects joined."""
    outside = body.count(KEY) - sum(bytes(piece).count(KEY) for piece in envelope.events)
    if outside > 1 or ESCAPED.search(body):
        split = split_events(body)
        return read_member(split[0]) if split else CONTRADICTORY
    return read_json(bytes(envelope.consent)) if envelope.consent else None


def _base_of(envelope: Envelope, sender: Sender) -> dict[str, Any]:
    """Give the fields that all events of a request share."""
    imported = envelope.import_
    base: dict[str, Any] = {
        "site": sender.site,
        "received_at_ms": sender.received_at_ms,
        "sent_at_ms": _to_ms(envelope.sent_at),
        "source": imported.source if imported else "",
        "basis": imported.basis if imported else "",
        "is_import": imported is not None,
        "_address": sender.address if imported is None else None,
        "_user_agent": sender.user_agent if imported is None else "",
        "_client_hints": sender.client_hints if imported is None else "",
    }
    return base | _context_fields(envelope.context, sender)


def _context_fields(context: EventContext | None, sender: Sender) -> dict[str, Any]:
    """Give the fields that a context object fills; address and user agent from server keys only."""
    if context is None:
        return {}
    fields: dict[str, Any] = {}
    if context.app is not None:
        fields["app_version"] = context.app.version
    if context.device is not None:
        fields["device_model"] = context.device.model
    if context.screen is not None:
        fields["screen_width"] = context.screen.width
        fields["screen_height"] = context.screen.height
    for name in ("locale", "timezone", "sdk"):
        if (value := getattr(context, name)) is not None:
            fields[name] = value
    if sender.trusted and context.ip is not None:
        fields["_address"] = context.ip[:ADDRESS_CHARS_MAX]
    if sender.trusted and context.user_agent is not None:
        fields["_user_agent"] = context.user_agent[:USER_AGENT_HELD_CHARS_MAX]
        fields["_client_hints"] = ""
    return fields


def _to_raw(
    event: Event, base: dict[str, Any], sender: Sender, signals: str, table: str
) -> RawEvent:
    """Join what the event says with what holds for its request."""
    fields = base | _context_fields(event.context, sender)
    fields["table"] = "diagnostics" if event.kind in KINDS else table
    return RawEvent(
        signals=signals,
        event_name=event.name or event.kind or "",
        occurred_at_ms=_to_ms(event.occurred_at),
        _event_id=event.event_id or None,
        _person=event.person or None,
        _device=event.device or None,
        _advertising_id=event.advertising_id or None,
        _session=event.session or None,
        _properties=bytes(event.properties),
        **fields,
        **_measured_fields(event),
    )


def _page_fields(event: Event, kept: frozenset[str]) -> dict[str, Any]:
    """Give the fields of page, place and money; of a query the `kept` parameters alone."""
    fields: dict[str, Any] = {"revenue": event.revenue, "currency": event.currency}
    if event.location is not None:
        fields["latitude"] = event.location.latitude
        fields["longitude"] = event.location.longitude
    page = event.page
    if page is None:
        return fields
    fields["page_title"] = page.title
    return fields | url_fields(page.url, page.referrer, kept)


def _measured_fields(event: Event) -> dict[str, Any]:
    """Give the fields of a diagnostic; none for a usage event."""
    if event.kind not in KINDS:
        return {}
    fields: dict[str, Any] = {
        "kind": event.kind,
        "release": event.release,
        "environment": event.environment,
        "measurements": [msgspec.to_builtins(one) for one in event.measurements or ()],
    }
    if event.exception is not None:
        fields["exception_type"] = event.exception.type
        fields["exception_message"] = event.exception.message
        fields["exception_stack"] = event.exception.stack
    return fields


def _to_ms(moment: datetime | None) -> int | None:
    """Give a moment as UTC milliseconds since 1970."""
    return None if moment is None else round(moment.timestamp() * 1000)


PROTOCOL = Protocol(
    "native",
    (Endpoint("/v1/events", decode_events), Endpoint("/v1/diagnostics", decode_diagnostics)),
)
