"""`sanaq forwarder`: Send events to the recipients that their people agreed to."""

from __future__ import annotations

import click

from config.settings import load_settings


@click.command()
def forwarder() -> None:
    """Send events to the recipients that their people agreed to, until stopped.

    With no file in `recipients/` there is nothing to do, and it ends.

    \b
    Example: sanaq forwarder
    """
    from collector.forwarder import run_forwarder

    run_forwarder(load_settings())
