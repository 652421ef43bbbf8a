"""One connection at the spooler's end: frames in, answers out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import cast

import msgspec

from storage.logs import Log
from storage.spool_frames import FrameReader, encode_frame
from storage.spool_protocol import Answer, AnswerBody, Request

_DECODER = msgspec.msgpack.Decoder(Request)


class Link(asyncio.Protocol):
    """Cuts frames, decodes requests, writes answers. A connection that breaks the rules ends."""

    def __init__(
        self,
        on_request: Callable[[Link, Request], None],
        on_lost: Callable[[Link], None],
        log: Log,
    ) -> None:
        self._on_request = on_request
        self._on_lost = on_lost
        self._log = log
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the spooler, which gives the loader's lease back."""
        self._transport = None
        self._on_lost(self)

    def data_received(self, data: bytes) -> None:
        """Hand on every request that is now whole."""
        try:
            requests = [_DECODER.decode(body) for body in self._reader.feed(data)]
        except (ValueError, msgspec.DecodeError):
            self._log.error("a connection breaks the protocol and was ended")
            self.close()
            return
        for request in requests:
            self._on_request(self, request)

    def answer(self, number: int, body: AnswerBody) -> None:
        """Send an answer; to nobody where the other end has gone."""
        if self._transport is not None:
            self._transport.write(encode_frame(Answer(number, body)))

    def close(self) -> None:
        """End the connection after what is being sent."""
        if self._transport is not None:
            self._transport.close()
