"""Recipients as data: to whom events are forwarded, for which purpose, and which fields.

The shape of `recipients/<name>.toml`; `config.recipient_files` reads and checks them. What a file
does not allow stays here. Called by the forwarder.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from config.catalogue import Name
from config.loading import Strict
from config.policy_rules import Country, SiteName, Text

Kind = Literal["webhook", "segment", "ga4_mp"]
"""The form that a destination takes events in."""

ALWAYS = ("event_name", "occurred_at", "site")
"""Columns that every forwarded event tells: what happened, when, and where."""

IDS = ("person_id", "device_id", "session_id", "advertising_id")
"""Columns whose pseudonyms may be forwarded, made anew under the recipient's own key."""

FIELDS = (
    *("country", "region", "browser", "browser_version", "os", "os_version", "device_type"),
    *("device_model", "is_bot", "page_host", "page_path", "page_query", "page_title", "locale"),
    *("app_version", "referrer_host", "referrer_path", "campaign_source", "campaign_medium"),
    *("campaign_name", "campaign_term", "campaign_content", "latitude", "longitude", "revenue"),
    *("currency", "screen_width", "screen_height", "timezone"),
)
"""Columns beside `IDS` that a recipient may be allowed; no other column ever leaves."""

RecipientName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,63}$")]
Bytes = Annotated[int, Field(ge=1_000, le=2**53)]
Hours = Annotated[float, Field(gt=0, le=72, allow_inf_nan=False)]


class RecipientLimits(Strict):
    """Bounds on what one recipient may make large, late or slow."""

    events_per_request_max: Annotated[int, Field(ge=1, le=5_000)] = 200
    """Most events in one request."""
    body_bytes_max: Bytes = 400_000
    """Largest body, in bytes; an event that is larger by itself is given up."""
    linger_seconds_max: Annotated[float, Field(ge=0, le=600)] = 2.0
    """Longest wait of an event for others to share its request, in seconds."""
    answer_seconds_max: Annotated[float, Field(gt=0, le=20)] = 10.0
    """Longest wait for an answer, whole, in seconds."""
    retry_seconds_min: Annotated[float, Field(gt=0, le=60)] = 1.0
    """Pause after the first failure, in seconds; it doubles with each further one."""
    retry_seconds_max: Annotated[float, Field(gt=0, le=3_600)] = 300.0
    """Longest pause between attempts, in seconds."""
    forward_age_hours_max: Hours = 24.0
    """Age from which an event is given up, in hours since it was received."""
    backlog_bytes_max: Bytes = 1_000_000_000
    """Most bytes of spooled batches that wait for this recipient; the oldest are given up."""


class RecipientFile(Strict):
    """One recipient as its file describes it."""

    title: Text
    """Who it is, in words for the person concerned."""
    kind: Kind
    """The form that it takes events in."""
    url: Annotated[str, Field(min_length=1, max_length=2_048)]
    """Where it takes them: https, or http on this machine alone. Never with a secret in it."""
    sites: Annotated[tuple[SiteName, ...], Field(min_length=1)]
    """Sites whose events it gets."""
    purpose: str
    """The purpose without which nothing of a person goes there."""
    events: Annotated[tuple[Name, ...], Field(min_length=1)]
    """Event types that it gets; all are of the catalogue."""
    fields: tuple[str, ...] = ()
    """Columns that it gets, each only where its own purpose is permitted too."""
    properties: tuple[Name, ...] = ()
    """Properties that it gets, likewise."""
    ids: Literal["none", "own"] = "none"
    """`own` gives it pseudonyms under a key that is its own; `none` gives it none."""
    secret_env: Variable | None = None
    """Environment variable with the secret that it knows us by."""
    secret_file: Annotated[str, Field(min_length=1, max_length=1_024)] | None = None
    """File with that secret, absolute."""
    country: Country
    """Where it lies."""
    cross_border_basis: Text | None = None
    """Why data may leave the policy's country; needed elsewhere."""
    limits: RecipientLimits = RecipientLimits()
    """Bounds, where they are not the usual ones."""


class Recipient(RecipientFile):
    """One recipient."""

    name: RecipientName
    """Its name, which is also that of its file."""

    @property
    def host(self) -> str:
        """Where it listens, without anything that may tell a secret."""
        return self.url.partition("://")[2].partition("/")[0].partition("?")[0]

    def terms(self) -> dict[str, object]:
        """Give what its register states of it: everything that decides what it receives."""
        return {
            "purpose": self.purpose,
            "host": self.host,
            "events": sorted(self.events),
            "fields": sorted([*ALWAYS, *self.fields]),
            "properties": sorted(self.properties),
            "ids": self.ids,
        }
