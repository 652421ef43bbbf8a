"""What every protocol adapter makes: one `RawEvent` an event, before consent is applied.

A field whose name starts with `_` identifies or may identify a person; it lives in memory only and
ends at the pseudonymise stage. The fields are the columns of `DECODED` (collector/frames.py).
"""

from __future__ import annotations

import msgspec

from collector.consent.signal import Statement

USER_AGENT_HELD_CHARS_MAX = 2_048
"""As much of a user agent is held in memory, in characters, whoever tells it."""


class Sender(msgspec.Struct, frozen=True):
    """Who posted a request, as far as the collector itself knows."""

    site: str
    """Site of the write key."""
    trusted: bool
    """True for server keys: their claims about address and user agent are believed."""
    address: str
    """Address of the peer, or the one a trusted proxy names. Memory only."""
    user_agent: str
    """Raw user agent. Memory only."""
    client_hints: str
    """User-agent client hints, joined. Memory only."""
    received_at_ms: int
    """Moment of receipt, UTC milliseconds since 1970."""
    statements: tuple[Statement, ...] = ()
    """What the request's own headers, cookies and query say of consent."""


class RawEvent(msgspec.Struct, kw_only=True):
    """One decoded event; defaults mean absent."""

    site: str
    table: str = "events"
    protocol: str = "native"
    sdk: str = ""
    source: str = ""
    basis: str = ""
    is_import: bool = False
    event_name: str = ""
    occurred_at_ms: int | None = None
    sent_at_ms: int | None = None
    received_at_ms: int = 0
    is_cut: bool = False
    """True where a property was left out or cut, since it was too long or there were too many."""
    signals: str = ""
    """What every source says of consent, as `collector.consent.statements` writes it."""
    _event_id: str | None = None
    _person: str | None = None
    _device: str | None = None
    _advertising_id: str | None = None
    _session: str | None = None
    _other_ids: str | None = None
    """Other identifiers that were sent, joined: never kept, and taken out of every text."""
    _address: str | None = None
    _user_agent: str = ""
    _client_hints: str = ""
    _properties: bytes = b""
    """The properties as JSON text of one object, or empty."""
    page_host: str | None = None
    page_path: str | None = None
    page_query: str | None = None
    page_title: str | None = None
    referrer_host: str | None = None
    referrer_path: str | None = None
    campaign_source: str | None = None
    campaign_medium: str | None = None
    campaign_name: str | None = None
    campaign_term: str | None = None
    campaign_content: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    revenue: float | None = None
    currency: str | None = None
    screen_width: int | None = None
    screen_height: int | None = None
    timezone: str | None = None
    locale: str | None = None
    app_version: str | None = None
    device_model: str | None = None
    kind: str | None = None
    exception_type: str | None = None
    exception_message: str | None = None
    exception_stack: str | None = None
    measurements: list[dict[str, object]] | None = None
    release: str | None = None
    environment: str | None = None


class Decoded(msgspec.Struct):
    """What an adapter makes of one request: its events in order, and those that were no events."""

    events: list[RawEvent]
    """Events that go on, in the order sent."""
    positions: list[int]
    """Index in the request of each of `events`."""
    rejected: list[tuple[int, str]]
    """Index in the request and reason of each event that could not be decoded."""
    cookie: str = ""
    """Device id of the request's first-party cookie, '' for none. Memory only."""
    deletion: str = ""
    """Device that the sender asks to forget, '' where it asks nothing of the kind. Memory only."""

    @property
    def received(self) -> int:
        """Number of events that the request held."""
        return len(self.events) + len(self.rejected)
