"""`sanaq user`: the operator's own people and their one-time links."""

from __future__ import annotations

from typing import get_args

import click

from commands._registry import opened, print_rows
from config.settings import Settings
from storage.registry import audit, users
from storage.registry.tables import format_moment
from storage.registry.users import Role


@click.group()
def user() -> None:
    """Accounts for the dashboards, the privacy desk and the partner portal."""


@user.command()
@click.option("--role", type=click.Choice(get_args(Role)), required=True, help="What they may see.")
@click.argument("email")
def add(role: Role, email: str) -> None:
    """Make an account and print a link to choose its password; it works once, within a day.

    Example: sanaq user add --role analyst aigul@soq.example
    """
    with opened() as (settings, registry):
        token = users.add_user(registry, email, role, audit.cli_actor())
        click.echo(link_of(settings, token))


@user.command()
@click.argument("email")
def link(email: str) -> None:
    """Print a new one-time link for an account whose password or link is lost.

    Example: sanaq user link aigul@soq.example
    """
    with opened() as (settings, registry):
        token = users.renew_link(registry, email, audit.cli_actor())
        click.echo(link_of(settings, token))


@user.command()
@click.argument("email")
def disable(email: str) -> None:
    """Close an account and sign it out everywhere, at once.

    Example: sanaq user disable aigul@soq.example
    """
    with opened() as (_, registry):
        users.disable_user(registry, email, audit.cli_actor())
        click.echo("The account is closed and signed out everywhere.")


@user.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def list_all(as_json: bool) -> None:
    """Show all accounts.

    Example: sanaq user list
    """
    with opened() as (_, registry):
        rows = [
            {
                "email": one.email,
                "role": one.role,
                "id": one.id,
                "created_at": format_moment(one.created_at),
                "disabled_at": format_moment(one.disabled_at) if one.disabled_at else None,
            }
            for one in users.list_users(registry)
        ]
    print_rows(rows, as_json, "No accounts yet: sanaq user add --role operator EMAIL")


def link_of(settings: Settings, token: str) -> str:
    """Give the address of a one-time link."""
    scheme = "https" if settings.tls_cert else "http"
    return f"{scheme}://{settings.dashboards}{users.link_path(token)}"
