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
from threading import Lock

import polars as pl
import uvicorn
from clickhouse_connect.driver.client import Client
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from collector.batcher import Batcher, KnownIds
from collector.clients import read_client
from collector.consent_desk import PATH as CONSENT_PATH
from collector.consent_desk import ConsentEndpoint
from collector.consent_parts import open_consents
from collector.context import Context
from collector.digests import Digester
from collector.geography import open_geography
from collector.ingest import Desk, Ingest
from collector.key_book import KeyBook
from collector.names import UndeclaredNames
from collector.peers import read_networks
from collector.pii import Scrubber
from collector.pipeline import Result
from collector.protocols import PROTOCOLS, Terms
from collector.rate import RateLimit
from collector.stages import PROTECT
from config.settings import Settings
from config.vocabulary import Vocabulary, load_vocabulary
from storage import warehouse
from storage.clock import Clock, utc_now
from storage.errors import Unavailable
from storage.http_bounds import BoundedHttp
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


def run_worker(settings: Settings, listener: socket.socket, clock: Clock = utc_now) -> None:
    """Take requests on a listening socket until SIGTERM; answer what is under way, then end."""
    _silence_libraries()
    config = uvicorn.Config(
        make_app(settings, clock),
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


def make_app(settings: Settings, clock: Clock = utc_now) -> Starlette:
    """Give the collector's web application; its parts start with it and end with it."""
    vocabulary = load_vocabulary(settings.config_dir)
    note_allowances(registry, vocabulary.policy, ACTOR)
