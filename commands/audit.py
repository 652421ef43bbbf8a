"""`sanaq audit`: the tamper-evident log of every look and every change."""

from __future__ import annotations

import json
import re
from dataclasses import asdict

import click

from commands._registry import Row, opened, print_rows
from storage.registry import audit as chain

HEAD = re.compile(r"([0-9]{1,18}):([0-9a-f]{64})")
"""A noted head: position and digest."""


@click.group()
def audit() -> None:
    """The audit log: who looked at or changed what, in a chain."""


@audit.command()
@click.option("--expect", metavar="SEQ:SHA256", help="A head noted earlier, elsewhere.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def verify(expect: str | None, as_json: bool) -> None:
    """Walk the chain and say whether anything in it was changed; exit 1 if so.

    Note the head that this prints somewhere else: with --expect, not even somebody who writes the
    whole chain anew goes unnoticed.

    Example: sanaq audit verify --expect 1842:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822c…
    """
    noted = _read_head(expect) if expect else None
    with opened() as (_, registry):
        verdict = chain.verify(registry, noted)
    head = f"{verdict.entries}:{verdict.head_sha256}"
    if as_json:
        click.echo(json.dumps({**asdict(verdict), "head": head}))
    elif verdict.broken_at is None:
        click.echo(f"The chain of {verdict.entries} entries is whole. Head: {head}")
    else:
        click.echo(f"BROKEN at entry {verdict.broken_at}: {verdict.what}", err=True)
    if verdict.broken_at is not None:
        raise SystemExit(1)


@audit.command()
@click.option(
    "--last",
    default=20,
    show_default=True,
    type=click.IntRange(1, 10_000),
    help="How many entries.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def show(last: int, as_json: bool) -> None:
    """Show the newest entries.

    Example: sanaq audit show --last 50
    """
    with opened() as (_, registry):
        entries = chain.read_entries(registry, last)
    if as_json:
        click.echo(json.dumps([asdict(entry) for entry in entries]))
        return
    rows: list[Row] = [
        {
            "seq": entry.seq,
            "at": entry.at,
            "actor": entry.actor,
            "action": entry.action,
            "subject": entry.subject,
            "details": entry.details_json,
        }
        for entry in entries
    ]
    print_rows(rows, as_json=False, empty="The audit log is empty.")


def _read_head(text: str) -> tuple[int, str]:
    match = HEAD.fullmatch(text)
    if match is None:
        raise click.UsageError("--expect takes a position, a colon and 64 hex digits")
    return int(match[1]), match[2]
