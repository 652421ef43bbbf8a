"""A registry that does not answer: no ids are kept once what is known is too old to rely on."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest

from collector.consent_book import STALE_SECONDS
from scripts.postgres import PostgresServer
from tests.integration.test_consent_records import (
    HONOURED_SECONDS_MAX,
    SAYS_YES,
    kinds,
    record,
    send,
)
from tests.service import running


@pytest.mark.timeout(180)
def test_workers_that_cannot_ask_keep_no_ids_until_they_can(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    dsn = postgres.make_database("away")
    with running(tmp_path, {"SANAQ_REGISTRY": dsn}) as service:
        key = service.key("away")
        assert record(service, key, {"analytics": False}, device="d-1").status_code == 200
        time.sleep(HONOURED_SECONDS_MAX)
        send(service, key, 6, device="d-1", consent=SAYS_YES)
        send(service, key, 6, device="d-2", consent=SAYS_YES)
        with psycopg.connect(dsn) as lock:
            # Whoever asks for a number of the registry now waits, and is told nothing.
            lock.execute("LOCK TABLE meta IN ACCESS EXCLUSIVE MODE")
            send(service, key, 6, device="d-2", consent=SAYS_YES)
            time.sleep(STALE_SECONDS + 1.5)
            send(service, key, 6, device="d-2", consent=SAYS_YES)
            lock.rollback()
        time.sleep(HONOURED_SECONDS_MAX)
        send(service, key, 6, device="d-2", consent=SAYS_YES)
        found = kinds(service, "away")
        assert found["device"] == 18 and sum(found.values()) == 30
