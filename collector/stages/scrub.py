"""PII rules over every free text, and the event's own identifiers wherever they recur in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import polars as pl

from collector.context import Context
from collector.frames import change, to_lists, to_nested
from collector.mending import NUMBER_END, NUMBER_MIN, Mender, may_nest
from collector.own_ids import SEPARATOR, OwnIds
from collector.own_ids_columns import may_occur
from collector.pii_columns import find_suspects, find_telling, join_pairs
from collector.pipeline import stage
from collector.properties import Pairs
from collector.stages.validate import CUT_MARGIN_CHARS, TEXT_COLUMNS, cut_texts, text_limits

CLIENT_TEXTS = ("browser", "browser_version", "os", "os_version")
"""What was read from user agent and client hints, in which a sender may write what it likes."""

FREE_TEXTS = (*TEXT_COLUMNS, "page_title", "exception_stack", "source", "basis", *CLIENT_TEXTS)
"""Every column of text that a sender can fill."""

NESTED = ("properties", "measurements")
"""Columns of lists whose texts a sender can fill, keys and units included."""

COLUMNAR_ROWS_MIN = 96
"""From so many rows on, one expression over the column is cheaper than a look at each text."""

SENDERS = ("_sent_ids", "_address", "_user_agent")
"""What an event was sent with that must not recur in its texts."""

Held = Mapping[str, list[Any]]
"""Column -> its values, of those that hold any."""


@stage(
    needs=[*FREE_TEXTS, *NESTED, "revenue", "_sent_ids", "_user_agent", "_address"],
    adds={"remarks": pl.List(pl.String)},
)
def scrub(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Replace identifying matches in every text by typed marks, and remark which rules did.

    The texts of a row are first looked at together by a cheap test; only suspect rows are taken
    apart. What was removed is kept nowhere. A property whose name tells what it holds (`phone`) is
    replaced whatever it looks like. A number whose digits are an identifier's becomes null, a
    measurement of such a value is left out.
    """
    is_large = batch.height >= COLUMNAR_ROWS_MIN
    find = _find_suspects_columnar if is_large else _find_suspects
    suspects = find(batch, context)
    held = _read_texts(batch) if suspects else {}
    remarks: list[tuple[str, ...]] = [()] * batch.height
    mended: dict[int, dict[str, Any]] = {}
    for place, own_ids in suspects.items():
        mender = Mender(own_ids, context.scrubber)
        row = {name: values[place] for name, values in held.items()}
        mended[place] = _mend_row(row, mender, text_limits(context.limits))
        remarks[place] = tuple(sorted(mender.remarks))
    batch = change(batch, [*_put_back(batch, held, mended), to_lists("remarks", remarks)])
    return change(batch, cut_texts(batch, context.limits, 0))


def _read_texts(batch: pl.DataFrame) -> Held:
    """Give the columns that have to be looked at, those left out that hold nothing at all."""
    columns = (batch[name] for name in (*FREE_TEXTS, *NESTED, "revenue"))
    return {
        column.name: column.to_list()
        for column in columns
        if column.name == "properties" or column.null_count() < column.len()
    }


def _find_suspects_columnar(batch: pl.DataFrame, context: Context) -> dict[int, OwnIds]:
    """Give what `_find_suspects` gives, by a few expressions over whole columns."""
    texts = _join_columns(batch)
    senders = [batch[name] for name in SENDERS]
    certain = find_suspects(context.scrubber, texts) | find_telling(
        context.scrubber, batch["properties"]
    )
    suspects: dict[int, OwnIds] = {}
    for place in (certain | may_occur(texts, *senders)).arg_true():
        own_ids = OwnIds.of(*(column[place] or "" for column in senders))
        if certain[place] or own_ids.occur_in(texts[place]):
            suspects[place] = own_ids
    return suspects


def _find_suspects(batch: pl.DataFrame, context: Context) -> dict[int, OwnIds]:
    """Give the places of the rows that may have to change, each with the event's identifiers."""
    held = _read_texts(batch)
    suspects: dict[int, OwnIds] = {}
    tells = _find_telling(held["properties"], context)
    texts = _join_texts(held)
    doubtful = [context.scrubber.is_suspect(text) for text in texts]
    senders = zip(*(batch[name].to_list() for name in SENDERS), strict=True)
    for place, (sent, address, agent) in enumerate(senders):
        own_ids = OwnIds.of(sent or "", address or "", agent or "")
        if tells[place] or doubtful[place] or own_ids.occur_in(texts[place]):
            suspects[place] = own_ids
    return suspects


def _find_telling(properties: Sequence[Pairs | None], context: Context) -> list[bool]:
    """Tell of each row whether a property's name says what it holds, or its value is nested."""
    is_telling = cache(lambda key: context.scrubber.config.field_of(key) is not None)
    return [
        any(is_telling(pair["key"]) or may_nest(pair["value"]) for pair in pairs or ())
        for pairs in properties
    ]


def _join_texts(held: Held) -> list[str]:
    """Give all texts of each row in one, and the digits of its large numbers."""
    columns = [held[name] for name in FREE_TEXTS if name in held]
    columns.append([_join_pairs(pairs) for pairs in held["properties"]])
    if "measurements" in held:
        columns.append([_join_measurements(measured) for measured in held["measurements"]])
    if "revenue" in held:
        columns.append([_digits(number) for number in held["revenue"]])
    return [SEPARATOR.join(filter(None, row)) for row in zip(*columns, strict=True)]


def _join_columns(batch: pl.DataFrame) -> pl.Series:
    """Give what `_join_texts` gives as a column; a lone separator may stand where there is none."""
    columns = [batch[name] for name in FREE_TEXTS if batch[name].null_count() < batch.height]
    columns.append(join_pairs(batch["properties"]))
    for name, join in (("measurements", _join_measurements), ("revenue", _digits)):
        if batch[name].null_count() < batch.height:
            columns.append(pl.Series(name, map(join, batch[name].to_list()), pl.String))
    joined = pl.concat_str(columns, separator=SEPARATOR, ignore_nulls=True)
    return pl.select(joined.alias("texts")).to_series()


def _join_pairs(pairs: Pairs | None) -> str:
    """Give the keys and values of an event's properties in one text."""
    return SEPARATOR.join([text for pair in pairs or () for text in pair.values()])


def _join_measurements(measured: list[dict[str, Any]] | None) -> str:
    """Give the names, units and large numbers of an event's measurements in one text."""
    texts = ((one["name"], one["unit"], _digits(one["value"])) for one in measured or ())
    return SEPARATOR.join([text for three in texts for text in three if text])


def _digits(number: float | None) -> str:
    """Give the whole digits of a number that is large enough to identify, else ''."""
    if number is None or not NUMBER_MIN <= abs(number) < NUMBER_END:
        return ""
    return str(int(abs(number)))


def _mend_row(row: dict[str, Any], mender: Mender, limits: dict[str, int]) -> dict[str, Any]:
    """Give the changed columns of one row."""
    mended: dict[str, Any] = {}
    for name in FREE_TEXTS:
        text = row.get(name)
        if text and (new := mender.mend(text)) != text:
            was_cut = name in limits and len(text) >= limits[name] + CUT_MARGIN_CHARS
            mended[name] = new[: max(0, len(new) - CUT_MARGIN_CHARS)] if was_cut else new
    pairs = [mender.mend_pair(**pair) for pair in row["properties"] or ()]
    if pairs and pairs != row["properties"]:
        mended["properties"] = pairs
    measured = [mender.mend_measurement(one) for one in row.get("measurements") or ()]
    if measured and measured != row.get("measurements"):
        mended["measurements"] = [one for one in measured if one is not None]
    revenue = row.get("revenue")
    if mender.mend_number(revenue) != revenue:
        mended["revenue"] = None
    return mended


def _put_back(
    batch: pl.DataFrame, held: Held, mended: dict[int, dict[str, Any]]
) -> list[pl.Series]:
    """Give the columns in which something was mended."""
    columns = []
    for name in {name for changed in mended.values() for name in changed}:
        values = list(held[name])
        for place, changed in mended.items():
            values[place] = changed.get(name, values[place])
        kind = batch.schema[name]
        columns.append(
            to_nested(name, values, kind) if name in NESTED else pl.Series(name, values, kind)
        )
    return columns
