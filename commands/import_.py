"""`sanaq import`: historical data, through the HTTP endpoint like everything else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import msgspec

from collector.protocols.lenient import mend_text
from commands._import_source import (
    ImportFailed,
    Occurrences,
    Source,
    in_requests,
    request_bytes_max,
)
from commands._importer import Importer, Tally, own_key
from commands._registry import opened
from storage.registry import audit, sites

BodyOf = Callable[[list[bytes]], bytes]
"""Lines of one request -> its body."""

ORIGIN_CHARS_MAX = 64
"""Longest source and basis that the collector takes."""

PROGRESS_SECONDS = 0.2
"""How often a person who watches is told."""

NO_EVENT = b"null"
"""Stands for a line that is no JSON: an event that the collector rejects, so that it is counted."""

FAULT_OF_OURS = "internal_error"
"""The one reason for which a line should be sent again."""

_File = click.Path(path_type=Path, allow_dash=True, exists=True, dir_okay=False)


def _check_origin(context: click.Context, parameter: click.Parameter, value: str) -> str:
    """Refuse a source or basis that the collector would not take."""
    if not 1 <= len(value) <= ORIGIN_CHARS_MAX:
        raise click.BadParameter(f"1 to {ORIGIN_CHARS_MAX} characters")
    return value


@click.group("import")
def import_() -> None:
    """Bring historical data in, exempt from clock and rate limits.

    An import may be repeated: what the warehouse already has is a duplicate.

    \b
    Example: sanaq import access-log access.log.gz --site soq
    """


@import_.command("access-log")
@click.argument("file", type=_File)
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
@click.option("--json", "as_json", is_flag=True, help="Tell the result as JSON.")
def access_log(file: Path, site: str, source: str, basis: str, as_json: bool) -> None:
    """Import an Apache or nginx access log in the combined format; gzip is fine, `-` is stdin.

    Page views are kept; assets, errors and other methods are rejected, each with its reason.

    \b
    Example: sanaq import access-log access.log.gz --site soq
    """
    origin = {"source": source, "basis": basis}
    occurrences = Occurrences()

    def body_of(lines: list[bytes]) -> bytes:
        texts = [line.decode("utf-8", "replace") for line in lines]
        numbered = [(occurrences.count(text.encode())[0], text) for text in texts]
        return msgspec.json.encode({"import": origin, "lines": numbered})

    _run(file, site, as_json, "/v1/import/access-log", body_of)


@import_.command("events")
@click.argument("file", type=_File)
@click.option("--site", required=True, help="Site that the events belong to.")
@click.option("--source", required=True, callback=_check_origin, help="Who collected the events.")
@click.option("--basis", required=True, callback=_check_origin, help="Legal basis of having them.")
@click.option("--json", "as_json", is_flag=True, help="Tell the result as JSON.")
def events(file: Path, site: str, source: str, basis: str, as_json: bool) -> None:
    """Import events in the native form, one JSON object a line; gzip is fine, `-` is stdin.

    An event without an `event_id` gets one from its line, so that it too may be imported again.

    \b
    Example: sanaq import events events.ndjson --site soq --source crm --basis consent
    """
    origin = msgspec.json.encode({"source": source, "basis": basis})
    occurrences = Occurrences()

    def body_of(lines: list[bytes]) -> bytes:
        objects = b",".join(_read_event(line, occurrences) for line in lines)
        return b'{"import":' + origin + b',"events":[' + objects + b"]}"

    _run(file, site, as_json, "/v1/events", body_of)


def _run(file: Path, site: str, as_json: bool, path: str, body_of: BodyOf) -> None:
    """Send a file request by request, with a progress line when a person watches."""
    with closing(Source(file)) as source, opened() as (settings, registry):
        is_new = sites.find_site(registry, site) is None
        with own_key(registry, site, audit.cli_actor()) as key:
            if is_new:
                click.echo("the site is new, and was made with the default policy", err=True)
            importer = Importer(settings, key)
            lines = source.lines(request_bytes_max(settings.limits))
            requests = in_requests(lines, settings.limits)
            try:
                for request in _with_progress(requests, source, importer.tally):
                    importer.post(path, body_of(request), len(request))
            finally:
                importer.close()
                _tell(importer.tally, as_json)
            if importer.tally.reasons[FAULT_OF_OURS]:
                raise ImportFailed(
                    "a fault of ours kept events out; import again when it is mended"
                )


def _with_progress(
    requests: Iterator[list[bytes]], source: Source, tally: Tally
) -> Iterator[list[bytes]]:
    """Give the requests, and tell on the way how far they are."""
    if not sys.stderr.isatty():
        yield from requests
        return
    started = told_at = time.monotonic()
    try:
        for lines in requests:
            yield lines
            if time.monotonic() - told_at > PROGRESS_SECONDS:
                told_at = time.monotonic()
                _show_progress(source.share_read(), tally.received, told_at - started)
    finally:
        _show_progress(source.share_read(), tally.received, time.monotonic() - started)
        click.echo("", err=True)


def _show_progress(share: float | None, sent: int, seconds: float) -> None:
    """Write the progress line over the one before it."""
    part = "" if share is None else f"{share:4.0%}  "
    rate = sent / max(seconds, 0.001)
    click.echo(f"\r{part}{sent:,} lines sent, {rate:,.0f} a second ", nl=False, err=True)


def _tell(tally: Tally, as_json: bool) -> None:
    """Tell what became of the events; they add up to those received."""
    told = asdict(tally) | {"reasons": dict(sorted(tally.reasons.items()))}
    if as_json:
        click.echo(msgspec.json.encode(told).decode())
        return
    for name in ("received", "accepted", "duplicate", "refused", "rejected"):
        click.echo(f"{name:>10}  {told[name]:,}")
    for reason, n in sorted(tally.reasons.items()):
        click.echo(f"{'':>12}{reason}  {n:,}")


def _read_event(line: bytes, occurrences: Occurrences) -> bytes:
    """Give a line as an event that can stand in a list with others, with an id that is its own.

    The id of a line without one is its digest and how often it came before, which the collector
    digests again under a key.
    """
    text, event = line, _decode(line)
    if event is None:
        text = mend_text(line)
        event = _decode(text)
    if event is None:
        return NO_EVENT
    if not isinstance(event, dict) or event.get("event_id"):
        return text
    before, digest = occurrences.count(line)
    return msgspec.json.encode(event | {"event_id": f"line-{digest}-{before}"})


def _decode(line: bytes) -> Any:
    """Give what a line says, None where it is no JSON that could stand in a list with others."""
    try:
        return msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
