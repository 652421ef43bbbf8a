"""The policy: which purposes there are, on what basis, and which columns each one permits.

Read from `policy.toml` by `config.policy_file`; called by the gate, the migrations, the retention
job and the releases. What the policy does not name is not permitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from config.campaign import KEPT_BY_DEFAULT
from config.controller import Controller
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
    signals: dict[SourceName, SignalRule] = Field(default_factory=dict)
    """Source of consent -> where this site takes it otherwise."""


class Policy(Strict):
    """The whole policy of one installation."""

    version: Version
    """The version in force."""
    versions: tuple[Version, ...]
    """All versions ever published, oldest first."""
    country: Country
    """Where data is kept."""
    controller: Controller = Controller()
    """Who is answerable for it."""
    undeclared_events: Undeclared
    """What becomes of events outside the catalogue."""
    geo_unpermitted: Geo = "region"
    """The finest place taken from an address where *geolocation* is not permitted."""
    inactivity_months: Annotated[int, Field(ge=1, le=240)]
    """After how many months without activity a subject may be forgotten."""
    visits: Visits
    """How those are counted who said nothing."""
    cookies: Cookies = Cookies()
    """Which cookies are set."""
    methods: dict[str, Method]
    """Name -> a way of answering; others grant nothing."""
    purposes: dict[str, PurposeRule]
    """Name -> rule, for every purpose."""
    signals: dict[SourceName, SignalRule] = Field(default_factory=dict)
    """Source of consent -> what it may grant; others grant nothing."""
    stores: dict[str, Store]
    """Name -> where it lies, for every store."""
    partners: dict[str, Store] = Field(default_factory=dict)
    """Name -> where a partner takes its releases to."""
    sites: dict[SiteName, SiteRule] = Field(default_factory=dict)
    """Site -> where it differs."""

    def purpose_of(self, table: str, column: str) -> str:
        """Give the purpose that permits a column.

        Errors: `KeyError` where the policy does not name it; it may not be kept then.
        """
        return self._purpose_of[table, column]

    def columns_of(self, table: str, purpose: str) -> tuple[str, ...]:
        """Give the columns of a table that a purpose permits, in the policy's order."""
        return self.purposes[purpose].columns.get(table, ())

    def retention_days(self, purpose: str) -> int:
        """Give how many days a purpose keeps what it permits, from `received_at`."""
        return self.purposes[purpose].retention_days

    @cached_property
    def default_purposes(self) -> frozenset[str]:
        """The purposes that hold where nothing was said, by the policy's own bases."""
        return self.default_purposes_of("")

    def default_purposes_of(self, site: str) -> frozenset[str]:
        """Give the purposes that hold on a site where nothing was said: all without consent."""
        return frozenset(p for p in self.purposes if self.legal_basis(p, site) != "consent")

    def legal_basis(self, purpose: str, site: str = "") -> str:
        """Give the basis of a purpose on a site."""
        own: Mapping[str, str] = self.sites[site].legal_basis if site in self.sites else {}
        return own.get(purpose) or self.purposes[purpose].legal_basis

    def is_refusable(self, purpose: str, site: str = "") -> bool:
        """Tell whether a person's no ends this purpose on a site."""
        return self.legal_basis(purpose, site) in REFUSABLE_BASES

    def refused_by(self, signal: str) -> frozenset[str]:
        """Give the purposes that a browser signal (`gpc`, `dnt`) refuses."""
        return frozenset(p for p, rule in self.purposes.items() if signal in rule.refused_by)

    def covers(self, policy_version: str, purpose: str) -> bool:
        """Tell whether a grant given to a policy version extends to a purpose.

        An empty version means the one in force. An unknown one covers nothing, and neither does
        one from before the purpose was introduced.
        """
        version = policy_version or self.version
        if version not in self.versions or purpose not in self.purposes:
            return False
        return self.versions.index(self.purposes[purpose].since) <= self.versions.index(version)

    def may_grant(self, method: str, purpose: str, site: str = "") -> bool:
        """Tell whether an answer by a method can permit a purpose on a site.

        An empty method means `stated`. A method that the policy does not name grants nothing;
        one that is no explicit act grants nothing that needs consent.
        """
        known = self.methods.get(method or "stated")
        if known is None or (known.may_grant is not None and purpose not in known.may_grant):
            return False
        return known.explicit or self.legal_basis(purpose, site) != "consent"

    def signal_rule(self, source: str, site: str = "") -> SignalRule:
        """Give what a source of consent may do on a site, joined with what the policy says."""
        rule = self.signals.get(source, SignalRule())
        own = self.sites[site].signals.get(source) if site in self.sites else None
        if own is None:
            return rule
        return rule.model_copy(update={name: getattr(own, name) for name in own.model_fields_set})

    def accepts(self, source: str, purpose: str, site: str = "") -> bool:
        """Tell whether a grant by a source counts for a purpose on a site."""
        return purpose in (self.signal_rule(source, site).accepted_for or ())

    def keeps_undeclared(self, site: str) -> bool:
        """Tell whether a site keeps events that the catalogue does not declare."""
        own = self.sites[site].undeclared_events if site in self.sites else None
        return (own or self.undeclared_events) == "keep"

    def device_cookie_days(self, site: str) -> int:
        """Give how long a site's first-party cookie lives, in days; 0 where none is set."""
        own = self.sites[site].device_cookie_days if site in self.sites else None
        return self.cookies.device_days if own is None else own

    def query_parameters_of(self, site: str) -> frozenset[str]:
        """Give the names of the query parameters that a site keeps of a URL."""
        own = self.sites[site].query_parameters if site in self.sites else None
        return KEPT_BY_DEFAULT if own is None else frozenset(own)

    def geo_of(self, site: str, permitted: bool = True) -> Geo:
        """Give the finest place that a site takes from an address, coarser without permission."""
        own: Geo = self.sites[site].geo if site in self.sites else "region"
        return own if permitted else min(own, self.geo_unpermitted, key=GEO_FINENESS.index)

    @property
    def coordinate_decimals(self) -> int:
        """Decimals that coordinates are rounded to; 2 are about a kilometre."""
        decimals = self.purposes["geolocation"].precision_decimals
        return COORDINATE_DECIMALS if decimals is None else decimals

    def allows_category(self, site: str, category: str) -> bool:
        """Tell whether a site may collect a category that is forbidden to all others."""
        return site in self.sites and category in self.sites[site].allowed_categories

    @cached_property
    def _purpose_of(self) -> dict[tuple[str, str], str]:
        return {
            (table, column): purpose
            for purpose, rule in self.purposes.items()
            for table, columns in rule.columns.items()
            for column in columns
        }
