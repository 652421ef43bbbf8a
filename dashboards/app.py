"""The dashboards as a program: every address there is, and `run_dashboards`."""

from __future__ import annotations

import signal
import socket
import time

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from config.errors import ConfigError
from config.settings import HostPort, Settings
from dashboards.attempts import Attempts
from dashboards.failures import HANDLERS
from dashboards.overview_page import show_first, show_overview
from dashboards.security import SecureHeaders
from dashboards.services import Services
from dashboards.sign_in import (
    do_sign_in,
    do_sign_out,
    do_welcome,
    show_sign_in,
    show_welcome,
)
from dashboards.templating import STATIC, DigestedFiles, Templates
from dashboards.warehouse_reads import WarehouseReads
from storage.clock import utc_now
from storage.errors import Unavailable
from storage.http_bounds import BoundedHttp
from storage.logs import get_log
from storage.registry import open_registry, version
from storage.warehouse import Refused

READY_SQL = "SELECT 1 FROM sanaq.events LIMIT 0"
"""Runs once the warehouse has its tables."""


async def tell_live(request: Request) -> Response:
    """`GET /livez`: this process answers."""
    return JSONResponse({"status": "live"})


async def tell_ready(request: Request) -> Response:
    """`GET /readyz`: registry and warehouse answer too; else 503, naming who does not."""
    services: Services = request.app.state.services
    try:
        await run_in_threadpool(version, services.registry)
        await run_in_threadpool(services.reads.read, READY_SQL, {})
    except Unavailable as error:
        return JSONResponse({"error": "unavailable", "detail": error.what}, 503)
    except Refused:
        return JSONResponse({"error": "unavailable", "detail": "warehouse"}, 503)
    return JSONResponse({"status": "ready"})


ROUTES = [
    Route("/", show_first),
    Route("/sites/{site}", show_overview),
    Route("/sign-in", show_sign_in),
    Route("/sign-in", do_sign_in, methods=["POST"]),
    Route("/sign-out", do_sign_out, methods=["POST"]),
    Route("/welcome/{token}", show_welcome),
    Route("/welcome/{token}", do_welcome, methods=["POST"]),
    Route("/livez", tell_live),
    Route("/readyz", tell_ready),
    Mount("/static", DigestedFiles(directory=STATIC)),
]
"""Every address there is."""


def create_app(services: Services) -> ASGIApp:
    """Build the ASGI app over its neighbours; every answer of it, faults too, is secured."""
    app = Starlette(
        routes=ROUTES,
        exception_handlers=HANDLERS,
    )
    app.state.services = services
    app.state.attempts = Attempts(time.monotonic)
    return SecureHeaders(app)


def run_dashboards(settings: Settings) -> None:
    """Serve the dashboards until SIGTERM or SIGINT.

    Errors: `Unavailable` when the registry cannot be opened; `ConfigError` when the port is taken.
    """
    reads = WarehouseReads(settings)
    services = Services(
        settings=settings,
        registry=open_registry(settings),
        reads=reads,
        templates=Templates(),
        clock=utc_now,
        log=get_log("dashboards"),
    )
    # The server hands its stop signal on when it has stopped: these handlers make that an end of
    # this function instead of the process.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with _listen(settings.dashboards) as listener:
        services.log.info("serving", port=listener.getsockname()[1])
        server = uvicorn.Server(_server_config(settings, create_app(services)))
        server.run(sockets=[listener])
    reads.close()
    services.registry.close()


def _listen(address: HostPort) -> socket.socket:
    """Bind before serving, since the server would tell a busy port to its silenced log alone."""
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family)
    except OSError:
        what = "SANAQ_DASHBOARDS names an address or port that cannot be listened on"
        raise ConfigError("environment", 0, what) from None


def _server_config(settings: Settings, app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=BoundedHttp,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        # Its access log would hold addresses, its error log the text of exceptions.
        access_log=False,
        log_level="critical",
        server_header=False,
        timeout_graceful_shutdown=5,
    )
