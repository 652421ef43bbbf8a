"""`sanaq loader`: Move spooled batches into the warehouse, exactly once."""

from __future__ import annotations

import click

from config.settings import load_settings


@click.command()
def loader() -> None:
    """Move spooled batches into the warehouse, exactly once, until stopped.

    \b
    Example: sanaq loader
    """
    from collector.loader import run_loader

    run_loader(load_settings())
