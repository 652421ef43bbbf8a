"""One worker: everything a process needs to take requests, built once, served until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from functools import partial
from mmap import mmap
from threading import Lock

import polars as pl
import uvicorn
from clickhouse_connect.driver.client import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from collector.batcher import Batcher, KnownIds
from collector.clients import read_client
from collector.consent_desk import PATH as CONSENT_PATH
from collector.consent_desk import ConsentEndpoint
from collector.consent_parts import open_consents
from collector.context import Context
from collector.digests import Digester
from collector.door import Desk
from collector.geography import open_geography
from collector.ingest import Ingest
from collector.key_book import KeyBook
from collector.names import UndeclaredNames
from collector.peers import read_networks
from collector.pii import Scrubber
from collector.pipeline import Result
from collector.protocols import PROTOCOLS
from collector.protocols.terms import Terms
from collector.rate import RateLimit, open_memory
from collector.stages import PROTECT
from collector.web_sdk import list_routes, read_builds
from config.settings import Settings
from config.vocabulary import Vocabulary, load_vocabulary
from storage import warehouse
from storage.clock import Clock, utc_now
from storage.errors import Unavailable
from storage.http_bounds import BoundedHttp, bound_connections
from storage.keyring import open_keyring
from storage.logs import get_log
from storage.registry.allowances import note_allowances
from storage.registry.engine import open_registry
from storage.spool_client import SpoolClient
from storage.spooler import spooler_socket

BACKLOG_MAX = 2_048
"""Connections that may wait to be accepted."""

ACTOR = "collector"
"""Who the audit log names for what comes into force with a worker's start."""

KEEP_ALIVE_SECONDS = 30
STOP_SECONDS_MAX = 20
"""How long a stopping worker waits for the requests under way."""


def run_worker(
    settings: Settings,
    listener: socket.socket,
    rates_fd: int | None = None,
    clock: Clock = utc_now,
) -> None:
    """Take requests on a listening socket until SIGTERM; answer what is under way, then end.

    `rates_fd` is the memory in which the workers of a host count what addresses send.
    """
    _silence_libraries()
    bound_connections()
    config = uvicorn.Config(
        make_app(settings, open_memory(rates_fd), clock),
        loop="uvloop",
        http=BoundedHttp,
        ws="none",
        lifespan="on",
        # Access logs hold addresses; the server's own log lines may quote a request.
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=BACKLOG_MAX,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS_MAX,
        ssl_certfile=settings.tls_cert,
        ssl_keyfile=settings.tls_key,
    )
    uvicorn.Server(config).run(sockets=[listener])


def make_app(settings: Settings, rates: mmap, clock: Clock = utc_now) -> Starlette:
    """Give the collector's web application; its parts start with it and end with it."""
    vocabulary = load_vocabulary(settings.config_dir)
    registry, log = open_registry(settings, clock), get_log("collector", clock)
    note_allowances(registry, vocabulary.policy, ACTOR)
    key_book = KeyBook(registry, clock)
    spool = SpoolClient(spooler_socket(settings))
    names = UndeclaredNames(registry, settings.limits.undeclared_names_per_site_max)
    context = replace(make_context(settings, vocabulary, key_book, clock), admit_names=names.admit)
    is_forwarding = bool(vocabulary.recipients)
    book, consent_desk = open_consents(
        settings, registry, context, spool, clock, log, is_forwarding
    )
    protect = partial(_protect, replace(context, records_of=book.records_of))
    known_ids, compression = _known_ids(settings), settings.spool_compression
    batcher = Batcher(protect, spool, known_ids, settings.limits, log, compression)
    limits, limit = settings.limits, partial(RateLimit, seconds=time.monotonic, memory=rates)
    desk = Desk(
        batcher=batcher,
        key_book=key_book,
        rate=limit(limits.requests_per_address_per_second_max, number=0),
        byte_rate=limit(limits.body_bytes_per_address_per_second_max, number=1),
        record_rate=limit(limits.records_per_address_per_second_max, number=2),
        terms=Terms(vocabulary.policy, settings.limits),
        proxies=read_networks(settings.trusted_proxies),
        clock=clock,
        log=log,
    )

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        fresh = [asyncio.create_task(known.keep_fresh()) for known in (key_book, book)]
        work = asyncio.gather(batcher.run(), consent_desk.run())
        yield
        for task in fresh:
            task.cancel()
        batcher.stop()
        consent_desk.stop()
        await work
        await spool.close()

    routes = [
        Route(CONSENT_PATH, ConsentEndpoint(desk, consent_desk)),
        Route("/livez", live),
        Route("/readyz", partial(_ready, spool)),
        *list_routes(read_builds()),
        Mount("/", Ingest(desk, PROTOCOLS, consent_desk.submit)),
    ]
    return Starlette(routes=routes, lifespan=lifespan)


def make_context(
    settings: Settings, vocabulary: Vocabulary, key_book: KeyBook, clock: Clock
) -> Context:
    """Give what the stages may know, from the configuration and the keyring."""
    digester = Digester(open_keyring(settings, clock), key_book.zone_of, time.monotonic)
    return Context(
        policy=vocabulary.policy,
        catalogue=vocabulary.catalogue,
        categories=vocabulary.categories,
        limits=settings.limits,
        place_of=open_geography(settings.geo_mmdb),
        client_of=read_client,
        scrubber=Scrubber.of(vocabulary.pii_rules),
        digest_many=digester.digest_many,
        admit_names=lambda site, names: frozenset(names),
    )


async def live(request: Request) -> Response:
    """Say that the process runs."""
    return JSONResponse({"status": "live"})


async def _ready(spool: SpoolClient, request: Request) -> Response:
    """Say whether the spool can take a batch; a warehouse that is down does not matter here."""
    state: str = "unavailable"
    with suppress(Unavailable):
        state = (await spool.status()).state
    return JSONResponse({"status": state}, 200 if state == "ready" else 503)


def _protect(context: Context, batch: pl.DataFrame) -> Result:
    """Take a batch through the pipeline."""
    return PROTECT.run(batch, context)


def _known_ids(settings: Settings) -> KnownIds:
    """Give the look-up of event ids in the warehouse; it connects when an import first asks.

    Batches ask from threads of their own; the connection is for one at a time.
    """
    connected: list[Client] = []
    asking = Lock()

    def known_ids(table: str, site: str, event_ids: list[str]) -> set[str]:
        with asking:
            if not connected:
                connected.append(warehouse.connect(settings, "sanaq_reader"))
            return warehouse.existing_event_ids(connected[0], table, site, event_ids)

    return known_ids


def _silence_libraries() -> None:
    """Keep libraries from logging: a traceback may quote what a sender sent."""
    for name in ("uvicorn", "uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [logging.NullHandler()], False
