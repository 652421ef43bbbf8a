"""`sanaq policy check`: every mistake in every configuration file, with its line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import click

from collector.pii import check_examples
from config.catalogue import Catalogue
from config.catalogue_files import read_catalogue
from config.errors import ConfigError
from config.loading import read_toml, sort_errors
from config.pii_file import read_pii_rules
from config.residency import check_addresses
from config.settings import config_folder, load_settings
from config.vocabulary import check_vocabulary
from storage.clock import Clock, utc_now
from storage.schemas import TABLES

ENDING_DAYS = 60
"""How long before its end an event type is pointed out."""


@click.group()
def policy() -> None:
    """Check the configuration."""


@policy.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def check(as_json: bool) -> None:
    """Read every configuration file and name file and line of every mistake.

    Looks into SANAQ_CONFIG and at the hosts that the environment names, changes nothing. Exits
    with 2 where something is wrong.

    \b
    Example:
        SANAQ_CONFIG=./config sanaq policy check
    """
    config_dir = config_folder()
    errors = find_mistakes(config_dir, utc_now)
    ending = find_ending(config_dir, utc_now)
    if as_json:
        click.echo(json.dumps({"errors": _listed(errors), "warnings": _listed(ending)}))
    else:
        _print(errors, ending)
    if errors:
        raise SystemExit(2)


def find_mistakes(config_dir: Path, clock: Clock) -> list[ConfigError]:
    """Give every complaint about the configuration, the PII rules' own examples included."""
    columns = {table: list(schema) for table, schema in TABLES.items()}
    errors = check_vocabulary(config_dir, columns, clock().date())
    rules, _ = read_pii_rules(config_dir)
    errors += _check_addresses()
    if rules is not None:
        document = read_toml(config_dir / "pii.toml")
        errors += [document.complain(path, what) for path, what in check_examples(rules)]
    return sort_errors(errors)


def _check_addresses() -> Iterator[ConfigError]:
    """Hold the hosts that the environment names against the policy, where both can be read."""
    try:
        settings = load_settings()
        yield from check_addresses(settings)
    except ConfigError as error:
        if str(error.file) == "environment":
            yield error


def find_ending(config_dir: Path, clock: Clock) -> list[ConfigError]:
    """Give the event types that end soon, each at the line that says so."""
    catalogue, _ = read_catalogue(config_dir)
    return [] if catalogue is None else list(_ending(config_dir, catalogue, clock))


def _ending(config_dir: Path, catalogue: Catalogue, clock: Clock) -> Iterator[ConfigError]:
    today = clock().date()
    for event in catalogue.events.values():
        if event.is_expired(today + timedelta(days=ENDING_DAYS)) and not event.is_expired(today):
            document = read_toml(config_dir / "events" / f"{event.name}.toml")
            yield document.complain(("expires",), "this event type ends soon; review it")


def _listed(errors: list[ConfigError]) -> list[dict[str, object]]:
    return [{"file": e.file, "line": e.line, "what": e.what} for e in errors]


def _print(errors: list[ConfigError], ending: list[ConfigError]) -> None:
    for error in errors:
        click.echo(str(error))
    for warning in ending:
        click.echo(f"{warning} (warning)")
    count = "1 mistake" if len(errors) == 1 else f"{len(errors)} mistakes"
    click.echo(count if errors else "The configuration is right.")
