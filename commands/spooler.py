"""`sanaq spooler`: the one process of a host that writes the spool."""

from __future__ import annotations

import click

from config.settings import load_settings


@click.command()
def spooler() -> None:
    """Write the spool and find duplicates, until stopped; one on each host.

    \b
    Example: sanaq spooler
    """
    from storage.spooler import run_spooler

    run_spooler(load_settings())
