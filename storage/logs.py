"""Log lines: one JSON object a line on standard error, and no place for data in any of them.

A message is a constant. Values travel in fields whose names stand in `FIELDS`, and a text value
must look like a name, a number or a code, else it is withheld. So a line that was written in a
hurry, in the path of some error, still cannot carry what a sender sent (design, promise 1).
"""

from __future__ import annotations

import re
import sys
from datetime import datetime
from pathlib import Path
from typing import TextIO

import msgspec

from storage.clock import Clock, utc_now

# fmt: off
FIELDS = frozenset(
    {
        "attempts", "batch_id", "batches", "bytes", "code", "commits", "count", "day",
        "day_from", "day_to", "duplicates", "duration_ms", "dropped", "error", "exit_code",
        "host", "ids", "kept", "key_class", "loaded", "metric", "name", "parked", "pid",
        "place", "port", "program", "query_id", "reason", "refused", "rejected", "release_id",
        "role", "rows", "rows_accepted", "rows_duplicate", "rows_in", "rows_refused",
        "rows_rejected", "rule", "seconds", "seq", "signal", "site", "spool_bytes", "stage",
        "state", "status", "table", "tables", "transactions", "version", "waiting", "window",
        "worker",
    }
)
# fmt: on
"""Names that a field may have. All stand for counts, times and words from closed sets."""

Value = str | int | float | bool | None
"""What a field may hold."""

WITHHELD = "withheld"
"""Stands in the place of a text that may be data."""

_PLAIN = re.compile(r"[A-Za-z0-9_.:/+-]{0,64}")


class Log:
    """The log of one program. Each line says when, how grave, which program, what, and fields."""

    def __init__(self, program: str, clock: Clock = utc_now, stream: TextIO | None = None) -> None:
        self._program = program
        self._clock = clock
        self._stream = stream

    def info(self, message: str, **fields: Value) -> None:
        """Tell what is normal."""
        self._write("info", message, fields)

    def warn(self, message: str, **fields: Value) -> None:
        """Tell what someone should look at; nothing was lost."""
        self._write("warn", message, fields)

    def error(self, message: str, **fields: Value) -> None:
        """Tell that data was lost or that a person is needed."""
        self._write("error", message, fields)

    def _write(self, level: str, message: str, fields: dict[str, Value]) -> None:
        unknown = fields.keys() - FIELDS
        if unknown:
            raise ValueError("a log field is not in storage.logs.FIELDS")
        line: dict[str, Value] = {
            "at": _show_time(self._clock()),
            "level": level,
            "program": self._program,
            "message": message,
        }
        line |= {name: _check(value) for name, value in fields.items()}
        stream = sys.stderr if self._stream is None else self._stream
        # One write a line, so that lines of several processes do not mix.
        stream.write(msgspec.json.encode(line).decode() + "\n")
        stream.flush()


def get_log(program: str, clock: Clock = utc_now, stream: TextIO | None = None) -> Log:
    """Give the log of a program; `stream` is standard error unless given."""
    return Log(program, clock, stream)


def name_error(error: BaseException) -> str:
    """Give what a log line may say of an exception: the name of its class, never its text."""
    return type(error).__name__


def name_place(error: BaseException) -> str:
    """Give where an exception was raised as `file.py:line`: a place in our code, never data."""
    trace = error.__traceback__
    if trace is None:
        return ""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"


def _check(value: Value) -> Value:
    if isinstance(value, str) and not _PLAIN.fullmatch(value):
        return WITHHELD
    return value


def _show_time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
