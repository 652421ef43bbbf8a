"""From `policy.toml` to the policy, or to every complaint about it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from zoneinfo import available_timezones

from config.errors import ConfigError
from config.loading import parse, read_toml, sort_errors
from config.policy import Policy
from config.policy_consent import Found as Found
from config.policy_consent import check_consent
from config.policy_rules import (
    CATEGORIES,
    PROTOCOLS,
    PURPOSES,
    RECIPIENT_PURPOSE,
    RECIPIENT_PURPOSES_MAX,
    REFUSABLE_BASES,
    STORES,
)

SIGNALS_REFUSE = {"advertising": ("gpc", "dnt"), "partner_sharing": ("gpc", "dnt")}
"""Browser signals that must refuse a purpose: honouring them is promised, not configured."""


def load_policy(config_dir: Path) -> Policy:
    """Read `policy.toml`.

    Errors: `ConfigError`, the first in the file's order.
    """
    policy, errors = read_policy(config_dir)
    if policy is None:
        raise errors[0]
    return policy


def read_policy(
    config_dir: Path, columns: Mapping[str, Sequence[str]] | None = None
) -> tuple[Policy | None, list[ConfigError]]:
    """Give the policy, or every complaint about it.

    `columns` (table -> its columns) is what the tables hold; with it, each of them must stand
    under exactly one purpose, and nothing else may.
    """
    try:
        document = read_toml(config_dir / "policy.toml")
    except ConfigError as error:
        return None, [error]
    policy, errors = parse(document, Policy)
    if policy is not None:
        errors = [document.complain(*found) for found in _check(policy, columns)]
    return (None, sort_errors(errors)) if errors else (policy, [])


def _check(policy: Policy, columns: Mapping[str, Sequence[str]] | None) -> Iterator[Found]:
    yield from _check_versions(policy)
    yield from _check_purposes(policy)
    yield from _check_retention(policy)
    yield from _check_assignment(policy)
    yield from check_consent(policy)
    yield from _check_stores(policy)
    yield from _check_sites(policy)
    if columns is not None:
        yield from _check_columns(policy, columns)


def _check_versions(policy: Policy) -> Iterator[Found]:
    if len(set(policy.versions)) < len(policy.versions):
        yield ("versions",), "versions names one version twice; name each once"
    if policy.versions[-1:] != (policy.version,):
        yield ("version",), "version must be the last of versions; add it there"


def _check_purposes(policy: Policy) -> Iterator[Found]:
    for purpose in PURPOSES:
        if purpose not in policy.purposes:
            yield ("purposes",), f"purposes.{purpose} is missing; every purpose needs a rule"
    own = 0
    for name, rule in policy.purposes.items():
        at = ("purposes", name)
        if re.fullmatch(RECIPIENT_PURPOSE, name):
            own += 1
            if rule.legal_basis != "consent" or own > RECIPIENT_PURPOSES_MAX:
                what = f"needs consent, and at most {RECIPIENT_PURPOSES_MAX} are a recipient's own"
                yield (*at, "legal_basis"), f"purposes.{name} {what}"
        elif name not in PURPOSES:
            yield at, f"there is no purpose {name}; mend its spelling or remove it"
        if rule.since not in policy.versions:
            yield (*at, "since"), f"purposes.{name}.since is none of versions"
        if rule.precision_decimals is not None and name != "geolocation":
            what = f"purposes.{name} permits no coordinates; precision_decimals is of geolocation"
            yield (*at, "precision_decimals"), what
        if rule.refused_by and rule.legal_basis not in REFUSABLE_BASES:
            yield (*at, "refused_by"), f"purposes.{name} has a basis that nobody can refuse"
        if not set(SIGNALS_REFUSE.get(name, ())) <= set(rule.refused_by):
            yield (*at, "refused_by"), f'purposes.{name}.refused_by must be ["gpc", "dnt"]'


def _check_retention(policy: Policy) -> Iterator[Found]:
    """Compare each period with that of `necessary`, with which the whole row ends."""
    necessary = policy.purposes.get("necessary")
    for name, rule in policy.purposes.items():
        if necessary is not None and rule.retention_days > necessary.retention_days:
            what = f"purposes.{name}.retention_days outlives purposes.necessary, which ends the row"
            yield ("purposes", name, "retention_days"), what


def _check_assignment(policy: Policy) -> Iterator[Found]:
    seen: set[tuple[str, str]] = set()
    for name, rule in policy.purposes.items():
        for table, columns in rule.columns.items():
            for index, column in enumerate(columns):
                if (table, column) in seen:
                    what = f"{table}.{column} stands under two purposes; keep one"
                    yield ("purposes", name, "columns", table, index), what
                seen.add((table, column))


def _check_columns(policy: Policy, columns: Mapping[str, Sequence[str]]) -> Iterator[Found]:
    assigned: set[tuple[str, str]] = set()
    for name, rule in policy.purposes.items():
        for table, given in rule.columns.items():
            at = ("purposes", name, "columns", table)
            if table not in columns:
                yield at, f"there is no table {table}; remove it"
                continue
            assigned.update((table, column) for column in given)
            for index, column in enumerate(given):
                if column not in columns[table]:
                    yield (*at, index), f"there is no column {table}.{column}; remove it"
    for table, known in columns.items():
        for column in known:
            if (table, column) not in assigned:
                what = f"{table}.{column} stands under no purpose and would never be kept; add it"
                yield ("purposes",), what


def _check_stores(policy: Policy) -> Iterator[Found]:
    for name in STORES:
        if name not in policy.stores:
            yield ("stores",), f"stores.{name} is missing; say where it lies"
    for name in policy.stores:
        if name not in STORES:
            yield ("stores", name), f"there is no store {name}; remove it"
    for kind, places in (("stores", policy.stores), ("partners", policy.partners)):
        for name, place in places.items():
            if place.country != policy.country and place.cross_border_basis is None:
                what = f"{kind}.{name} lies outside {policy.country}; give its cross_border_basis"
                yield (kind, name, "country"), what
    for name, partner in policy.partners.items():
        if partner.hosts:
            yield ("partners", name, "hosts"), "hosts are of stores; a partner comes for its files"


def _check_sites(policy: Policy) -> Iterator[Found]:
    zones = available_timezones()
    for name, rule in policy.sites.items():
        if rule.timezone is not None and rule.timezone not in zones:
            what = f"sites.{name}.timezone is no IANA time zone, such as Asia/Almaty"
            yield ("sites", name, "timezone"), what
        for category in rule.allowed_categories:
            if category not in CATEGORIES:
                at = ("sites", name, "allowed_categories", category)
                yield at, f"there is no category {category}; it must be of categories.toml"
        for protocol in rule.protocols_off:
            if protocol not in PROTOCOLS:
                what = f"there is no protocol {protocol}; it must be one of {', '.join(PROTOCOLS)}"
                yield ("sites", name, "protocols_off"), what
        for purpose in rule.refused_by.keys() - policy.purposes.keys():
            what = f"there is no purpose {purpose}; mend its spelling or remove it"
            yield ("sites", name, "refused_by", purpose), what
        for purpose, basis in rule.legal_basis.items():
            at = ("sites", name, "legal_basis", purpose)
            if purpose not in policy.purposes:
                yield at, f"there is no purpose {purpose}; mend its spelling or remove it"
            elif policy.purposes[purpose].refused_by and basis not in REFUSABLE_BASES:
                yield at, f"sites.{name}.legal_basis.{purpose} is a basis that nobody can refuse"
