"""Messages of the spooler's socket as bytes.

A frame is its length (four bytes, big-endian) and one msgpack array: a number that pairs request
and answer, and the message. Many requests may be under way on one connection, and answers come
in any order.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from storage.spool_protocol import Answer, Request

FRAME_BYTES_MAX = 64_000_000
"""Longest frame, in bytes: a batch of 5,000 events of 12 kB each."""

_LENGTH = struct.Struct(">I")

_ENCODER = msgspec.msgpack.Encoder()


def encode_frame(message: Request | Answer) -> bytes:
    """Give the frame of a message.

    Errors: ValueError where it is longer than `FRAME_BYTES_MAX`.
    """
    frame = bytearray(_LENGTH.size)
    _ENCODER.encode_into(message, frame, _LENGTH.size)
    length = len(frame) - _LENGTH.size
    if length > FRAME_BYTES_MAX:
        raise ValueError("a frame is longer than FRAME_BYTES_MAX")
    _LENGTH.pack_into(frame, 0, length)
    return bytes(frame)


class FrameReader:
    """Cuts a stream of bytes into the bodies of its frames."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0
        self._wanted = _LENGTH.size
        self._in_body = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes as they come and give each body that is now whole; exhaust it.

        Errors: ValueError where a frame is longer than `FRAME_BYTES_MAX`; the stream is lost.
        """
        self._pieces.append(data)
        self._held += len(data)
        if self._held < self._wanted:
            return
        whole, start = b"".join(self._pieces), 0
        while len(whole) - start >= self._wanted:
            piece = whole[start : start + self._wanted]
            start += self._wanted
            if self._in_body:
                self._in_body, self._wanted = False, _LENGTH.size
                yield piece
                continue
            self._in_body, self._wanted = True, _LENGTH.unpack(piece)[0]
            if self._wanted > FRAME_BYTES_MAX:
                raise ValueError("a frame is longer than FRAME_BYTES_MAX")
        self._pieces, self._held = [whole[start:]], len(whole) - start
