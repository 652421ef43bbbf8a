"""PII rules over every free text, and the event's own identifiers wherever they recur in it."""

from __future__ import annotations

from typing import Any

import polars as pl

from collector.context import Context
from collector.own_ids import REMARK, SEPARATOR, OwnIds
from collector.pipeline import stage
from collector.stages.validate import TEXT_COLUMNS

FREE_TEXTS = (*TEXT_COLUMNS, "page_title", "exception_stack")
"""Every column of text that a sender can fill."""

NESTED = ("properties", "measurements")
"""Columns of lists whose texts a sender can fill, keys and units included."""


@stage(
    needs=[*FREE_TEXTS, *NESTED, "_sent_ids", "_user_agent", "_address"],
    adds={"remarks": pl.List(pl.String)},
    drops=["_sent_ids"],
)
def scrub(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Replace identifying matches in every text by typed marks, and remark which rules did.

    The texts of a row are first looked at together by a cheap test; only suspect rows are taken
    apart. What was removed is kept nowhere.
    """
    suspects: dict[int, OwnIds] = {}
    looked_at = batch.select("_sent_ids", "_address", "_user_agent", text=_joined())
    for place, (sent, address, agent, text) in enumerate(looked_at.iter_rows()):
        own_ids = OwnIds.of(sent or "", address or "", agent or "")
        if own_ids.occur_in(text) or context.is_suspect(text):
            suspects[place] = own_ids
    remarks: list[list[str]] = [[] for _ in range(batch.height)]
    mended: dict[int, dict[str, Any]] = {}
    rows = batch.select(*FREE_TEXTS, *NESTED)[list(suspects)].to_dicts() if suspects else []
    for (place, own_ids), row in zip(suspects.items(), rows, strict=True):
        mended[place], remarks[place] = _mend_row(row, own_ids, context)
    batch = batch.drop("_sent_ids").with_columns(pl.Series("remarks", remarks, pl.List(pl.String)))
    return _put_back(batch, mended) if mended else batch


def _joined() -> pl.Expr:
    """Give all texts of a row in one."""
    parts = [pl.col(name) for name in FREE_TEXTS]
    for column, names in (("properties", ("key", "value")), ("measurements", ("name", "unit"))):
        nested = pl.col(column).list
        parts += [
            nested.eval(pl.element().struct.field(name)).list.join(SEPARATOR) for name in names
        ]
    return pl.concat_str(parts, separator=SEPARATOR, ignore_nulls=True)


def _mend_row(
    row: dict[str, Any], own_ids: OwnIds, context: Context
) -> tuple[dict[str, Any], list[str]]:
    """Give the changed columns of one row, and the names of the rules that matched."""
    hits: set[str] = set()

    def mend(text: str) -> str:
        replaced = own_ids.replace_in(text)
        if replaced != text:
            hits.add(REMARK)
        scrubbed, names = context.scrub_text(replaced)
        hits.update(names)
        return scrubbed

    changed: dict[str, Any] = {}
    for name in FREE_TEXTS:
        if row[name] and (new := mend(row[name])) != row[name]:
            changed[name] = new
    for name in NESTED:
        nested = [
            {key: mend(value) if isinstance(value, str) else value for key, value in one.items()}
            for one in row[name] or ()
        ]
        if row[name] and nested != row[name]:
            changed[name] = nested
    return changed, sorted(hits)


def _put_back(batch: pl.DataFrame, mended: dict[int, dict[str, Any]]) -> pl.DataFrame:
    """Write mended texts back into their columns."""
    columns = []
    for name in {name for changed in mended.values() for name in changed}:
        values = batch[name].to_list()
        for place, changed in mended.items():
            if name in changed:
                values[place] = changed[name]
        columns.append(pl.Series(name, values, batch.schema[name]))
    return batch.with_columns(columns) if columns else batch
