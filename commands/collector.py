"""`sanaq collector`: worker processes on one listening socket."""

from __future__ import annotations

import errno
import os
import signal
import socket
import time
from contextlib import closing

import click

from collector.rate import make_memory
from commands.supervise import Child, Supervisor
from config.errors import ConfigError
from config.settings import HostPort, Settings, load_settings
from config.vocabulary import load_vocabulary
from storage.errors import Unavailable
from storage.key_sweep import sweep_keys
from storage.keyring import open_keyring
from storage.logs import Log, get_log
from storage.registry import open_registry
from storage.registry.address import is_local

BIND_SECONDS_MAX = 15.0
"""How long an address that is still in use is tried again."""

SWEEP_SECONDS = 600.0
"""How often keys are looked over: a visit salt dies at most so long after its 48 hours."""

FOLLOW_SECONDS = 30.0
"""How often this host looks what other hosts did to the keys that they share."""

ACTOR = "collector"
"""Who the audit log names for destructions on schedule."""


@click.command()
@click.option("--listener-fd", type=int, hidden=True, help="Serve on this inherited socket.")
@click.option("--rates-fd", type=int, hidden=True, help="Count addresses in this shared memory.")
def collector(listener_fd: int | None, rates_fd: int | None) -> None:
    """Take events over HTTP, in several worker processes.

    \b
    Example: SANAQ_COLLECTOR=127.0.0.1:8080 sanaq collector
    """
    settings = load_settings()
    if listener_fd is not None:
        from collector.worker import run_worker

        run_worker(settings, socket.socket(fileno=listener_fd), rates_fd)
        return
    run_collector(settings)


def run_collector(settings: Settings) -> None:
    """Bind the collector's address and keep its workers running until SIGTERM."""
    listener = bind(settings.collector)
    listener.set_inheritable(True)
    number, rates = listener.fileno(), make_memory()
    os.set_inheritable(rates, True)
    children = [
        Child(
            f"collector-{n}",
            ["collector", "--listener-fd", str(number), "--rates-fd", str(rates)],
            pass_fds=(number, rates),
            # A worker that outlived its supervisor would hold the address.
            death_signal=signal.SIGKILL,
        )
        for n in range(settings.limits.collector_workers)
    ]
    log = get_log("collector")
    Supervisor(children, log).run(_Sweeper(settings, log).tick)


class _Sweeper:
    """Destroys pseudonym keys whose time has come, now and then, beside the workers."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self._settings = settings
        self._log = log
        self._policy = load_vocabulary(settings.config_dir).policy
        self._next_at = 0.0
        self._follow_at = 0.0

    def tick(self) -> None:
        """Sweep and follow when it is time; a neighbour that is away puts it off to the next."""
        if not is_local(self._settings.registry_dsn) and time.monotonic() >= self._follow_at:
            self._follow_at = time.monotonic() + FOLLOW_SECONDS
            self._follow()
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + SWEEP_SECONDS
        try:
            destroyed = self._sweep()
        except Unavailable as fault:
            self._log.warn("keys were not swept", name=fault.what.replace(" ", "-"))
        else:
            if destroyed:
                self._log.info("keys destroyed", count=destroyed)

    def _follow(self) -> None:
        """Take over what other hosts rotated and destroyed, which opening the keyring does."""
        try:
            open_keyring(self._settings).close()
        except Unavailable as fault:
            self._log.warn("keys of other hosts are unknown", name=fault.what.replace(" ", "-"))

    def _sweep(self) -> int:
        """Destroy what is due, on the audit log; give how many keys."""
        with (
            closing(open_registry(self._settings)) as registry,
            closing(open_keyring(self._settings)) as keyring,
        ):
            return sweep_keys(keyring, registry, self._policy.retention_days, ACTOR)


def bind(address: HostPort) -> socket.socket:
    """Give a listening socket, waiting a while for an address that is still in use.

    Errors: ConfigError where it cannot be had.
    """
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    deadline = time.monotonic() + BIND_SECONDS_MAX
    while True:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address.host, address.port))
        except OSError as fault:
            listener.close()
            if fault.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                what = "SANAQ_COLLECTOR names an address that cannot be listened on"
                raise ConfigError("environment", 0, what) from fault
            time.sleep(0.2)
        else:
            listener.listen(2_048)
            return listener
