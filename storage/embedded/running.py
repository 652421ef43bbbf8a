"""The queries that this process holds: waiting, running, or still on their way in or out.

A request is held from its first line until the engine has let go of it, so that one who lost the
answer can ask whether his query may still have an effect.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from storage.embedded.failures import ServerError, too_busy

QUERIES_HELD_MAX = 64
"""Most requests that run or wait at one time; more are told to come again."""

READS_HELD_MAX = 48
"""Most of them that only read, so that loading is never shut out by reading."""


class Running:
    """Who is inside. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: set[str] = set()

    @contextmanager
    def hold(self, query_id: str, *, writes: bool) -> Iterator[None]:
        """Hold a query until the end of the block.

        Errors: `ServerError` where there are too many, or one of this id is held already.
        """
        with self._lock:
            if query_id in self._held:
                what = "A query of this id is already running"
                raise ServerError(216, "QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING", what)
            if len(self._held) >= (QUERIES_HELD_MAX if writes else READS_HELD_MAX):
                raise too_busy()
            self._held.add(query_id)
        try:
            yield
        finally:
            with self._lock:
                self._held.discard(query_id)

    def others(self, query_id: str) -> list[str]:
        """Give the ids of all held queries but this one."""
        with self._lock:
            return sorted(self._held - {query_id})
