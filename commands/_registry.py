"""What the commands on registry and keyring share: opening them, and saying no politely."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import click

from config.settings import Settings, load_settings
from storage.errors import Unavailable
from storage.keyring import Keyring, open_keyring
from storage.registry import Registry, RegistryRefused, open_registry

DOES_IT_ANSWER = "does the database that SANAQ_REGISTRY names answer?"
"""What to look at where the registry is away."""

Row = Mapping[str, str | int | None]
"""One line of a command's output, by column."""


@contextmanager
def opened() -> Iterator[tuple[Settings, Registry]]:
    """Give settings and registry, and turn what they refuse into one sentence and exit 1.

    Errors: ConfigError, which `cli` turns into exit 2.
    """
    settings = load_settings()
    try:
        registry = open_registry(settings)
        try:
            yield settings, registry
        finally:
            registry.close()
    except Unavailable as error:
        hint = f"; {DOES_IT_ANSWER}" if error.what == "registry" else ""
        raise click.ClickException(f"{error}{hint}") from error
    except RegistryRefused as error:
        raise click.ClickException(str(error)) from error


@contextmanager
def opened_with_keys() -> Iterator[tuple[Settings, Registry, Keyring]]:
    """Give settings, registry and keyring, as `opened` does."""
    with opened() as (settings, registry):
        keyring = open_keyring(settings)
        try:
            yield settings, registry, keyring
        finally:
            keyring.close()


def print_rows(rows: Sequence[Row], as_json: bool, empty: str) -> None:
    """Print rows as aligned columns with a heading, or as one JSON array; `empty` for none."""
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo(empty)
        return
    cells = [list(rows[0]), *([_show(value) for value in row.values()] for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(cells[0]))]
    for line in cells:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _show(value: str | int | None) -> str:
    return "-" if value is None else str(value)
