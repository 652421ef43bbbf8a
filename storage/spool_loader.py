"""How loader and forwarder speak to the spooler: blocking, one request at a time."""

from __future__ import annotations

import itertools
import socket
from collections.abc import Sequence
from pathlib import Path

import msgspec

from storage.errors import Unavailable
from storage.spool_frames import FrameReader, encode_frame
from storage.spool_protocol import (
    Answer,
    AnswerBody,
    AskStatus,
    Busy,
    Claim,
    Claimed,
    ClaimedBatch,
    Done,
    Failed,
    Full,
    Loaded,
    Needed,
    Parked,
    Reopened,
    Request,
    RequestBody,
    SpoolFull,
    Status,
)

ANSWER_SECONDS_MAX = 10.0
"""How long an answer is awaited."""

READ_BYTES = 1 << 16
"""Bytes that one read of the socket asks for."""

_DECODER = msgspec.msgpack.Decoder(Answer)


class LoaderClient:
    """The loader's way to the spooler. The first to claim holds the lease while it is connected.

    Every change may be told again after Unavailable: a repeat changes nothing.
    """

    def __init__(self, path: Path, answer_seconds_max: float = ANSWER_SECONDS_MAX) -> None:
        """Name the socket (`storage.spooler.spooler_socket`); nothing is connected yet."""
        self._path = path
        self._answer_seconds_max = answer_seconds_max
        self._socket: socket.socket | None = None
        self._reader = FrameReader()
        self._numbers = itertools.count(1)

    def claim(self, rows_max: int) -> list[ClaimedBatch]:
        """Get the oldest batches that wait, now marked as loading; empty when none waits.

        Batches that this connection has claimed and not ended are not given twice.
        Errors: Unavailable; also where another loader holds the lease.
        """
        answer = self._ask(Claim(rows_max))
        if isinstance(answer, Claimed):
            return answer.batches
        raise _as_error(answer)

    def loaded(self, seqs: Sequence[int]) -> None:
        """Tell that batches are in the warehouse, durably. Errors: Unavailable, SpoolFull."""
        self._tell(Loaded(list(seqs)))

    def failed(self, seqs: Sequence[int]) -> None:
        """Tell that an attempt failed; the batches wait again. Errors: as `loaded`."""
        self._tell(Failed(list(seqs)))

    def parked(self, seqs: Sequence[int]) -> None:
        """Set batches aside until a person reopens them. Errors: as `loaded`."""
        self._tell(Parked(list(seqs)))

    def reopened(self, seqs: Sequence[int]) -> None:
        """Let parked or loaded batches wait again. Errors: as `loaded`."""
        self._tell(Reopened(list(seqs)))

    def needed(self, from_seq: int) -> None:
        """Have loaded batches kept from this one on, for those whom they are forwarded to.

        Errors: as `loaded`.
        """
        self._tell(Needed(from_seq))

    def status(self) -> Status:
        """Ask how the spool is. Errors: Unavailable."""
        answer = self._ask(AskStatus())
        if isinstance(answer, Status):
            return answer
        raise _as_error(answer)

    def close(self) -> None:
        """End the connection and with it the lease."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _tell(self, body: RequestBody) -> None:
        answer = self._ask(body)
        if not isinstance(answer, Done):
            raise _as_error(answer)

    def _ask(self, body: RequestBody) -> AnswerBody:
        try:
            connection = self._connect()
            number = next(self._numbers)
            connection.sendall(encode_frame(Request(number, body)))
            return self._await(connection, number)
        except (OSError, ValueError, msgspec.DecodeError):
            self.close()
            raise Unavailable("spooler") from None

    def _connect(self) -> socket.socket:
        if self._socket is None:
            connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            connection.settimeout(self._answer_seconds_max)
            self._socket, self._reader = connection, FrameReader()
            connection.connect(str(self._path))
        return self._socket

    def _await(self, connection: socket.socket, number: int) -> AnswerBody:
        while True:
            data = connection.recv(READ_BYTES)
            if not data:
                raise ConnectionResetError
            for answer in [_DECODER.decode(body) for body in self._reader.feed(data)]:
                if answer.id == number:
                    return answer.body


def _as_error(answer: AnswerBody) -> Exception:
    """Give what to raise for an answer that is not the one that was hoped for."""
    if isinstance(answer, Full):
        return SpoolFull()
    if isinstance(answer, Busy):
        return Unavailable("loader lease")
    return RuntimeError("the spooler says that a message breaks the protocol")
