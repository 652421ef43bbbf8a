"""OTLP's protobuf form, read into the objects of its JSON form, so that one table maps both.

Only what is used is read, and no more than so many fields (decision 0165). Sources: protocol
buffers' encoding; opentelemetry-proto 1.x (logs, trace, metrics, common, resource).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Any

from collector.outcomes import BadRequest

FIELDS_MAX = 200_000
"""Most fields of one body that are looked at; a thousand records of thirty attributes have 150,000.
"""

DEPTH_MAX = 64
"""Deepest message within messages."""

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""

_FIXED_BYTES = {FIXED64: 8, FIXED32: 4}
_VARINT_BYTES_MAX = 10


def _signed(value: int) -> int:
    """Give an int64 of its varint."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >> 63 else value


SCALARS: dict[str, tuple[int, Callable[[Any], Any]]] = {
    "text": (BYTES, lambda value: bytes(value).decode("utf-8", "replace")),
    "bool": (VARINT, bool),
    "int": (VARINT, _signed),
    "fixed64": (FIXED64, lambda value: int.from_bytes(value, "little")),
    "double": (FIXED64, lambda value: struct.unpack("<d", value)[0]),
}
"""Kind of a field that is no message -> its wire type, and what its value becomes."""

MESSAGES: dict[str, dict[int, tuple[str, str, bool]]] = {
    "logs": {1: ("resourceLogs", "ResourceLogs", True)},
    "ResourceLogs": {1: ("resource", "Resource", False), 2: ("scopeLogs", "ScopeLogs", True)},
    "ScopeLogs": {2: ("logRecords", "LogRecord", True)},
    "LogRecord": {
        1: ("timeUnixNano", "fixed64", False),
        2: ("severityNumber", "int", False),
        5: ("body", "AnyValue", False),
        6: ("attributes", "KeyValue", True),
        11: ("observedTimeUnixNano", "fixed64", False),
        12: ("eventName", "text", False),
    },
    "Resource": {1: ("attributes", "KeyValue", True)},
    "KeyValue": {1: ("key", "text", False), 2: ("value", "AnyValue", False)},
    "AnyValue": {
        1: ("stringValue", "text", False),
        2: ("boolValue", "bool", False),
        3: ("intValue", "int", False),
        4: ("doubleValue", "double", False),
        5: ("arrayValue", "ArrayValue", False),
        6: ("kvlistValue", "KeyValueList", False),
    },
    "ArrayValue": {1: ("values", "AnyValue", True)},
    "KeyValueList": {1: ("values", "KeyValue", True)},
    "traces": {1: ("resourceSpans", "ResourceSpans", True)},
    "ResourceSpans": {2: ("scopeSpans", "ScopeSpans", True)},
    "ScopeSpans": {2: ("spans", "Empty", True)},
    "metrics": {1: ("resourceMetrics", "ResourceMetrics", True)},
    "ResourceMetrics": {2: ("scopeMetrics", "ScopeMetrics", True)},
    "ScopeMetrics": {2: ("metrics", "Metric", True)},
    "Metric": {
        5: ("gauge", "Points", False),
        7: ("sum", "Points", False),
        9: ("histogram", "Points", False),
        10: ("exponentialHistogram", "Points", False),
        11: ("summary", "Points", False),
    },
    "Points": {1: ("dataPoints", "Empty", True)},
    "Empty": {},
}
"""Message -> number of a field -> its name in JSON, its kind or message, whether it repeats. Of
spans and data points nothing is read: they are counted."""


def read_protobuf(body: bytes, message: str) -> dict[str, Any]:
    """Give a protobuf body as the object that its JSON form would be.

    Errors: BadRequest `body_invalid`, `body_too_deep`, `body_too_large`.
    """
    return _Reader().read(memoryview(body), message, 0)


class _Reader:
    """Reads one body, within its bounds."""

    def __init__(self) -> None:
        self._fields_left = FIELDS_MAX

    def read(self, data: memoryview, message: str, depth: int) -> dict[str, Any]:
        """Give a message; fields that are unknown, or of another wire type, are passed over."""
        fields = MESSAGES[message]
        if not fields:
            return {}
        if depth > DEPTH_MAX:
            raise BadRequest("body_too_deep")
        read: dict[str, Any] = {}
        for number, wire, raw in self._fields(data):
            if number not in fields:
                continue
            name, kind, repeats = fields[number]
            expected, convert = SCALARS.get(kind, (BYTES, None))
            if wire != expected:
                continue
            value = convert(raw) if convert else self.read(raw, kind, depth + 1)
            if repeats:
                read.setdefault(name, []).append(value)
            else:
                read[name] = value
        return read

    def _fields(self, data: memoryview) -> Iterator[tuple[int, int, Any]]:
        """Give the fields of a message: number, wire type, and an int or the bytes of each."""
        at, end = 0, len(data)
        while at < end:
            self._fields_left -= 1
            if self._fields_left < 0:
                raise BadRequest("body_too_large")
            tag, at = _read_varint(data, at)
            wire = tag & 7
            if wire == VARINT:
                value, at = _read_varint(data, at)
                yield tag >> 3, wire, value
                continue
            if wire == BYTES:
                size, at = _read_varint(data, at)
            elif wire in _FIXED_BYTES:
                size = _FIXED_BYTES[wire]
            else:
                raise BadRequest("body_invalid")
            if size > end - at:
                raise BadRequest("body_invalid")
            yield tag >> 3, wire, data[at : at + size]
            at += size


def _read_varint(data: memoryview, at: int) -> tuple[int, int]:
    """Give a varint and where the next byte is.

    Errors: BadRequest `body_invalid` where it is cut or too long.
    """
    value = shift = 0
    for place in range(at, min(at + _VARINT_BYTES_MAX, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place + 1
        shift += 7
    raise BadRequest("body_invalid")
