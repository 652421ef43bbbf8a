"""`sanaq up`: every role on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event

import click
import httpx

from commands._claim import claim
from commands.supervise import Child, Supervisor
from config.recipient_files import load_recipients
from config.residency import check_addresses
from config.settings import HostPort, Settings, load_settings
from config.vocabulary import load_vocabulary
from storage.keyring import open_keyring
from storage.logs import get_log

READY_POLL_SECONDS = 0.3


@click.command()
def up() -> None:
    """Run every role on this machine until Ctrl-C: the same roles can be spread out on many.

    \b
    Example: sanaq up
    """
    settings = load_settings()
    # A mistake in the configuration is told here, once, and not by every role again and again.
    load_vocabulary(settings.config_dir)
    for complaint in check_addresses(settings):
        raise complaint
    run_up(settings, tell=lambda line: click.echo(line, err=True))


def run_up(
    settings: Settings,
    tell: Callable[[str], None],
    when_ready: Callable[[Callable[[], None]], None] | None = None,
) -> bool:
    """Keep all roles running until asked to stop; tell once when the service is ready.

    They stop in this order, so that what is accepted can still be written. `when_ready` is called
    once with a function that ends the service as failed; gives whether it was not called.
    Errors: ConfigError where another service has this home or an address, or the master key is
    another keyring's.
    """
    names = list_roles(settings)
    supervisor = Supervisor([Child(name, [name]) for name in names], get_log("up"))
    failed = Event()

    def fail() -> None:
        failed.set()
        supervisor.stopping.set()

    def ready() -> None:
        if when_ready is not None:
            when_ready(fail)

    with claim(settings, tell):
        # A wrong master key is told here, once, and not by every role again and again.
        open_keyring(settings).close()
        supervisor.run(_announce(settings, tell, ready))
    return not failed.is_set()


def list_roles(settings: Settings) -> list[str]:
    """Give the roles of an installation, in the order in which they stop.

    Errors: ConfigError where a recipient's file is wrong.
    """
    forwarder = ["forwarder"] if load_recipients(settings.config_dir) else []
    embedded = ["embedded"] if settings.clickhouse is None else []
    return ["collector", *forwarder, "dashboards", "loader", "spooler", *embedded]


def _announce(
    settings: Settings, tell: Callable[[str], None], ready: Callable[[], None]
) -> Callable[[], None]:
    """Give what tells the addresses as soon as the service answers, and then calls `ready`."""
    waiting = {
        f"collector   {_url(settings.collector, settings)}": settings.collector,
        f"dashboards  {_url(settings.dashboards, settings)}": settings.dashboards,
    }
    next_at = 0.0

    def announce() -> None:
        nonlocal next_at
        if not waiting or time.monotonic() < next_at:
            return
        next_at = time.monotonic() + READY_POLL_SECONDS
        for line, address in list(waiting.items()):
            if is_ready(_url(address, settings)):
                tell(f"ready: {line}")
                del waiting[line]
        if not waiting:
            ready()

    return announce


def is_ready(url: str) -> bool:
    """Tell whether a service says that it is ready."""
    try:
        # The certificate is the operator's own; this only asks whether somebody answers.
        return httpx.get(f"{url}/readyz", timeout=1.0, verify=False).status_code == 200
    except httpx.HTTPError:
        return False


def _url(address: HostPort, settings: Settings) -> str:
    """Give the address as a browser takes it."""
    return f"{'https' if settings.tls_cert else 'http'}://{address}"
