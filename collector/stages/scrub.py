"""PII rules over every free text, and the event's own identifiers wherever they recur in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from typing import Any

import polars as pl

from collector.context import Context
from collector.frames import change, to_lists, to_nested
from collector.mending import NUMBER_END, NUMBER_MIN, OPENERS, Mender
from collector.own_ids import SEPARATOR, OwnIds
from collector.own_ids_screen import may_occur
from collector.pii_columns import find_telling, join_pairs
from collector.pipeline import stage
from collector.properties import Pairs
from collector.screening import Screen, Seen
from collector.stages.validate import CUT_MARGIN_CHARS, TEXT_COLUMNS, cut_texts, text_limits

CLIENT_TEXTS = ("browser", "browser_version", "os", "os_version")
"""What was read from user agent and client hints, in which a sender may write what it likes."""

FREE_TEXTS = (*TEXT_COLUMNS, "page_title", "exception_stack", "source", "basis", *CLIENT_TEXTS)
"""Every column of text that a sender can fill."""

NESTED = ("properties", "measurements")
"""Columns of lists whose texts a sender can fill, keys and units included."""

COLUMNAR_ROWS_MIN = 256
"""From so many rows on, one expression over the column is cheaper than a look at each text."""

CUT = "property_cut"
"""Remark upon an event of a vendor's SDK that lost a property, or the end of one, to a limit."""

SENDERS = ("_sent_ids", "_address", "_user_agent")
"""What an event was sent with that must not recur in its texts."""

Columns = Mapping[str, pl.Series]

Held = dict[str, list[Any]]
"""Column -> its values, of those that hold any."""

Texts = Sequence[str | None]
"""A text for every row."""

_NONE = pl.Series("remarks", [[]], pl.List(pl.String))


@stage(
    needs=[*FREE_TEXTS, *NESTED, "revenue", "is_cut", "_sent_ids", "_user_agent", "_address"],
    adds={"remarks": pl.List(pl.String)},
    drops=["is_cut"],
)
def scrub(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Replace identifying matches in every text by typed marks, and remark which rules did.

    Every distinct text of the batch is first looked at by a cheap test; only suspect rows are
    taken apart. What was removed is kept nowhere. A property whose name tells what it holds
    (`phone`) is replaced whatever it looks like. A number whose digits are an identifier's becomes
    null, a measurement of such a value is left out.
    """
    limits = text_limits(context.limits)
    columns = dict(zip(batch.columns, batch.get_columns(), strict=True))
    held = _read_texts(columns)
    texts = [*held.values(), *_join_nested(columns)]
    screen = Screen.of(context.scrubber)
    seen = screen.look(texts, min(limits.values()))
    suspects = _find_suspects(columns, texts, seen, context)
    remarks: list[tuple[str, ...]] = [()] * batch.height
    mended: dict[int, dict[str, Any]] = {}
    known: dict[str, tuple[str, list[str]]] = {}
    if suspects:
        held |= {name: columns[name].to_list() for name in (*NESTED, "revenue")}
    for place, own_ids in suspects.items():
        screen.forget(column[place] for column in texts)
        mender = Mender(own_ids, context.scrubber, known=known)
        row = {name: values[place] for name, values in held.items()}
        mended[place] = _mend_row(row, mender, limits)
        remarks[place] = tuple(sorted(mender.remarks))
    _remark_cuts(columns["is_cut"], remarks)
    batch = change(batch, [*_put_back(batch, held, mended), _to_remarks(remarks)], ["is_cut"])
    if seen.is_long or any(_is_long(row, limits) for row in mended.values()):
        batch = change(batch, cut_texts(batch, context.limits, 0))
    return batch


def _remark_cuts(is_cut: pl.Series, remarks: list[tuple[str, ...]]) -> None:
    """Remark upon events that lost a part of a property before, which few do."""
    if is_cut.any():
        for place, cut in enumerate(is_cut.to_list()):
            if cut:
                remarks[place] = tuple(sorted((*remarks[place], CUT)))


def _to_remarks(remarks: Sequence[tuple[str, ...]]) -> pl.Series:
    """Give the column of remarks; where there is none, as in most batches, at no cost."""
    return to_lists("remarks", remarks) if any(remarks) else _NONE.new_from_index(0, len(remarks))


def _read_texts(columns: Columns) -> Held:
    """Give the columns of text, those left out that hold nothing at all."""
    texts = (columns[name] for name in FREE_TEXTS)
    return {one.name: one.to_list() for one in texts if one.null_count() < one.len()}


def _find_suspects(
    columns: Columns, texts: Sequence[Texts], seen: Seen, context: Context
) -> dict[int, OwnIds]:
    """Give the places of the rows that may have to change, each with the event's identifiers."""
    certain = _places_of(seen.suspects, texts) | _find_telling(columns["properties"], context)
    odd = _places_of(seen.odd, texts)
    suspects: dict[int, OwnIds] = {}
    senders = zip(*(columns[name].to_list() for name in SENDERS), strict=True)
    rows = zip(senders, zip(*texts, strict=True), strict=True)
    for place, ((sent, address, agent), row) in enumerate(rows):
        sender = sent or "", address or "", agent or ""
        text = SEPARATOR.join(filter(None, row))
        if place in certain or place in odd or may_occur(text, *sender):
            own_ids = OwnIds.of(*sender)
            if place in certain or own_ids.occur_in(text):
                suspects[place] = own_ids
    return suspects


def _places_of(wanted: Set[str], columns: Sequence[Texts]) -> set[int]:
    """Give the places at which any of some texts stands."""
    if not wanted:
        return set()
    hit = [column for column in columns if not wanted.isdisjoint(filter(None, column))]
    return {place for column in hit for place, text in enumerate(column) if text in wanted}


def _find_telling(properties: pl.Series, context: Context) -> set[int]:
    """Give the places of rows in which a property's name says what it holds, or one is nested."""
    if properties.len() >= COLUMNAR_ROWS_MIN:
        return set(find_telling(context.scrubber, properties).arg_true())
    field_of = context.scrubber.field_of
    return {
        place
        for place, pairs in enumerate(properties.to_list())
        for pair in pairs or ()
        if field_of(pair["key"]) is not None or pair["value"].startswith(OPENERS)
    }


def _join_nested(columns: Columns) -> list[Texts]:
    """Give the texts of each row's lists in one, and the digits of its large numbers."""
    properties = columns["properties"]
    if properties.len() >= COLUMNAR_ROWS_MIN:
        joined: list[Texts] = [join_pairs(properties).to_list()]
    else:
        joined = [[_join_pairs(pairs) for pairs in properties.to_list()]]
    for name, join in (("measurements", _join_measurements), ("revenue", _digits)):
        if columns[name].null_count() < properties.len():
            joined.append([join(value) for value in columns[name].to_list()])
    return joined


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


def _is_long(mended: Mapping[str, Any], limits: Mapping[str, int]) -> bool:
    """Tell whether a mended row holds a text that is longer than what is kept of it."""
    return any(len(mended[name]) > limits[name] for name in mended.keys() & limits.keys())


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
