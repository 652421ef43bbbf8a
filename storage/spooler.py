"""The spooler: the one process of a host that writes its spool.

Workers and the loader speak to it over a Unix socket (`storage.spool_protocol`). All commits
that have arrived while the last transaction was being written join the next: one fsync for all.
One thread does everything; while it waits for the disk, the sockets' own buffers take what comes.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop

from config.recipient_files import hours_held
from config.settings import Settings
from storage.clock import Clock, unix_ms, utc_now
from storage.logs import Log, get_log, name_error
from storage.spool_file import spool_file
from storage.spool_frames import FRAME_BYTES_MAX
from storage.spool_link import Link
from storage.spool_protocol import (
    ROWS_PER_COMMIT_MAX,
    AnswerBody,
    AskStatus,
    Busy,
    Claim,
    Claimed,
    Commit,
    Done,
    Failed,
    Full,
    Loaded,
    Malformed,
    Needed,
    Parked,
    Rebuilding,
    Reopened,
    Request,
    RequestBody,
    SpoolFull,
    is_well_formed,
)
from storage.spool_writer import Spool, SpoolLimits

SOCKET_NAME = "spooler"
"""Name of the socket among those of an installation."""

TIDY_SECONDS = 1.0
"""Pause between two rounds of deleting what is no longer needed."""

BROKEN = 70
"""Exit code of a spooler that met what it must not survive."""


class Spooler:
    """Answers requests from a spool. Lives in one event loop."""

    def __init__(self, spool: Spool, clock: Clock, log: Log) -> None:
        self._spool = spool
        self._clock = clock
        self._log = log
        self._links: set[Link] = set()
        self._waiting: list[tuple[Link, int, Commit]] = []
        self._lease: Link | None = None
        self._claimed: set[int] = set()
        self._was_full = False

    def start(self) -> None:
        """Begin to complete the index and to tidy. Called once, in the event loop."""
        asyncio.get_running_loop().call_soon(self._replay)
        asyncio.get_running_loop().call_later(TIDY_SECONDS, self._tidy)

    def stop(self) -> None:
        """Answer what has arrived and end all connections."""
        while self._waiting:
            self._flush()
        for link in list(self._links):
            link.close()

    def make_link(self) -> Link:
        """Give the protocol of a new connection."""
        link = Link(self.answer, self._forget_link, self._log)
        self._links.add(link)
        return link

    def answer(self, link: Link, request: Request) -> None:
        """Answer a request, at once or, for a commit, with the next transaction."""
        if not isinstance(request.body, Commit):
            link.answer(request.id, self._answer_now(link, request.body))
        elif not is_well_formed(request.body):
            self._log.error("a commit breaks the protocol")
            link.answer(request.id, Malformed())
        elif not self._spool.is_ready:
            link.answer(request.id, Rebuilding())
        else:
            if not self._waiting:
                asyncio.get_running_loop().call_soon(self._flush)
            self._waiting.append((link, request.id, request.body))

    def _answer_now(self, link: Link, body: RequestBody) -> AnswerBody:
        try:
            return self._answer_once(link, body)
        except SpoolFull:
            # The loader's way out of a full disk: what it does makes room.
            if not self._spool.give_up_reserve():
                return Full()
        self._log.warn("the disk is full; the space kept back is used for loading")
        return self._answer_now(link, body)

    def _answer_once(self, link: Link, body: RequestBody) -> AnswerBody:
        if isinstance(body, AskStatus):
            return self._spool.status()
        if isinstance(body, Claim):
            return self._claim(link, body)
        if isinstance(body, Needed):
            self._spool.need(body.from_seq)
            return Done()
        return self._change(body)

    def _claim(self, link: Link, body: Claim) -> AnswerBody:
        if self._lease not in (None, link):
            return Busy()
        self._lease = link
        batches = self._spool.queue.claim(body.rows_max, self._claimed)
        self._claimed.update(batch.seq for batch in batches)
        return Claimed(batches)

    def _change(self, body: RequestBody) -> AnswerBody:
        queue, now_ms = self._spool.queue, unix_ms(self._clock())
        if isinstance(body, Loaded):
            queue.mark_loaded(body.seqs, now_ms)
        elif isinstance(body, Failed):
            queue.mark_failed(body.seqs)
        elif isinstance(body, Parked):
            queue.park(body.seqs)
            self._log.error("batches were parked", batches=len(body.seqs))
        elif isinstance(body, Reopened):
            queue.reopen(body.seqs, now_ms)
            return Done()
        else:
            return Malformed()
        self._claimed.difference_update(body.seqs)
        return Done()

    def _flush(self) -> None:
        """Write the commits that wait in one transaction and answer them."""
        if not self._waiting:
            return
        count = _count_joined([commit for _, _, commit in self._waiting])
        joined, self._waiting = self._waiting[:count], self._waiting[count:]
        answers = self._spool.commit([commit for _, _, commit in joined])
        for (link, number, _), answer in zip(joined, answers, strict=True):
            link.answer(number, answer)
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._flush)
        self._tell_full(Full() in answers)

    def _tell_full(self, is_full: bool) -> None:
        if is_full and not self._was_full:
            self._log.warn("the spool is full; commits are refused")
        elif self._was_full and not is_full:
            self._log.info("the spool takes commits again")
        self._was_full = is_full

    def _replay(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            if self._spool.replay():
                self._log.info("the index of seen ids is complete")
                return
        except SpoolFull:
            self._log.warn("no room on the disk for the index of seen ids")
            loop.call_later(TIDY_SECONDS, self._replay)
            return
        loop.call_soon(self._replay)

    def _tidy(self) -> None:
        pause = TIDY_SECONDS
        try:
            if self._spool.tidy():
                pause /= 20
        except SpoolFull:
            self._log.warn("no room on the disk to tidy the spool")
            self._spool.give_up_reserve()
        asyncio.get_running_loop().call_later(pause, self._tidy)

    def _forget_link(self, link: Link) -> None:
        self._links.discard(link)
        if self._lease is link:
            self._lease = None
            self._claimed.clear()


def run_spooler(settings: Settings) -> None:
    """Serve the spool of an installation until SIGTERM.

    Errors: SystemExit(1) where another spooler holds the spool or the disk has no room for it.
    """
    os.umask(0o077)
    log = get_log("spooler")
    file = spool_file(settings)
    with _hold_lock(file.parent / "lock", log):
        spool = _open_spool(settings, file.parent, log)
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(serve(spool, spooler_socket(settings), utc_now, log))
        finally:
            spool.close()


def _open_spool(settings: Settings, folder: Path, log: Log) -> Spool:
    limits = SpoolLimits(
        spool_bytes_max=settings.limits.spool_bytes_max,
        kept_seconds=settings.limits.spooled_batches_kept_seconds,
        dedup_days_max=settings.limits.dedup_days_max,
        dedup_ids_max=settings.limits.dedup_ids_max,
        held_seconds=round(hours_held(settings.config_dir) * 3_600),
    )
    try:
        return Spool(folder, limits, utc_now)
    except (OSError, sqlite3.Error, SpoolFull) as error:
        log.error("the spool cannot be opened", error=name_error(error))
        raise SystemExit(1) from None


def spooler_socket(settings: Settings) -> Path:
    """Give the path of the socket on which an installation's spooler listens."""
    return settings.socket_path(SOCKET_NAME)


async def serve(spool: Spool, socket: Path, clock: Clock, log: Log) -> None:
    """Answer on a socket until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    # An exception in a callback would else be logged, with data, and survived.
    loop.set_exception_handler(lambda _, context: _die(log, context))
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    spooler = Spooler(spool, clock, log)
    spooler.start()
    socket.unlink(missing_ok=True)
    server = await loop.create_unix_server(spooler.make_link, str(socket), backlog=128)
    log.info("the spooler listens")
    await ended.wait()
    server.close()
    spooler.stop()


def _die(log: Log, context: dict[str, Any]) -> None:
    """End the process at once: nothing that was answered is lost, and nothing more is answered."""
    error = context.get("exception")
    log.error(
        "the spooler met a broken invariant", error="" if error is None else name_error(error)
    )
    os._exit(BROKEN)


def _count_joined(commits: list[Commit]) -> int:
    """Give how many of the commits, in order, one transaction takes; at least one."""
    rows = size = 0
    for index, commit in enumerate(commits):
        rows += sum(part.rows for part in commit.parts)
        size += sum(len(part.blob) for part in commit.parts)
        if index and (rows > ROWS_PER_COMMIT_MAX or size > FRAME_BYTES_MAX):
            return index
    return len(commits)


@contextmanager
def _hold_lock(path: Path, log: Log) -> Iterator[None]:
    """Hold a folder for this process alone; the system lets go when the process dies."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.error("another spooler holds this spool")
            raise SystemExit(1) from None
        yield
