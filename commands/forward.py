"""`sanaq forward`: how far each recipient has got, and the register of what it received."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import click

from commands._registry import Row, opened, print_rows
from config.recipient_files import load_recipients
from config.recipients import Recipient
from config.settings import Settings
from storage.clock import unix_ms
from storage.errors import Unavailable
from storage.registry.forwardings import Progress, find_progress, list_hours
from storage.registry.tables import format_moment
from storage.spool_file import spool_file
from storage.spool_follow import Glance, glance

IN_BATCHES = ("lost", "unreadable")
"""Counts of batches; the others count events."""

SENT = ("delivered", "rejected")


@click.group()
def forward() -> None:
    """To whom events are forwarded, and the register of it."""


@forward.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def status(as_json: bool) -> None:
    """Show how far each recipient has got: what waits, what was given up, what failed last.

    Example: sanaq forward status --json
    """
    with opened() as (settings, registry):
        recipients = load_recipients(settings.config_dir)
        found = find_progress(registry)
        now = registry.now()
        rows = [_status(one, recipients, _look(settings, one), now) for one in found]
    told = {one.recipient for one in found}
    rows += [_unstarted(one) for name, one in recipients.items() if name not in told]
    print_rows(rows, as_json, "There are no recipients: no file lies in recipients/.")


@forward.command()
@click.option("--recipient", help="Only this one.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def register(recipient: str | None, as_json: bool) -> None:
    """Show what left for whom: by site and hour, on what terms, and how many events.

    `begun` counts events that may have left, `delivered` those that the recipient acknowledged.

    Example: sanaq forward register --recipient acme
    """
    with opened() as (_, registry):
        rows: list[Row] = [
            {
                "hour": format_moment(one.hour),
                "recipient": one.recipient,
                "site": one.site,
                "purpose": one.purpose,
                "basis": one.basis,
                "begun": one.begun,
                "delivered": one.delivered,
                "fields": " ".join([*one.terms["fields"], *one.terms["properties"]]),
                "ids": one.terms["ids"],
                "content_sha256": one.content_sha256,
            }
            for one in list_hours(registry, recipient)
        ]
    print_rows(rows, as_json, "Nothing was forwarded yet.")


def _look(settings: Settings, one: Progress) -> Glance | None:
    """Look at this host's spool from where a recipient is; none where it is another host's."""
    try:
        seen = glance(spool_file(settings), one.settled.seq - 1)
    except Unavailable:
        return None
    return seen if seen.spool_id.hex() == one.spool else None


def _status(
    one: Progress, recipients: Mapping[str, Recipient], seen: Glance | None, now: datetime
) -> Row:
    lag_seconds = None
    if seen is not None:
        lag_seconds = 0 if seen.oldest_ms is None else (unix_ms(now) - seen.oldest_ms) // 1_000
    counts = one.counts
    known = recipients.get(one.recipient)
    given_up = sum(n for word, n in counts.items() if word not in (*SENT, *IN_BATCHES))
    return {
        "recipient": one.recipient,
        "purpose": known.purpose if known else None,
        "spool": one.spool[:8],
        "lag_seconds": lag_seconds,
        "waiting_bytes": seen.bytes_after if seen else None,
        "delivered": counts.get("delivered", 0),
        "rejected": counts.get("rejected", 0),
        "given_up": given_up,
        "batches_lost": sum(counts.get(word, 0) for word in IN_BATCHES),
        "why": " ".join(f"{word}={n}" for word, n in sorted(counts.items()) if word not in SENT),
        "fault": one.fault or None,
        "faulted_at": format_moment(one.faulted_at) if one.faulted_at else None,
        "delivered_at": format_moment(one.delivered_at) if one.delivered_at else None,
    }


def _unstarted(one: Recipient) -> Row:
    names = ("lag_seconds", "waiting_bytes", "delivered", "rejected", "given_up", "batches_lost")
    nothing: dict[str, str | int | None] = dict.fromkeys(
        ("spool", *names, "why", "fault", "faulted_at", "delivered_at")
    )
    return {"recipient": one.name, "purpose": one.purpose} | nothing
