"""`sanaq keys`: the pseudonym keys in the keyring, and their end."""

from __future__ import annotations

from typing import get_args

import click

from commands._registry import opened_with_keys, print_rows
from config.policy_file import load_policy
from storage.key_epochs import FOREVER, KeyClass
from storage.key_sweep import record_destructions, sweep_keys
from storage.keyring_file import KeyName
from storage.registry import audit
from storage.registry.tables import format_moment


@click.group()
def keys() -> None:
    """Pseudonym keys: one per site, class and epoch; never shown."""


@keys.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON array.")
def list_all(as_json: bool) -> None:
    """Show which keys live, and since when.

    Example: sanaq keys list
    """
    with opened_with_keys() as (_, _registry, keyring):
        rows = [
            {
                "site": one.name.site,
                "class": one.name.key_class,
                "epoch": one.name.epoch,
                "made_at": format_moment(one.made_at),
            }
            for one in keyring.names()
        ]
    print_rows(rows, as_json, "No keys yet: they are made when events arrive.")


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
@click.option("--site", required=True, help="Whose key.")
@click.option(
    "--class", "key_class", type=click.Choice(get_args(KeyClass)), required=True, help="What for."
)
@click.option("--epoch", default=FOREVER, show_default=True, help="As `sanaq keys list` shows it.")
@click.confirmation_option(
    prompt="Rows under this key can never again be found for a person. Destroy it?"
)
def destroy(site: str, key_class: KeyClass, epoch: str) -> None:
    """Destroy one key for good: nobody can be found again in the rows digested with it.

    Example: sanaq keys destroy --site soq --class device --epoch 2025-10 --yes
    """
    with opened_with_keys() as (_, registry, keyring):
        gone = keyring.destroy([KeyName(site, key_class, epoch)], registry.now())
        record_destructions(keyring, registry, audit.cli_actor())
        if not gone:
            raise click.ClickException("no living key has this name")
        click.echo("The key is destroyed.")
