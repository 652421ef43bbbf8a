"""Reads a window from the warehouse: rows of willing units, counted by unit and raw cell.

Called by `release`, after the budget is spent. Nothing but what the release counts leaves the
warehouse: the pseudonym, the dimensions and a number of events.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import polars as pl

from aggregator.bound import ROWS, UNIT
from aggregator.windows import Window
from config.releases import Dimension, Release
from storage.schemas import NO_ID
from storage.warehouse import errors

UNIT_COLUMNS = {"device": "device_id", "person": "person_id"}
"""Unit -> the column of its pseudonym. Visits and advertising ids are no unit."""

ROWS_PER_READ_MAX = 800_000
"""Events behind one answer, on average: below the rows that a reader may get at once."""

Watch = Callable[[int, int], None]
"""Told after each part of a window: parts that are read, and parts in all."""


def unwatched(done: int, whole: int) -> None:
    """Be told, and tell nobody."""


class Client(Protocol):
    """What we need of a `clickhouse-connect` client."""

    def raw_query(self, query: str, *, parameters: dict[str, Any], fmt: str) -> bytes:
        """Run a query; give its answer's bytes in the format."""


@dataclass(frozen=True)
class Question:
    """The query of a window, in the parts that its two forms share."""

    columns: str
    """What is selected: the unit and the dimensions."""
    names: str
    """The same by name, to group by."""
    unit: str
    """Column of the pseudonym."""
    condition: str
    """Which rows enter."""
    parameters: dict[str, Any]
    """Every value; only names from our own lists stand in the text."""


def read_window(
    client: Client,
    release: Release,
    window: Window,
    cut_off: datetime,
    marked: Collection[bytes] = (),
    watch: Watch = unwatched,
) -> Iterator[pl.LazyFrame]:
    """Read who did what how often in a window, in parts: willing, unmarked, human units alone.

    Shape: -> parts of [unit, *dimensions, rows], each unit whole in one; the unit's digest in
        lower-case hex; text is '' where an event says nothing.
    Units: `rows` counts events of different ids, so a second delivery is none.
    `marked` holds ids of withdrawn, restricted or objecting subjects at the cut-off.
    Errors: Unavailable; Refused. The budget is spent by then.
    """
    question = ask_window(release, window, cut_off, marked)
    with errors():
        parts = _count_rows(client, question) // ROWS_PER_READ_MAX + 1
    for number in range(parts):
        with errors():
            # Each unit lies whole in one part, so rows that arrive between two reads split nobody.
            frame = _read_part(client, question, parts, number)
        frame.columns = [UNIT, *release.dimension_names, ROWS]
        yield frame.lazy()
        watch(number + 1, parts)


def ask_window(
    release: Release, window: Window, cut_off: datetime, marked: Collection[bytes] = ()
) -> Question:
    """Give the question of a window: which rows enter, and what of them."""
    unit = UNIT_COLUMNS[release.unit]
    parameters: dict[str, Any] = {
        "start": window.start,
        "end": window.end,
        "cut_off": cut_off,
        "events": list(release.events),
        "purpose": release.purpose,
        "no_id": NO_ID.hex(),
    }
    conditions = [
        "occurred_at >= {start:DateTime64(3, 'UTC')}",
        "occurred_at < {end:DateTime64(3, 'UTC')}",
        "received_at < {cut_off:DateTime64(3, 'UTC')}",
        "event_name IN {events:Array(String)}",
        "has(purposes, {purpose:String})",
        "NOT is_bot",
        f"{unit} != unhex({{no_id:String}})",
    ]
    if release.sites:
        parameters["sites"] = list(release.sites)
        conditions.append("site IN {sites:Array(String)}")
    if marked:
        parameters["marked"] = sorted(one.hex() for one in marked)
        marks = "lower(hex({})) NOT IN {{marked:Array(String)}}"
        conditions += [marks.format(column) for column in UNIT_COLUMNS.values()]
    columns = [f"lower(hex({unit})) AS {UNIT}"]
    columns += [_select(d, number, parameters) for number, d in enumerate(release.dimensions)]
    names = [UNIT, *(f"dimension_{number}" for number in range(len(release.dimensions)))]
    return Question(
        ", ".join(columns), ", ".join(names), unit, " AND ".join(conditions), parameters
    )


def _select(dimension: Dimension, number: int, parameters: dict[str, Any]) -> str:
    """Select a dimension under a name that no column has: an alias would stand in the condition."""
    key = dimension.source.removeprefix("properties.")
    if key == dimension.source:
        return f"toString({key}) AS dimension_{number}"
    parameters[f"key_{number}"] = key
    return f"properties[{{key_{number}:String}}] AS dimension_{number}"


def _count_rows(client: Client, question: Question) -> int:
    """Give how many events enter: an upper bound of the rows of the answer."""
    sql = f"SELECT count() FROM sanaq.events WHERE {question.condition}"
    answer = client.raw_query(sql, parameters=question.parameters, fmt="TabSeparated")
    return int(answer)


def _read_part(client: Client, question: Question, parts: int, number: int) -> pl.DataFrame:
    sql = (
        f"SELECT {question.columns}, uniqExact(event_id) AS {ROWS}\n"
        f"FROM sanaq.events\nWHERE {question.condition} "
        f"AND cityHash64({question.unit}) % {{parts:UInt32}} = {{part:UInt32}}\n"
        f"GROUP BY {question.names}"
    )
    parameters = {**question.parameters, "parts": parts, "part": number}
    answer = client.raw_query(sql, parameters=parameters, fmt="ArrowStream")
    frame = pl.read_ipc_stream(io.BytesIO(answer))
    return frame.with_columns(pl.exclude(ROWS).cast(pl.String), pl.col(ROWS).cast(pl.Int64))
