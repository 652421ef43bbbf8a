"""PII rules over every free text, and the event's own identifiers wherever they recur in it."""

from __future__ import annotations

from typing import Any

import polars as pl

from collector.context import Context
from collector.frames import to_nested
from collector.mending import NUMBER_END, NUMBER_MIN, Mender, keys_within, read_nested
from collector.own_ids import SEPARATOR, OwnIds
from collector.pii_columns import find_suspects
from collector.pipeline import reject, stage
from collector.stages.validate import CUT_MARGIN_CHARS, TEXT_COLUMNS, text_limits

CLIENT_TEXTS = ("browser", "browser_version", "os", "os_version")
"""What was read from user agent and client hints, in which a sender may write what it likes."""

FREE_TEXTS = (*TEXT_COLUMNS, "page_title", "exception_stack", "source", "basis", *CLIENT_TEXTS)
"""Every column of text that a sender can fill."""

NESTED = ("properties", "measurements")
"""Columns of lists whose texts a sender can fill, keys and units included."""

COLUMNAR_ROWS_MIN = 48
"""From so many rows on, one expression over the column is cheaper than a look at each text."""

NESTED_PATTERN = r"^[{\[]"
"""How the value of a property begins that is a list or an object."""


@stage(
    needs=[*FREE_TEXTS, *NESTED, "revenue", "_sent_ids", "_user_agent", "_address"],
    adds={"remarks": pl.List(pl.String)},
    rejects=["forbidden_category"],
)
def scrub(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Replace identifying matches in every text by typed marks, and remark which rules did.

    The texts of a row are first looked at together by a cheap test; only suspect rows are taken
    apart. What was removed is kept nowhere. A property whose name tells what it holds (`phone`) is
    replaced whatever it looks like; one that names a forbidden category rejects its event. A
    number whose digits are an identifier's becomes null, a measurement of such a value is left out.
    """
    telling, forbidden = _keys_of_note(batch, context)
    batch = reject(
        batch,
        _has("key", forbidden) | _has("value", _forbidden_within(batch, context)),
        "forbidden_category",
    )
    suspects = _find_suspects(batch, telling, context)
    remarks: list[list[str]] = [[] for _ in range(batch.height)]
    mended: dict[int, dict[str, Any]] = {}
    columns = [*FREE_TEXTS, *NESTED, "revenue"]
    rows = batch.select(columns)[list(suspects)].to_dicts() if suspects else []
    for (place, own_ids), row in zip(suspects.items(), rows, strict=True):
        mender = Mender(own_ids, context.scrubber)
        mended[place] = _mend_row(row, mender, text_limits(context.limits))
        remarks[place] = sorted(mender.remarks)
    batch = batch.with_columns(pl.Series("remarks", remarks, pl.List(pl.String)))
    return _cut_texts(_put_back(batch, mended), context)


def _keys_of_note(batch: pl.DataFrame, context: Context) -> tuple[list[str], list[str]]:
    """Give the batch's property names that tell what they hold, and those that are forbidden."""
    keys = batch["properties"].explode().struct.field("key").drop_nulls().unique().to_list()
    rules = context.scrubber.config
    telling = [key for key in keys if rules.field_of(key) is not None]
    return telling, [key for key in keys if rules.is_forbidden(key)]


def _forbidden_within(batch: pl.DataFrame, context: Context) -> list[str]:
    """Give the batch's lists and objects that hold a forbidden property within."""
    values = batch["properties"].explode().struct.field("value").drop_nulls().unique()
    rules = context.scrubber.config
    return [
        value
        for value in values.filter(values.str.contains(NESTED_PATTERN))
        if any(rules.is_forbidden(key) for key in keys_within(read_nested(value)))
    ]


def _has(part: str, values: list[str]) -> pl.Expr:
    """Give the condition that a row has a property whose key, or value, is one of these."""
    if not values:
        return pl.lit(value=False)
    is_one = pl.element().struct.field(part).is_in(values)
    return pl.col("properties").list.eval(is_one).list.any().fill_null(value=False)


def _find_suspects(batch: pl.DataFrame, telling: list[str], context: Context) -> dict[int, OwnIds]:
    """Give the places of the rows that may have to change, each with the event's identifiers."""
    suspects: dict[int, OwnIds] = {}
    holds_nested = pl.element().struct.field("value").str.contains(NESTED_PATTERN)
    is_nested = pl.col("properties").list.eval(holds_nested).list.any().fill_null(value=False)
    looked_at = batch.select(
        "_sent_ids",
        "_address",
        "_user_agent",
        text=_joined(),
        tells=_has("key", telling) | is_nested,
    )
    doubtful = _find_doubtful(looked_at["text"], context)
    for place, (sent, address, agent, text, tells) in enumerate(looked_at.iter_rows()):
        own_ids = OwnIds.of(sent or "", address or "", agent or "")
        if tells or doubtful[place] or own_ids.occur_in(text):
            suspects[place] = own_ids
    return suspects


def _find_doubtful(texts: pl.Series, context: Context) -> list[bool]:
    """Tell of each text whether some PII rule may change it."""
    if texts.len() >= COLUMNAR_ROWS_MIN:
        return find_suspects(context.scrubber, texts).to_list()
    return [context.scrubber.is_suspect(text) for text in texts]


def _joined() -> pl.Expr:
    """Give all texts of a row in one, and the digits of its large numbers."""
    parts = [pl.col(name) for name in FREE_TEXTS]
    for column, names in (("properties", ("key", "value")), ("measurements", ("name", "unit"))):
        nested = pl.col(column).list
        parts += [
            nested.eval(pl.element().struct.field(name)).list.join(SEPARATOR) for name in names
        ]
    measured = pl.col("measurements").list.eval(_digits(pl.element().struct.field("value")))
    parts += [_digits(pl.col("revenue")), measured.list.join(SEPARATOR, ignore_nulls=True)]
    return pl.concat_str(parts, separator=SEPARATOR, ignore_nulls=True)


def _digits(number: pl.Expr) -> pl.Expr:
    """Give the whole digits of a number that is large enough to identify, else null."""
    size = number.abs()
    is_large = (size >= NUMBER_MIN) & (size < NUMBER_END)
    return pl.when(is_large).then(size).cast(pl.Int64).cast(pl.String)


def _mend_row(row: dict[str, Any], mender: Mender, limits: dict[str, int]) -> dict[str, Any]:
    """Give the changed columns of one row."""
    mended: dict[str, Any] = {}
    for name in FREE_TEXTS:
        text = row[name]
        if text and (new := mender.mend(text)) != text:
            was_cut = name in limits and len(text) >= limits[name] + CUT_MARGIN_CHARS
            mended[name] = new[: max(0, len(new) - CUT_MARGIN_CHARS)] if was_cut else new
    pairs = [mender.mend_pair(**pair) for pair in row["properties"] or ()]
    if pairs and pairs != row["properties"]:
        mended["properties"] = pairs
    measured = [mender.mend_measurement(one) for one in row["measurements"] or ()]
    if measured and measured != row["measurements"]:
        mended["measurements"] = [one for one in measured if one is not None]
    if mender.mend_number(row["revenue"]) != row["revenue"]:
        mended["revenue"] = None
    return mended


def _cut_texts(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Cut texts at their limits, now that nothing in them identifies."""
    return batch.with_columns(
        pl.col(name).str.slice(0, chars_max)
        for name, chars_max in text_limits(context.limits).items()
        if batch[name].null_count() < batch.height
    )


def _put_back(batch: pl.DataFrame, mended: dict[int, dict[str, Any]]) -> pl.DataFrame:
    """Write what was mended back into its columns."""
    columns = []
    for name in {name for changed in mended.values() for name in changed}:
        values = batch[name].to_list()
        for place, changed in mended.items():
            if name in changed:
                values[place] = changed[name]
        kind = batch.schema[name]
        columns.append(
            to_nested(name, values, kind) if name in NESTED else pl.Series(name, values, kind)
        )
    return batch.with_columns(columns) if columns else batch
