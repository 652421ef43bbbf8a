"""Section of the reference that lists every command of `sanaq` with its arguments and options."""

from __future__ import annotations

from collections.abc import Iterator

import click

from cli import sanaq
from scripts.markdown_table import build_table


def list_commands(
    command: click.Command, path: tuple[str, ...] = ("sanaq",)
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield every command below one, with the words that call it; groups only lead to others."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    context = click.Context(command)
    for name in command.list_commands(context):
        below = command.get_command(context, name)
        if below is not None and not below.hidden:
            yield from list_commands(below, (*path, name))


def describe_commands() -> str:
    """Return every command: how it is called, what it promises, what it takes."""
    return "\n".join(_describe(path, command) for path, command in list_commands(sanaq))


def _describe(path: tuple[str, ...], command: click.Command) -> str:
    usage = " ".join([*path, *_usage(command)])
    promise = " ".join((command.help or "").split("\n\n")[0].split())
    rows = [
        (f"`{', '.join(option.opts)}`", _describe_option(option))
        for option in command.params
        if isinstance(option, click.Option) and not option.hidden
    ]
    table = "\n" + build_table(("Option", "Meaning"), rows) if rows else ""
    return f"### `{usage}`\n\n{promise}\n{table}"


def _usage(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        if isinstance(parameter, click.Argument):
            yield parameter.make_metavar(click.Context(command))
        elif isinstance(parameter, click.Option) and parameter.required:
            yield f"{parameter.opts[0]} {_values(parameter)}"


def _values(option: click.Option) -> str:
    if isinstance(option.type, click.Choice):
        return "|".join(map(str, option.type.choices))
    return (option.name or "").upper()


def _describe_option(option: click.Option) -> str:
    choices = f" One of {_values(option)}." if isinstance(option.type, click.Choice) else ""
    return f"{option.help or ''}{choices}"
