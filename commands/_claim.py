"""What `sanaq up` makes sure of before it starts a role: this home and these addresses are free.

Why: a second service in the same home, or on the same ports, would find the first one answering,
take it for its own, and fill it while its own roles fail again and again.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from config.errors import ConfigError
from config.loading import show_file
from config.settings import HostPort, Settings

LOCK_NAME = "up.lock"

FREE_SECONDS_MAX = 15.0
"""How long an address is waited for that a service which is ending may still hold."""

POLL_SECONDS = 0.2


@contextmanager
def claim(settings: Settings, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the home for this process, and see that every address can be listened on.

    Errors: ConfigError where another service runs in the home, or an address stays in use.
    """
    lock = _lock(settings)
    try:
        for variable, address in _addresses(settings).items():
            _await_free(variable, address, tell)
        yield
    finally:
        os.close(lock)


def _lock(settings: Settings) -> int:
    """Give the descriptor that holds the home; no child inherits it."""
    path = settings.path("run") / LOCK_NAME
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        what = "another service runs in this SANAQ_HOME; stop it, or set another SANAQ_HOME"
        raise ConfigError(show_file(settings.home), 0, what) from None
    return lock


def _addresses(settings: Settings) -> dict[str, HostPort]:
    """Give the addresses that roles will listen on, by the variable that names them."""
    addresses = {
        "SANAQ_COLLECTOR": settings.collector,
        "SANAQ_DASHBOARDS": settings.dashboards,
    }
    if settings.clickhouse is None:
        addresses["SANAQ_EMBEDDED"] = settings.embedded
    return addresses


def _await_free(variable: str, address: HostPort, tell: Callable[[str], None]) -> None:
    """Wait until an address is free.

    Errors: ConfigError.
    """
    if _is_free(address):
        return
    tell(f"{variable} names an address that is in use; waiting {FREE_SECONDS_MAX:.0f} seconds …")
    deadline = time.monotonic() + FREE_SECONDS_MAX
    while not _is_free(address):
        if time.monotonic() > deadline:
            what = f"{variable} names an address or port that cannot be listened on"
            raise ConfigError("environment", 0, f"{what}; stop who does, or set another")
        time.sleep(POLL_SECONDS)


def _is_free(address: HostPort) -> bool:
    """Tell whether an address can be listened on."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        with socket.create_server((address.host, address.port), family=family):
            return True
    except OSError:
        return False
