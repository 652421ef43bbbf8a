"""Loses the answers of requests that the collector took, as a broken connection does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from tests.sdks.relay import Relay
from tests.service import wait_until

LOST_SECONDS_MAX = 60.0

SETTLED_SECONDS = 0.2
"""So long after a request was written down its connection is cut off. SDKs wait longer."""


@contextmanager
def losing_answers(relay: Relay, lost: int) -> Iterator[None]:
    """Lose the answers of the next so many requests, while a program runs."""
    wanted = len(relay.passed) + lost

    def stop_losing() -> None:
        wait_until(lambda: len(relay.passed) >= wanted, LOST_SECONDS_MAX)
        time.sleep(SETTLED_SECONDS)
        relay.cut.clear()

    relay.cut.set()
    thread = Thread(target=stop_losing, daemon=True)
    thread.start()
    yield
    thread.join(LOST_SECONDS_MAX)
