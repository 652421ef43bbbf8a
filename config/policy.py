"""The policy: which purposes there are, on what basis, and which columns each one permits.

Read from `policy.toml` by `config.policy_file`; called by the gate, the migrations, the retention
job and the releases. What the policy does not name is not permitted.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated

from pydantic import Field

from config.campaign import KEPT_BY_DEFAULT
from config.controller import Controller
from config.loading import Strict
from config.policy_rules import (
    COORDINATE_DECIMALS,
    GEO_FINENESS,
    REFUSABLE_BASES,
    Cookies,
    Country,
    Geo,
    Method,
    PurposeRule,
    SignalRule,
    SiteName,
    SiteRule,
    SourceName,
    Store,
    Undeclared,
    Version,
    Visits,
)


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

    def refused_by(self, signal: str, site: str = "") -> frozenset[str]:
        """Give the purposes that a browser signal (`gpc`, `dnt`) refuses on a site."""
        own = self.sites[site].refused_by if site in self.sites else {}
        return frozenset(
            purpose
            for purpose, rule in self.purposes.items()
            if signal in own.get(purpose, rule.refused_by)
        )

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

    def takes_protocol(self, site: str, protocol: str) -> bool:
        """Tell whether a site takes what comes by a wire protocol."""
        return site not in self.sites or protocol not in self.sites[site].protocols_off

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
