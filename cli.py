"""`sanaq`: the only place that wires programs together. Each command is a file in `commands/`."""

from __future__ import annotations

import importlib
import sys

import click

from commands._core_files import forbid_core_files
from config.errors import ConfigError
from storage.errors import Unavailable
from storage.logs import get_log, name_error, name_place

COMMANDS: dict[str, str] = {
    "up": "All roles on this machine.",
    "collector": "The collector alone.",
    "spooler": "The spooler alone.",
    "loader": "The loader alone.",
    "forwarder": "The forwarder alone.",
    "embedded": "The embedded warehouse alone.",
    "dashboards": "The dashboards alone.",
    "user": "Who may sign in.",
    "site": "Sites that send events.",
    "key": "Write keys of sites.",
    "import": "Historical data, through the HTTP endpoint.",
    "forward": "To whom events are forwarded, and the register of it.",
    "ledger": "Where every event went.",
    "release": "Anonymised releases for partners.",
    "consent": "Receipts of consent, verified.",
    "subject": "What people ask for about their data.",
    "policy": "Check the configuration.",
    "sql": "Read-only SQL for operators, on the audit log.",
    "audit": "The tamper-evident log.",
    "keys": "Pseudonym keys and their epochs.",
    "doctor": "Is this installation as it should be?",
    "demo": "Sample visitors and a partner release.",
}
"""Name -> what it is for. `commands/<name>.py` holds it (`import_` for `import`)."""

HINTS: dict[str, str] = {
    "registry": "does the database that SANAQ_REGISTRY names answer?",
}
"""Neighbour that did not answer -> what to look at, where that is not whether `sanaq up` runs."""

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_MISTAKE = 70
"""A fault of ours (sysexits: EX_SOFTWARE)."""


class _Lazy(click.Group):
    """Loads a command's file only when it is asked for, so that `sanaq` starts at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Give the names in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load a command's file and give its command."""
        if cmd_name not in COMMANDS:
            return None
        name = "import_" if cmd_name == "import" else cmd_name
        command: click.Command = getattr(importlib.import_module(f"commands.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.command(cls=_Lazy)
def sanaq() -> None:
    """Count everyone, know no one: a privacy-aware analytics and telemetry collector.

    \b
    Example: sanaq up
             sanaq key create --site soq --kind server
    """


def main() -> None:
    """Run `sanaq`; exit 0 when done, 1 when refused, 2 for usage or configuration."""
    forbid_core_files()
    try:
        sanaq.main(standalone_mode=False)
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    except click.Abort:
        sys.exit(EXIT_REFUSED)
    except click.ClickException as fault:
        fault.show()
        sys.exit(fault.exit_code)
    except ConfigError as fault:
        click.echo(f"sanaq: {fault}", err=True)
        sys.exit(EXIT_USAGE)
    except Unavailable as fault:
        hint = HINTS.get(fault.what, "is `sanaq up` running?")
        click.echo(f"sanaq: {fault}; {hint}", err=True)
        sys.exit(EXIT_REFUSED)
    except Exception as fault:  # noqa: BLE001
        # A mistake of ours. A traceback would quote what was being worked on.
        get_log("sanaq").error("a mistake", error=name_error(fault), place=name_place(fault))
        sys.exit(EXIT_MISTAKE)


if __name__ == "__main__":
    main()
