"""`sanaq embedded`: the embedded warehouse."""

from __future__ import annotations

import click

from config.settings import load_settings


@click.command()
def embedded() -> None:
    """Serve the embedded warehouse on loopback until stopped.

    \b
    Example: SANAQ_EMBEDDED=127.0.0.1:8123 sanaq embedded
    """
    from storage.embedded.server import run_embedded

    run_embedded(load_settings())
