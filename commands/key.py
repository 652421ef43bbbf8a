"""`sanaq key`: write keys, which senders show."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import get_args

import click

from commands._registry import opened, print_rows
from storage.registry import audit, keys
from storage.registry.keys import Kind
from storage.registry.tables import format_moment


@click.group()
def key() -> None:
    """Write keys: browser keys are public, server keys are secret."""


@key.command()
@click.option("--site", required=True, help="Site to write to; made if it is new.")
@click.option("--kind", type=click.Choice(get_args(Kind)), required=True, help="Who will hold it.")
@click.option("--days", type=click.IntRange(1, 3_650), help="Days until it expires.")
@click.option("--json", "as_json", is_flag=True, help='Print {"key": …}.')
def create(site: str, kind: Kind, days: int | None, as_json: bool) -> None:
    """Make a write key and print it. This is the only time it is shown.

    Example: sanaq key create --site soq --kind browser
    """
    with opened() as (_, registry):
        expires_at = registry.now() + timedelta(days=days) if days else None
        made = keys.create_key(registry, site, kind, audit.cli_actor(), expires_at)
    click.echo(json.dumps({"key": made}) if as_json else made)


@key.command()
@click.argument("key_id", metavar="ID")
def revoke(key_id: str) -> None:
    """End a write key; collectors refuse it within a second.

    Example: sanaq key revoke 3f9a01bc
    """
    with opened() as (_, registry):
        keys.revoke_key(registry, key_id, audit.cli_actor())
        click.echo("The key is revoked.")


@key.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def list_all(as_json: bool) -> None:
    """Show all write keys by id; the keys themselves are kept nowhere.

    Example: sanaq key list
    """
    with opened() as (_, registry):
        rows = [
            {
                "id": one.id,
                "site": one.site,
                "kind": one.kind,
                "created_at": format_moment(one.created_at),
                "expires_at": format_moment(one.expires_at) if one.expires_at else None,
                "revoked_at": format_moment(one.revoked_at) if one.revoked_at else None,
            }
            for one in keys.list_keys(registry)
        ]
    print_rows(rows, as_json, "No write keys yet: sanaq key create --site SITE --kind browser")
