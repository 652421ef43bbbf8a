"""From a question to its answer, in one thread: check, run under the role's grants, hand over."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Protocol

from config.limits import Limits
from storage.embedded.access import Guard
from storage.embedded.asked import Asked
from storage.embedded.engine import Chunk, Engine, Session, Totals
from storage.embedded.formats import STREAMED, join
from storage.embedded.functions import list_functions
from storage.embedded.roles import ROLES
from storage.embedded.running import Running
from storage.embedded.setting_rules import Bounds
from storage.embedded.statements import Statement, read_statement

BLOCK_BYTES = 1_000_000
"""Rows to insert are handed to the engine in pieces of so many bytes."""

WAIT_BYTES_MAX = 16_000_000
"""A client that wants to wait for the end waits for so many bytes of it at most."""

HELD = "requests_held"
"""Query parameter that this warehouse fills: ids of the other queries that it holds."""


@dataclass(frozen=True)
class Head:
    """What is known of an answer before its first byte."""

    form: str | None
    """Format of the answer; none where the statement has no answer."""
    totals: Totals
    """Cost so far."""
    streamed: bool
    """Whether the query may still fail while its answer is on its way."""


class Reply(Protocol):
    """Where an answer goes."""

    def start(self, head: Head) -> None:
        """Take the head; comes once, before any data."""

    def write(self, data: bytes) -> None:
        """Take a piece; returns when there is room for more. Raises `Gone` when nobody reads."""


class Gone(Exception):
    """The client has left. Who handles it: `app`, which lets the query go."""


class Desk:
    """Answers questions. Safe to use from several threads."""

    def __init__(self, engine: Engine, limits: Limits, running: Running) -> None:
        self._engine = engine
        self._running = running
        with engine.session() as session:
            functions = list_functions(session)
        self._guards = {name: Guard(role, functions) for name, role in ROLES.items()}
        memory = {"max_memory_usage": limits.embedded_memory_bytes_max // 2}
        self._job_bounds = Bounds(memory)
        self._people_bounds = Bounds(
            {
                **memory,
                "max_execution_time": limits.embedded_query_seconds_max,
                "max_result_rows": limits.embedded_result_rows_max,
                "max_result_bytes": limits.embedded_memory_bytes_max // 8,
            }
        )

    def answer(self, asked: Asked, reply: Reply) -> None:
        """Run a question and hand its answer to `reply`.

        Errors: `ServerError`, before `reply.start` or, where that said `streamed`, after it;
        `Gone`.
        """
        guard = self._guards[asked.role.name]
        with self._engine.session() as session:
            statement = read_statement(asked.text, guard, session, reads_only=asked.reads_only)
            self._enter(session, asked)
            if statement.kind == "rows":
                rows = memoryview(asked.text)[statement.rows_at :]
                totals = session.insert(statement.sql, statement.form or "", _blocks(rows))
                reply.start(Head(form=None, totals=totals, streamed=False))
                return
            self._read(session, statement, asked, reply)

    def _enter(self, session: Session, asked: Asked) -> None:
        """Bind a connection to the question's role, for good: a role that reads cannot leave."""
        bounds = self._people_bounds if asked.role.bounded else self._job_bounds
        settings = bounds.apply(asked.settings)
        session.set({**settings, "log_comment": asked.query_id})
        session.run(f"USE {asked.database}")
        session.become(asked.role.name)
        if asked.reads_only or not asked.role.writes:
            session.set({"readonly": "1"})

    def _read(self, session: Session, statement: Statement, asked: Asked, reply: Reply) -> None:
        form = statement.form or asked.default_form
        parameters = self._fill(asked)
        if statement.kind == "select" and form in STREAMED:
            # Closed here, before its connection is: the engine hangs on the other order.
            with closing(session.stream(statement.sql, form, parameters)) as stream:
                _hand_over(form, join(form, stream), WAIT_BYTES_MAX if asked.waits else 0, reply)
            return
        data, totals = session.run(statement.sql, form, parameters)
        reply.start(Head(form=form if data else None, totals=totals, streamed=False))
        view = memoryview(data)
        for block in _blocks(view):
            reply.write(block)

    def _fill(self, asked: Asked) -> dict[str, str]:
        """Give the question's parameters, with the queries held where the writer asks for them."""
        parameters = dict(asked.parameters)
        if HELD in parameters:
            held = self._running.others(asked.query_id) if asked.role.writes else []
            parameters[HELD] = "[" + ",".join(f"'{query_id}'" for query_id in held) + "]"
        return parameters


def _hand_over(form: str, blocks: Iterator[Chunk], wait_bytes: int, reply: Reply) -> None:
    """Take blocks until there is one, the wait is over or the answer ends; then pass all on."""
    first: list[Chunk] = []
    for block in blocks:
        first.append(block)
        wait_bytes -= len(block.data)
        if wait_bytes <= 0:
            break
    totals = Totals(
        result_rows=sum(block.rows for block in first),
        result_bytes=sum(len(block.data) for block in first),
    )
    reply.start(Head(form=form, totals=totals, streamed=True))
    for block in itertools.chain(first, blocks):
        reply.write(block.data)


def _blocks(data: memoryview) -> Iterator[bytes]:
    for start in range(0, len(data), BLOCK_BYTES):
        yield bytes(data[start : start + BLOCK_BYTES])
