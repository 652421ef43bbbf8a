"""`sanaq import`: historical data, through the HTTP endpoint like everything else."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path

import click
import msgspec

from commands._importer import Importer, Tally, in_requests, own_key, read_lines
from commands._registry import opened
from storage.registry import audit

BodyOf = Callable[[list[bytes]], bytes]
"""Lines of one request -> its body."""


@click.group("import")
def import_() -> None:
    """Bring historical data in, exempt from clock and rate limits.

    An import may be repeated: what the warehouse already has is a duplicate.

    \b
    Example: sanaq import access-log access.log.gz --site soq
    """


@import_.command("access-log")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, exists=True))
@click.option("--site", required=True, help="Site that the visits belong to.")
@click.option("--source", default="access_log", help="Where the data comes from.")
@click.option("--basis", default="legitimate_interest", help="Legal basis of having it.")
@click.option("--json", "as_json", is_flag=True, help="Tell the result as JSON.")
def access_log(file: Path, site: str, source: str, basis: str, as_json: bool) -> None:
    """Import an Apache or nginx access log in the combined format; gzip is fine.

    Page views are kept; assets, errors and other methods are rejected, each with its reason.

    \b
    Example: sanaq import access-log access.log.gz --site soq
    """
    origin = {"source": source, "basis": basis}
    seen: Counter[bytes] = Counter()

    def body_of(lines: list[bytes]) -> bytes:
        numbered = [_number(line, seen) for line in lines]
        return msgspec.json.encode({"import": origin, "lines": numbered})

    _run(file, site, as_json, "/v1/import/access-log", body_of)


@import_.command("events")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True, exists=True))
@click.option("--site", required=True, help="Site that the events belong to.")
@click.option("--source", required=True, help="Who collected the events.")
@click.option("--basis", required=True, help="Legal basis of having them.")
@click.option("--json", "as_json", is_flag=True, help="Tell the result as JSON.")
def events(file: Path, site: str, source: str, basis: str, as_json: bool) -> None:
    """Import events in the native form, one JSON object a line; gzip is fine.

    \b
    Example: sanaq import events events.ndjson --site soq --source crm --basis consent
    """
    origin = msgspec.json.encode({"source": source, "basis": basis})

    def body_of(lines: list[bytes]) -> bytes:
        objects = b",".join(line if _is_json(line) else b"null" for line in lines)
        return b'{"import":' + origin + b',"events":[' + objects + b"]}"

    _run(file, site, as_json, "/v1/events", body_of)


def _run(file: Path, site: str, as_json: bool, path: str, body_of: BodyOf) -> None:
    """Send a file request by request, with a progress line when a person watches."""
    with opened() as (settings, registry), own_key(registry, site, audit.cli_actor()) as key:
        importer = Importer(settings, key)
        try:
            for lines in _with_progress(in_requests(read_lines(file)), importer.tally):
                importer.post(path, body_of(lines), len(lines))
        finally:
            importer.close()
            _tell(importer.tally, as_json)


def _with_progress(requests: Iterator[list[bytes]], tally: Tally) -> Iterator[list[bytes]]:
    """Give the requests, and tell on the way how far they are."""
    is_watched = sys.stderr.isatty()
    for lines in requests:
        yield lines
        if is_watched:
            click.echo(f"\r{tally.received:,} events sent", nl=False, err=True)
    if is_watched:
        click.echo("", err=True)


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


def _number(line: bytes, seen: Counter[bytes]) -> tuple[int, str]:
    """Give how often a line occurred before in its file, and its text."""
    text = line.decode("utf-8", "replace")
    digest = blake2b(text.encode(), digest_size=12).digest()
    seen[digest] += 1
    return seen[digest] - 1, text


def _is_json(line: bytes) -> bool:
    """Tell whether a line is JSON that can stand in a list with others."""
    try:
        msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return False
    return True
