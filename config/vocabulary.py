"""The whole vocabulary of one installation: everything that people write in `SANAQ_CONFIG`.

Called once by each role. Every file is read and compared with the others; a mistake in any of
them stops the start.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from config.catalogue import Catalogue
from config.catalogue_files import read_catalogue
from config.categories import Categories
from config.categories_file import read_categories
from config.errors import ConfigError
from config.limits import Limits, read_limits
from config.loading import read_toml, sort_errors
from config.pii import PiiRules
from config.pii_file import read_pii_rules
from config.policy import Policy
from config.policy_file import read_policy
from config.recipient_files import check_recipients, read_recipients
from config.recipients import Recipient
from config.release_files import read_releases
from config.releases import Releases
from config.residency import check_partners

PROPERTY_SOURCE = "properties."
"""How a release names a property of its events."""


@dataclass(frozen=True)
class Vocabulary:
    """What the operator's files say, each part checked against the others."""

    policy: Policy
    """Purposes, bases, columns, retention."""
    catalogue: Catalogue
    """Event types."""
    categories: Categories
    """What no property may tell."""
    pii_rules: PiiRules
    """What is taken out of free text, and which properties are removed whole."""
    releases: Releases
    """What partners get, and the caps on it."""
    settings_limits: Limits
    """Bounds on everything."""
    recipients: Mapping[str, Recipient]
    """Name -> to whom events are forwarded; empty forwards nothing."""


def load_vocabulary(config_dir: Path) -> Vocabulary:
    """Read every file of the configuration.

    Errors: `ConfigError`, the first by file and line.
    """
    vocabulary, errors = read_vocabulary(config_dir)
    if vocabulary is None:
        raise errors[0]
    return vocabulary


def check_vocabulary(
    config_dir: Path,
    columns: Mapping[str, Sequence[str]] | None = None,
    today: date | None = None,
) -> list[ConfigError]:
    """Give every complaint about every file, in the order of files and lines.

    `columns` (table -> its columns) is what the tables hold; with it, each column must stand
    under exactly one purpose. With `today`, event types that have ended are complained about.
    """
    return read_vocabulary(config_dir, columns, today)[1]


def read_vocabulary(
    config_dir: Path,
    columns: Mapping[str, Sequence[str]] | None = None,
    today: date | None = None,
) -> tuple[Vocabulary | None, list[ConfigError]]:
    """Give the vocabulary, or every complaint about it."""
    policy, errors = read_policy(config_dir, columns)
    catalogue, found = read_catalogue(config_dir)
    errors += found
    categories, found = read_categories(config_dir)
    errors += found
    pii_rules, found = read_pii_rules(config_dir)
    errors += found
    releases, found = read_releases(config_dir)
    errors += found
    limits, found = read_limits(config_dir)
    errors += found
    recipients, found = read_recipients(config_dir)
    errors += found
    if policy and recipients:
        errors += check_recipients(config_dir, recipients, policy, catalogue, pii_rules)
    if catalogue and pii_rules:
        errors += _check_properties(config_dir, catalogue, pii_rules)
    if pii_rules and policy:
        errors += _check_queries(config_dir, policy, pii_rules)
    if catalogue and categories and policy:
        errors += _check_categories(config_dir, catalogue, categories, policy)
    if catalogue and releases:
        errors += _check_releases(config_dir, catalogue, releases)
    if policy and releases:
        for release in releases.releases.values():
            errors += check_partners(config_dir, release, policy)
    if catalogue and today:
        errors += _check_ends(config_dir, catalogue, today)
    parts = (policy, catalogue, categories, pii_rules, releases, limits)
    if errors or None in parts or recipients is None:
        return None, sort_errors(errors)
    assert policy and catalogue and categories and pii_rules and releases and limits
    return Vocabulary(policy, catalogue, categories, pii_rules, releases, limits, recipients), []


def _check_properties(
    config_dir: Path, catalogue: Catalogue, pii_rules: PiiRules
) -> Iterator[ConfigError]:
    """Find declared properties that the PII rules would remove."""
    for event in catalogue.events.values():
        for name in event.properties:
            if pii_rules.field_of(name):
                document = read_toml(config_dir / "events" / f"{event.name}.toml")
                what = f"properties.{name} would always be removed by pii.toml; rename or remove it"
                yield document.complain(("properties", name), what)


def _check_queries(config_dir: Path, policy: Policy, pii_rules: PiiRules) -> Iterator[ConfigError]:
    """Find query parameters to be kept whose names tell that they identify."""
    for site, rule in policy.sites.items():
        for index, name in enumerate(rule.query_parameters or ()):
            if pii_rules.field_of(name):
                document = read_toml(config_dir / "policy.toml")
                at = ("sites", site, "query_parameters", index)
                what = f"{name} identifies by pii.toml; take it out of the list"
                yield document.complain(at, f"sites.{site}.query_parameters: {what}")


def _check_categories(
    config_dir: Path, catalogue: Catalogue, categories: Categories, policy: Policy
) -> Iterator[ConfigError]:
    """Find event types, properties and choices that tell a category which no site may collect."""
    allowed = {name for site in policy.sites.values() for name in site.allowed_categories}
    for event in catalogue.events.values():
        told: dict[tuple[str, ...], str | None] = {("name",): categories.of_name(event.name)}
        for name, rule in event.properties.items():
            told["properties", name] = categories.of_name(name)
            told["properties", name, "choices"] = categories.of_choices(rule.choices)
        for path, category in told.items():
            if category is not None and category not in allowed:
                document = read_toml(config_dir / "events" / f"{event.name}.toml")
                shown = ".".join(path)
                what = f"{shown} tells {category}, which categories.toml forbids; remove it"
                yield document.complain(path, what)


def _check_releases(
    config_dir: Path, catalogue: Catalogue, releases: Releases
) -> Iterator[ConfigError]:
    """Find events and properties of releases that nobody declares, so that they stay empty."""
    for release in releases.releases.values():
        document = read_toml(config_dir / "releases" / f"{release.name}.toml")
        for index, name in enumerate(release.events):
            event = catalogue.get(name)
            if event is None:
                what = f"no file in events declares {name}; add it or mend its spelling"
                yield document.complain(("events", index), what)
                continue
            for place, dimension in enumerate(release.dimensions):
                key = dimension.source.removeprefix(PROPERTY_SOURCE)
                if key != dimension.source and key not in event.properties:
                    what = f"events/{name}.toml declares no property {key}; add it there"
                    yield document.complain(("dimensions", place, "source"), what)


def _check_ends(config_dir: Path, catalogue: Catalogue, today: date) -> Iterator[ConfigError]:
    for event in catalogue.events.values():
        if event.is_expired(today):
            document = read_toml(config_dir / "events" / f"{event.name}.toml")
            what = "this event type has ended and is rejected; review it or remove the file"
            yield document.complain(("expires",), what)
