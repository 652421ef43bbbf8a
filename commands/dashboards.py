"""`sanaq dashboards`: pages for analysts."""

from __future__ import annotations

import click

from config.settings import load_settings


@click.command()
def dashboards() -> None:
    """Serve the dashboards until stopped.

    \b
    Example: SANAQ_DASHBOARDS=127.0.0.1:8081 sanaq dashboards
    """
    from dashboards.app import run_dashboards

    run_dashboards(load_settings())
