"""`sanaq site`: the properties that send events."""

from __future__ import annotations

import click

from commands._registry import opened, print_rows
from storage.registry import audit, sites
from storage.registry.tables import format_moment


@click.group()
def site() -> None:
    """Sites: names under which events are counted."""


@site.command()
@click.argument("name", metavar="SITE")
@click.option("--timezone", default=sites.TIMEZONE_DEFAULT, show_default=True, help="IANA name.")
@click.option("--origins", multiple=True, help="Origin that browsers may send from; repeatable.")
def add(name: str, timezone: str, origins: tuple[str, ...]) -> None:
    """Make a site. Its days begin at midnight in its time zone.

    Example: sanaq site add soq --timezone Asia/Almaty --origins https://soq.example
    """
    with opened() as (_, registry):
        sites.add_site(registry, name, audit.cli_actor(), timezone, _split(origins))
        click.echo(f"Made the site {name}. Next: sanaq key create --site {name} --kind browser")


@site.command(name="set")
@click.argument("name", metavar="SITE")
@click.option(
    "--origins",
    multiple=True,
    required=True,
    help="Origin that browsers may send from, instead of those before; repeatable. '' empties.",
)
def change(name: str, origins: tuple[str, ...]) -> None:
    """Change which origins a site lists: pages there may send without a key.

    Example: sanaq site set soq --origins https://soq.example,https://m.soq.example
    """
    listed = _split(origins)
    with opened() as (_, registry):
        sites.list_origins(registry, name, audit.cli_actor(), listed)
    click.echo(f"The site {name} lists {', '.join(listed) or 'no origin'}.")


@site.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def list_all(as_json: bool) -> None:
    """Show all sites.

    Example: sanaq site list
    """
    with opened() as (_, registry):
        rows = [
            {
                "site": one.name,
                "timezone": one.timezone,
                "origins": ",".join(one.origins) or None,
                "created_at": format_moment(one.created_at),
            }
            for one in sites.load_sites(registry).values()
        ]
    print_rows(rows, as_json, "No sites yet: sanaq site add SITE")


def _split(origins: tuple[str, ...]) -> list[str]:
    """Give the origins of options that may hold several each."""
    return [part for text in origins for part in text.split(",") if part]
