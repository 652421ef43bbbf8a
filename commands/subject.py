"""`sanaq subject`: what people ask for about their data."""

from __future__ import annotations

import click

from commands._registry import opened, print_rows
from storage.registry.tables import format_moment


@click.group()
def subject() -> None:
    """Requests of people about their data.

    Example: sanaq subject requests
    """


@subject.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def requests(as_json: bool) -> None:
    """List what was asked for and is still to be done, oldest first.

    A request names nobody: it is found again by its id, and its subject's rows by digests that are
    not shown.

    \b
    Example: sanaq subject requests
             sanaq subject requests --json
    """
    from storage.registry.requests import list_requests

    with opened() as (_, registry):
        found = list_requests(registry)
    rows = [one._asdict() | {"received_at": format_moment(one.received_at)} for one in found]
    print_rows(rows, as_json, "Nothing waits to be done.")
