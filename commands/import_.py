"""`sanaq import`: historical data, through the HTTP endpoint like everything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click

from collector.pii import Scrubber
from commands._figures_run import Work, survey, tell_figures, write
from commands._import_ga4 import GA4
from commands._import_kinds import ACCESS_LOG, EVENTS, Kind, Origin, Rules
from commands._import_matomo import MATOMO
from commands._import_preview import preview_files, tell_preview
from commands._import_run import FAULT_OF_OURS, import_files, tell
from commands._import_source import ImportFailed
from commands._importer import Tally
from commands._registry import opened
from config.settings import load_settings
from config.vocabulary import load_vocabulary

ORIGIN_CHARS_MAX = 64
"""Longest source and basis that the collector takes."""

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = click.Path(path_type=Path, allow_dash=True, exists=True, dir_okay=False)
SEEKABLE_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


def _check_origin(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Refuse a source or basis that the collector would not take."""
    if not 1 <= len(value) <= ORIGIN_CHARS_MAX:
        raise click.BadParameter(f"1 to {ORIGIN_CHARS_MAX} characters")
    return value


def _origin_options(command: Command) -> Command:
    """Add the options that declare where data comes from."""
    source = click.option(
        "--source", required=True, callback=_check_origin, help="Who collected the data."
    )
    basis = click.option(
        "--basis", required=True, callback=_check_origin, help="Legal basis of having it."
    )
    return source(basis(command))


def _consent_options(command: Command) -> Command:
    """Add the options that declare what everybody in a file agreed to."""
    agreed = click.option(
        "--agreed",
        multiple=True,
        metavar="PURPOSE",
        help="Purpose that everybody in the file agreed to, with --basis consent; may be repeated.",
    )
    version = click.option(
        "--policy-version",
        default="",
        help="Version of the policy that they agreed to; without it, the one in force.",
    )
    return agreed(version(command))


def _way_options(command: Command) -> Command:
    """Add the options that say how an import goes."""
    dry = click.option(
        "--dry-run", is_flag=True, help="Send nothing; tell what would be, and what not and why."
    )
    again = click.option(
        "--from-start", is_flag=True, help="Do not go on where an interrupted import ended."
    )
    as_json = click.option("--json", "as_json", is_flag=True, help="Tell the result as JSON.")
    return dry(again(as_json(command)))


@click.group("import")
def import_() -> None:
    """Bring historical data in, exempt from clock and rate limits.

    An import may be repeated: what the warehouse already has is a duplicate. One that was
    interrupted goes on where it ended when it is run again.

    \b
    Example: sanaq import access-log access.log.gz --site soq
    """


@import_.command("access-log")
@click.argument("file", type=FILE)
@click.option("--site", required=True, help="Site that the visits belong to.")
@click.option(
    "--source", default="access_log", callback=_check_origin, help="Where the data comes from."
)
@click.option(
    "--basis",
    default="legitimate_interest",
    callback=_check_origin,
    help="Legal basis of having it.",
)
@_way_options
def access_log(file: Path, site: str, source: str, basis: str, **way: bool) -> None:
    """Import an Apache or nginx access log in the combined format; gzip is fine, `-` is stdin.

    Page views are kept; assets, errors and other methods are rejected, each with its reason.

    \b
    Example: sanaq import access-log access.log.gz --site soq
    """
    _run(ACCESS_LOG, [file], site, Origin(source, basis), **way)


@import_.command("events")
@click.argument("file", type=FILE)
@click.option("--site", required=True, help="Site that the events belong to.")
@_origin_options
@_consent_options
@_way_options
def events(file: Path, site: str, source: str, basis: str, **rest: Any) -> None:
    """Import events in the native form, one JSON object a line; gzip is fine, `-` is stdin.

    An event without an `event_id` gets one from its line, so that it too may be imported again.

    \b
    Example: sanaq import events events.ndjson --site soq --source crm --basis consent
    """
    origin, rest = _read_origin(source, basis, rest)
    _run(EVENTS, [file], site, origin, **rest)


@import_.command("matomo")
@click.argument("files", metavar="FILE...", type=FILE, nargs=-1, required=True)
@click.option("--site", required=True, help="Site that the visits belong to.")
@click.option("--id-site", help="Number of the one Matomo site that is taken.")
@_origin_options
@_consent_options
@_way_options
def matomo(files: tuple[Path, ...], site: str, source: str, basis: str, **rest: Any) -> None:
    """Import visits that Matomo's `Live.getLastVisitsDetails` gave as JSON; gzip is fine.

    Page views, searches, downloads, outlinks, events, contents, goals, orders and carts, at their
    own times. Arrays and one visit a line are read, `-` is stdin.

    \b
    Example: sanaq import matomo visits.json.gz --site soq --source matomo --basis consent
    """
    origin, rest = _read_origin(source, basis, rest)
    _run(MATOMO, files, site, origin, **rest)


@import_.command("ga4")
@click.argument("files", metavar="FILE...", type=FILE, nargs=-1, required=True)
@click.option("--site", required=True, help="Site that the events belong to.")
@_origin_options
@_consent_options
@_way_options
def ga4(files: tuple[Path, ...], site: str, source: str, basis: str, **rest: Any) -> None:
    """Import rows of GA4's export to BigQuery, one JSON object a line; gzip is fine, `-` is stdin.

    What `privacy_info` says of consent holds, event by event.

    \b
    Example: sanaq import ga4 events_20261101-*.json.gz --site soq --source ga4 --basis consent
    """
    origin, rest = _read_origin(source, basis, rest)
    _run(GA4, files, site, origin, **rest)


@import_.command("plausible-csv")
@click.argument("files", metavar="FILE...", type=SEEKABLE_FILE, nargs=-1, required=True)
@click.option("--site", required=True, help="Site that the figures belong to.")
@_origin_options
@click.option("--dry-run", is_flag=True, help="Write nothing; tell what would be, and what not.")
@click.option("--json", "as_json", is_flag=True, help="Tell the result as JSON.")
def plausible_csv(
    files: tuple[Path, ...], site: str, source: str, basis: str, dry_run: bool, as_json: bool
) -> None:
    """Import daily figures that Plausible exported: its archive, or CSV files out of it.

    They are no events, and go into a table of their own, `imported`. What it has of the same site,
    source and dimension for a day is replaced as a whole.

    \b
    Example: sanaq import plausible-csv export.zip --site soq --source plausible --basis contract
    """
    settings = load_settings()
    vocabulary = load_vocabulary(settings.config_dir)
    scrubber = Scrubber.of(vocabulary.pii_rules)
    work = Work(files, site, Origin(source, basis), scrubber, settings.limits.text_chars_max)
    found = survey(work)
    if not dry_run:
        with opened() as (settings, registry):
            write(work, found, settings, registry)
    tell_figures(found, as_json, dry_run)


def _read_origin(source: str, basis: str, rest: dict[str, Any]) -> tuple[Origin, dict[str, Any]]:
    """Give what was declared, and the options that are left.

    Errors: click.UsageError where a purpose is unknown, or agreement is not the basis.
    """
    agreed, version = tuple(rest.pop("agreed")), rest.pop("policy_version")
    if agreed and basis != "consent":
        raise click.UsageError("--agreed says that people consented: then --basis is `consent`")
    policy = load_vocabulary(load_settings().config_dir).policy
    for purpose in agreed:
        if purpose not in policy.purposes:
            known = ", ".join(policy.purposes)
            raise click.UsageError(f"--agreed takes a purpose of the policy: {known}")
        if not policy.covers(version, purpose):
            raise click.UsageError("--policy-version is unknown, or has no such purpose")
    return Origin(source, basis, agreed, version), rest


def _run(
    kind: Kind,
    files: Sequence[Path],
    site: str,
    origin: Origin,
    dry_run: bool,
    from_start: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Import files, or tell what an import of them would do."""
    settings = load_settings()
    policy = load_vocabulary(settings.config_dir).policy
    rules = Rules(site, origin, settings.limits, policy, options)
    if dry_run:
        tell_preview(preview_files(kind, rules, files), as_json)
        return
    total = Tally()
    with opened() as (settings, registry):
        try:
            import_files((settings, registry), kind, rules, files, from_start, total)
        finally:
            tell(total, as_json)
        if total.reasons[FAULT_OF_OURS]:
            raise ImportFailed("a fault of ours kept events out; import again when it is mended")
