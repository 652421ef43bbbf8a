"""The native API's wire form (contract, Native API), as msgspec structs: type errors end here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

Text = Annotated[str, msgspec.Meta(max_length=16_384)]
Identifier = Annotated[str, msgspec.Meta(max_length=512)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
NAME_CHARS_MAX = 128
"""Longest name of an event or a measurement."""

Pixels = Annotated[int, msgspec.Meta(ge=0, le=65_535)]


class App(msgspec.Struct):
    """The app that sent the event."""

    name: Text = ""
    version: Text = ""


class Device(msgspec.Struct):
    """The device, as the app knows it, and its own switches for tracking, in whatever form."""

    model: Text = ""
    tracking_status: Any = None
    """Tracking authorisation of iOS: 0 to 3, or its name."""
    ad_tracking_enabled: Any = None
    limit_ad_tracking: Any = None


class Screen(msgspec.Struct):
    """Screen size in pixels."""

    width: Pixels | None = None
    height: Pixels | None = None


class EventContext(msgspec.Struct):
    """What holds for all events of a request, or for one."""

    app: App | None = None
    device: Device | None = None
    screen: Screen | None = None
    locale: Text | None = None
    timezone: Text | None = None
    sdk: Text | None = None
    ip: Text | None = None
    user_agent: Text | None = None


class Page(msgspec.Struct):
    """The page an event happened on."""

    url: Text | None = None
    referrer: Text | None = None
    title: Text | None = None


class Location(msgspec.Struct):
    """Coordinates in degrees."""

    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]


class ExceptionText(msgspec.Struct):
    """A crash or error."""

    type: Text = ""
    message: Text = ""
    stack: Annotated[str, msgspec.Meta(max_length=262_144)] = ""


class Measurement(msgspec.Struct):
    """One performance figure."""

    name: Annotated[str, msgspec.Meta(max_length=NAME_CHARS_MAX)]
    value: float
    unit: Annotated[str, msgspec.Meta(max_length=32)] = ""


class Event(msgspec.Struct):
    """One event as posted."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=NAME_CHARS_MAX)] = ""
    event_id: Identifier | None = None
    occurred_at: Moment | None = None
    person: Identifier | None = None
    device: Identifier | None = None
    advertising_id: Identifier | None = None
    session: Identifier | None = None
    page: Page | None = None
    location: Location | None = None
    properties: msgspec.Raw = msgspec.Raw(b"")
    revenue: float | None = None
    currency: Annotated[str, msgspec.Meta(max_length=8)] | None = None
    consent: msgspec.Raw = msgspec.Raw(b"")
    context: EventContext | None = None
    kind: str | None = None
    exception: ExceptionText | None = None
    measurements: Annotated[list[Measurement], msgspec.Meta(max_length=100)] | None = None
    release: Text | None = None
    environment: Text | None = None


class Import(msgspec.Struct):
    """Declares a historical import: where it comes from and on which legal basis."""

    source: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    basis: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Envelope(msgspec.Struct):
    """A request: what holds for all its events, and the events, not yet looked into."""

    events: list[msgspec.Raw]
    sent_at: Moment | None = None
    consent: msgspec.Raw = msgspec.Raw(b"")
    context: EventContext | None = None
    import_: Import | None = msgspec.field(default=None, name="import")


class EnvelopeHead(msgspec.Struct):
    """The same request without its events, for the lenient reading."""

    sent_at: Moment | None = None
    consent: msgspec.Raw = msgspec.Raw(b"")
    context: EventContext | None = None
    import_: Import | None = msgspec.field(default=None, name="import")
