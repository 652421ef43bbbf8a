"""The parts of a policy: what it says of a purpose, a method, a source, a store and a site.

Read from `policy.toml` as part of `config.policy.Policy`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from config.loading import Strict

PURPOSES = (
    "necessary",
    "diagnostics",
    "analytics",
    "advertising",
    "geolocation",
    "personalisation",
    "partner_sharing",
)
"""Every purpose, in the order in which people are told of them."""

RECIPIENT_PURPOSE = r"recipient_[a-z0-9_]{1,16}"
"""What a purpose is called that is one recipient's own: consent to that recipient alone."""

RECIPIENT_PURPOSES_MAX = 6
"""Most of those, so that the purposes of an event stay a small set of bits."""

STORES = ("spool", "warehouse", "registry", "keys", "releases", "backups")
"""Everything that keeps data, each with a declared country."""

CATEGORIES = (
    "ethnic_origin",
    "political_opinion",
    "belief",
    "union_membership",
    "health",
    "sex_life",
    "biometrics",
)
"""Categories of data about a person that are never collected (`categories.toml`)."""

PROTOCOLS = (
    *("native", "pixel", "access_log", "amplitude", "glean", "google", "matomo", "mixpanel"),
    *("otlp", "plausible", "posthog", "reports", "rudderstack", "segment", "sentry", "snowplow"),
    *("umami", "web_vitals"),
)
"""Every wire protocol that a site may switch off, by its name."""

LegalBasis = Literal["none_needed", "consent", "opt_out", "legitimate_interest", "contract"]
Undeclared = Literal["keep", "reject"]
Geo = Literal["none", "country", "region"]
Signal = Literal["gpc", "dnt"]
Text = Annotated[str, Field(min_length=1, max_length=200)]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Version = Annotated[str, Field(pattern=r"^[0-9a-z][0-9a-z.-]{0,31}$")]
Days = Annotated[int, Field(ge=1, le=36_500)]
CookieDays = Annotated[int, Field(ge=0, le=400)]
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\[\]-]{0,63}$")]
SourceName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_]{0,31}$")]
SiteName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]

GEO_FINENESS: tuple[Geo, ...] = ("none", "country", "region")
"""What may be taken from an address, from coarse to fine."""

COORDINATE_DECIMALS = 2
"""Decimals of coordinates where the policy names none."""

REFUSABLE_BASES = frozenset({"consent", "opt_out", "legitimate_interest"})
"""Bases under which a person's no counts; the others hold whatever is said."""


class PurposeRule(Strict):
    """One purpose: what for, on what basis, what it permits, for how long."""

    description: Text
    """What the purpose is, in words for the person concerned."""
    legal_basis: LegalBasis
    """Why the law allows it."""
    since: Version
    """Policy version that introduced it; a grant to an earlier one does not cover it."""
    retention_days: Days
    """How long what it permits is kept, counted from `received_at`."""
    precision_decimals: Annotated[int, Field(ge=0, le=4)] | None = None
    """Decimals that coordinates are rounded to; of `geolocation` alone."""
    refused_by: tuple[Signal, ...] = ()
    """Browser signals that refuse it."""
    columns: dict[str, tuple[str, ...]]
    """Table -> the columns that are kept only if this purpose is permitted."""


class Method(Strict):
    """One way in which a person may answer."""

    explicit: bool
    """True for an act of the person's own; only such an act is consent."""
    may_grant: tuple[str, ...] | None = None
    """Purposes that it may grant; none given means every purpose."""
    description: Text
    """What the person did."""


class SignalRule(Strict):
    """What one source of consent may grant; what a site or the policy leaves out is absent."""

    accepted_for: tuple[str, ...] | None = None
    """Purposes that its grants count for. Its refusals always count."""
    vendor_id: Annotated[int, Field(ge=1, le=65_535)] | None = None
    """The operator's number where the source grants vendors one by one."""
    categories: dict[str, tuple[str, ...]] | None = None
    """Category of the source, such as `statistics` -> the purposes that it speaks of."""


class Visits(Strict):
    """How those are counted who said nothing."""

    counted: bool
    """True where an event without any other id gets a `visit_id` that ends with the day."""


class Cookies(Strict):
    """Which cookies the collector sets, each only with permission."""

    device_days: CookieDays = 0
    """How long the first-party cookie with a device id lives; 0 sets none."""


class Store(Strict):
    """Where one store, or one partner, lies."""

    country: Country
    """ISO 3166-1 alpha-2 code."""
    cross_border_basis: Text | None = None
    """Why data may lie outside the policy's country; needed there."""
    hosts: tuple[Annotated[str, Field(pattern=r"^[a-z0-9._:-]{1,253}$")], ...] = ()
    """Other hosts than this one that it may lie on, without ports."""


class SiteRule(Strict):
    """Where one site differs from the policy."""

    legal_basis: dict[str, LegalBasis] = Field(default_factory=dict)
    """Purpose -> basis of this site; the others as in the policy."""
    undeclared_events: Undeclared | None = None
    """What becomes of events outside the catalogue; none means as in the policy."""
    timezone: str | None = None
    """IANA name of the zone that days are counted in; none leaves it to the registry."""
    geo: Geo = "region"
    """The finest place that may be taken from an address."""
    allowed_categories: dict[str, Text] = Field(default_factory=dict)
    """Forbidden category that this site may collect -> on what basis, in words."""
    device_cookie_days: CookieDays | None = None
    """How long this site's first-party cookie lives; none means as in the policy."""
    query_parameters: tuple[ParameterName, ...] | None = None
    """All that is kept of a URL's query; none means the campaign parameters."""
    protocols_off: tuple[str, ...] = ()
    """Wire protocols that this site does not take."""
    refused_by: dict[str, tuple[Signal, ...]] = Field(default_factory=dict)
    """Purpose -> browser signals that refuse it on this site; the others as in the policy."""
    signals: dict[SourceName, SignalRule] = Field(default_factory=dict)
    """Source of consent -> where this site takes it otherwise."""
