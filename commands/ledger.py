"""`sanaq ledger`: where every event went."""

from __future__ import annotations

from dataclasses import asdict

import click
import msgspec

from config.settings import load_settings
from storage.errors import Unavailable
from storage.spool import Ledger, read_ledger
from storage.spool_file import spool_file

LINES = {
    "received": "events that were decoded and answered",
    "stored": "loaded into the warehouse",
    "duplicate": "seen before",
    "rejected": "at fault",
    "refused": "kept out by consent",
    "spooled": "waiting for loading",
    "undecodable": "requests that could not be decoded",
    "property_refused": "properties of a category that is never collected",
    "signal_unreadable": "sources of consent that could not be read, and granted nothing",
    "erased": "stored, then erased on request",
    "expired": "stored, then expired",
}
"""What each figure means."""


@click.command()
@click.option("--site", help="Only this site.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def ledger(site: str | None, as_json: bool) -> None:
    """Show where every event went.

    Received is the sum of stored, duplicate, rejected, refused and spooled; exit code 1 and a
    line on standard error where it is not.

    Example: sanaq ledger --site soq --json
    """
    try:
        found = read_ledger(spool_file(load_settings()), site)
    except Unavailable as error:
        raise click.ClickException("there is no spool yet; start the spooler first") from error
    click.echo(_show_json(found) if as_json else _show_text(found))
    if found.difference:
        raise click.ClickException(f"{found.difference} events are unaccounted for")


def _show_json(found: Ledger) -> str:
    return msgspec.json.encode(asdict(found)).decode()


def _show_text(found: Ledger) -> str:
    figures = asdict(found)
    width = max(len(f"{figures[name]:,}") for name in LINES)
    lines = [f"{name:<16} {figures[name]:>{width},}  {text}" for name, text in LINES.items()]
    reasons = [f"  {reason:<38} {n:>{width},}" for reason, n in found.reasons.items()]
    return "\n".join([*lines, *(["", "reasons", *reasons] if reasons else [])])
