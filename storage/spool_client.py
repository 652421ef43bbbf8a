"""How a collector worker hands its batches to the spooler. (The loader: `storage.spool_loader`.)"""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path
from typing import cast

import msgspec

from storage.errors import Unavailable
from storage.spool_frames import FrameReader, encode_frame
from storage.spool_protocol import (
    Answer,
    AnswerBody,
    AskStatus,
    Commit,
    Committed,
    Full,
    Rebuilding,
    Request,
    RequestBody,
    SpoolFull,
    Status,
)

ANSWER_SECONDS_MAX = 10.0
"""How long a request is tried, over new connections too, before it is given up."""

PAUSE_SECONDS = 0.05
"""Pause before a lost connection is made anew."""

_DECODER = msgspec.msgpack.Decoder(Answer)


class SpoolClient:
    """A worker's way to the spooler: one connection, many commits under way, made anew if lost.

    For one event loop.
    """

    def __init__(self, socket: Path, answer_seconds_max: float = ANSWER_SECONDS_MAX) -> None:
        """Name the socket (`storage.spooler.spooler_socket`); nothing is connected yet."""
        self._socket = socket
        self._answer_seconds_max = answer_seconds_max
        self._line: _Line | None = None
        self._connecting = asyncio.Lock()

    async def commit(self, commit: Commit) -> Committed:
        """Hand over a commit; it is on disk and counted when this returns.

        Where the connection is lost the same commit is sent again, and is taken once.
        Errors: SpoolFull; Unavailable where no answer came in time or the index of seen ids is
        being rebuilt. After Unavailable it may have been taken: a repeat of its events later is
        found to be duplicates.
        """
        answer = await self._ask(commit)
        if isinstance(answer, Committed):
            return answer
        raise _as_error(answer)

    async def status(self) -> Status:
        """Ask how the spool is. Errors: Unavailable."""
        answer = await self._ask(AskStatus())
        if isinstance(answer, Status):
            return answer
        raise _as_error(answer)

    async def close(self) -> None:
        """End the connection; requests under way fail with Unavailable."""
        if self._line is not None:
            self._line.end()
            self._line = None

    async def _ask(self, body: RequestBody) -> AnswerBody:
        try:
            async with asyncio.timeout(self._answer_seconds_max):
                while True:
                    try:
                        line = await self._connect()
                        return await line.ask(body)
                    except OSError:
                        await asyncio.sleep(PAUSE_SECONDS)
        except TimeoutError:
            raise Unavailable("spooler") from None

    async def _connect(self) -> _Line:
        async with self._connecting:
            if self._line is None or self._line.is_lost:
                loop = asyncio.get_running_loop()
                _, line = await loop.create_unix_connection(_Line, str(self._socket))
                self._line = line
            return self._line


class _Line(asyncio.Protocol):
    """One connection with the answers that are awaited on it."""

    def __init__(self) -> None:
        self.is_lost = False
        self._numbers = itertools.count(1)
        self._awaited: dict[int, asyncio.Future[AnswerBody]] = {}
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_lost, self._transport = True, None
        awaited, self._awaited = self._awaited, {}
        for future in awaited.values():
            if not future.done():
                future.set_exception(ConnectionResetError())

    def data_received(self, data: bytes) -> None:
        try:
            answers = [_DECODER.decode(body) for body in self._reader.feed(data)]
        except (ValueError, msgspec.DecodeError):
            self.end()
            return
        for answer in answers:
            future = self._awaited.pop(answer.id, None)
            if future is not None and not future.done():
                future.set_result(answer.body)

    def end(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    async def ask(self, body: RequestBody) -> AnswerBody:
        if self._transport is None:
            raise ConnectionResetError
        number = next(self._numbers)
        future: asyncio.Future[AnswerBody] = asyncio.get_running_loop().create_future()
        self._awaited[number] = future
        self._transport.write(encode_frame(Request(number, body)))
        try:
            return await future
        finally:
            self._awaited.pop(number, None)


def _as_error(answer: AnswerBody) -> Exception:
    """Give what to raise for an answer that is not the one that was hoped for."""
    if isinstance(answer, Full):
        return SpoolFull()
    if isinstance(answer, Rebuilding):
        return Unavailable("spooler")
    return RuntimeError("the spooler says that a message breaks the protocol")
