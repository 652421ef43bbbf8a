"""The program that serves the embedded warehouse."""

from __future__ import annotations

import ipaddress
import signal
from pathlib import Path

import uvicorn

from config.errors import ConfigError
from config.settings import HostPort, Settings
from storage.embedded.app import Application
from storage.embedded.engine import Engine
from storage.embedded.queries import Desk
from storage.embedded.roles import make_passwords
from storage.embedded.running import Running
from storage.http_bounds import WideBoundedHttp
from storage.logs import get_log

KEEP_SECONDS = 300
"""How long an idle connection is kept, in seconds: longer than the loader pauses."""

CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGABRT)
"""Signals of a crash. Under the engine's own handlers the process would hang for ever instead of
ending, so that nobody started it again."""

STOP_SECONDS_MAX = 12
"""How long a stop waits for queries that run, in seconds; it cancels them then."""


def run_embedded(settings: Settings) -> None:
    """Serve the embedded warehouse until SIGTERM.

    Errors: `ConfigError` where it would listen beyond this machine or another process serves the
    same folder.
    """
    _require_loopback(settings.embedded)
    log = get_log("embedded")
    warehouse = settings.path("warehouse")
    engine = Engine(warehouse, settings.limits.embedded_memory_bytes_max)
    for number in CRASHES:
        signal.signal(number, signal.SIG_DFL)
    application = make_application(engine, warehouse, settings)
    server = uvicorn.Server(
        uvicorn.Config(
            application,
            http=WideBoundedHttp,
            host=settings.embedded.host,
            port=settings.embedded.port,
            lifespan="off",
            access_log=False,
            proxy_headers=False,
            log_config=None,
            log_level="critical",
            server_header=False,
            timeout_keep_alive=KEEP_SECONDS,
            timeout_graceful_shutdown=STOP_SECONDS_MAX,
        )
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises what it caught once more when it has stopped; the engine closes first.
        signal.signal(number, lambda *_: None)
    log.info("serving", port=settings.embedded.port)
    server.run()
    application.close()
    engine.close()
    log.info("stopped")


def make_application(engine: Engine, warehouse: Path, settings: Settings) -> Application:
    """Put the parts together over an engine."""
    running = Running()
    desk = Desk(engine, settings.limits, running)
    hosts = own_hosts(settings.embedded)
    return Application(engine, desk, running, make_passwords(warehouse), hosts)


def own_hosts(listens: HostPort) -> frozenset[str]:
    """Give the `Host` headers that mean us: a page's script can make a browser send no other
    one than the name it was loaded from, and that name is not among these."""
    names = {"127.0.0.1", "localhost", "[::1]", listens.host, str(listens).rsplit(":", 1)[0]}
    return frozenset(f"{name}:{listens.port}" for name in names)


def _require_loopback(listens: HostPort) -> None:
    try:
        inside = listens.host == "localhost" or ipaddress.ip_address(listens.host).is_loopback
    except ValueError:
        inside = False
    if not inside:
        what = "SANAQ_EMBEDDED must be a loopback address; use SANAQ_CLICKHOUSE for a cluster"
        raise ConfigError("environment", 0, what)
