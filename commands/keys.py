"""`sanaq keys`: the pseudonym keys in the keyring, their epochs, and their end."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

import click

from commands._registry import opened_with_keys, print_rows
from config.policy_file import load_policy
from storage.key_epochs import FOREVER, ROTATED, KeyClass, next_start
from storage.key_sweep import record_destructions, sweep_keys
from storage.keyring import Keyring
from storage.keyring_file import KeyName
from storage.registry import Registry, audit, sites
from storage.registry import keys as write_keys
from storage.registry.tables import format_moment

ENDING = ("session", "visit")
"""Classes that end every day by themselves: destroyed at will, never rotated."""

CLASS = click.Choice(get_args(KeyClass))


@click.group()
def keys() -> None:
    """Pseudonym keys: one per site, class and epoch; never shown."""


@keys.command(name="list")
@click.option("--destroyed", is_flag=True, help="Those that are gone, and since when.")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def list_all(destroyed: bool, as_json: bool) -> None:
    """Show which keys live, until when events get them, and when each is destroyed.

    Example: sanaq keys list --destroyed
    """
    with opened_with_keys() as (settings, _registry, keyring):
        if destroyed:
            gone = [_name(name) | {"destroyed_at": _show(at)} for name, at in keyring.destroyed()]
            return print_rows(gone, as_json, "No key was destroyed yet.")
        retention_days = load_policy(settings.config_dir).retention_days
        rows = [
            _name(one.name)
            | {
                "made_at": _show(one.made_at),
                "ends_at": _show(keyring.end(one.name)),
                "destroyed_at": _show(keyring.due_at(one, retention_days)),
            }
            for one in keyring.names()
        ]
    print_rows(rows, as_json, "No keys yet: they are made when events arrive.")
    return None


@keys.command()
def sweep() -> None:
    """Destroy the keys whose time has come, as the running service does by itself.

    Example: sanaq keys sweep
    """
    with opened_with_keys() as (settings, registry, keyring):
        retention_days = load_policy(settings.config_dir).retention_days
        count = sweep_keys(keyring, registry, retention_days, audit.cli_actor())
        click.echo(f"Destroyed {count} keys; each is on the audit log.")


@keys.command()
@click.option("--site", required=True, help="Whose key; a recipient's is `to:NAME`.")
@click.option(
    "--class", "key_class", type=click.Choice([*ROTATED]), required=True, help="What for."
)
@click.option(
    "--from",
    "begin",
    type=click.Choice(["monday", "midnight"]),
    default="monday",
    show_default=True,
    help="The next one in UTC; a midnight in a week cuts that week's releases in two.",
)
@click.confirmation_option(
    prompt="From then on nobody is known as the one they were before. Begin a new epoch?"
)
def rotate(site: str, key_class: KeyClass, begin: str) -> None:
    """Begin a new epoch before its time: later events get a new key, earlier ones keep theirs.

    Example: sanaq keys rotate --site soq --class person --from midnight --yes
    """
    with opened_with_keys() as (_, registry, keyring):
        if key_class != "forward" and sites.find_site(registry, site) is None:
            raise click.ClickException("there is no site of this name")
        start = next_start(registry.now(), on_monday=begin == "monday")
        _rotate(registry, keyring, site, key_class, start)
        click.echo(f"A new epoch begins at {format_moment(start)}.")


@keys.command()
@click.option("--site", required=True, help="Whose key; a recipient's is `to:NAME`.")
@click.option("--class", "key_class", type=CLASS, required=True, help="What for.")
@click.option("--epoch", default=FOREVER, show_default=True, help="As `sanaq keys list` shows it.")
@click.confirmation_option(
    prompt="Rows under this key can never again be found for a person. Destroy it?"
)
def destroy(site: str, key_class: KeyClass, epoch: str) -> None:
    """Destroy one key for good: nobody can be found again in the rows digested with it.

    Where its epoch is in force, a new one begins at the next midnight in UTC.

    Example: sanaq keys destroy --site soq --class device --epoch 2025-10 --yes
    """
    name = KeyName(site, key_class, epoch)
    with opened_with_keys() as (_, registry, keyring):
        _refuse_needed(registry, name)
        if name not in [one.name for one in keyring.names()]:
            raise click.ClickException("no living key has this name")
        now, end = registry.now(), keyring.end(name)
        in_force = key_class in ROTATED and (end is None or end > now)
        start = next_start(now, on_monday=False)
        if in_force:
            _rotate(registry, keyring, site, key_class, start)
        keyring.destroy([name], now)
        record_destructions(keyring, registry, audit.cli_actor())
    click.echo("The key is destroyed; processes that run forget it within two minutes.")
    if in_force:
        click.echo(f"Events get no such id until a new epoch begins at {format_moment(start)}.")


def _rotate(
    registry: Registry, keyring: Keyring, site: str, key_class: KeyClass, start: datetime
) -> None:
    """Begin an epoch, on the audit log first: none may begin without standing there."""
    details = {"site": site, "class": key_class, "starts_at": format_moment(start)}
    epoch = f"{key_class}/{start.date().isoformat()}"
    audit.append(registry, audit.cli_actor(), "keys.rotate", epoch, details)
    keyring.rotate(site, key_class, start)


def _refuse_needed(registry: Registry, name: KeyName) -> None:
    """Refuse what would stop a site: no event can be told from its duplicate without its key.

    Errors: ClickException.
    """
    if name.key_class == "signing":
        raise click.ClickException("this key signs releases and digests nobody; it stays")
    if name.key_class in ROTATED or name.key_class in ENDING:
        return
    now = registry.now()
    if any(key.site == name.site and key.is_live(now) for key in write_keys.list_keys(registry)):
        what = "the site takes events, which need this key; revoke its write keys first"
        raise click.ClickException(what)


def _name(name: KeyName) -> dict[str, str | None]:
    return {"site": name.site, "class": name.key_class, "epoch": name.epoch}


def _show(moment: datetime | None) -> str | None:
    return None if moment is None else format_moment(moment)
