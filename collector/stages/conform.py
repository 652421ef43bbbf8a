"""Nothing gets through but the declared columns, each only with its purpose's permission."""

from __future__ import annotations

import polars as pl

from collector.context import Context
from collector.frames import CONTROL, PROTECTED, keep
from collector.pipeline import stage
from collector.stages.permission import PERMITTED, blank_unpermitted
from storage.schemas import NO_ID

DERIVED = [
    "country",
    "region",
    "browser",
    "browser_version",
    "os",
    "os_version",
    "device_type",
    "device_model",
    "is_bot",
    "visit_id",
    "subject_id",
    "subject_kind",
]
"""Columns that came into being after the gate, and meet their purpose here."""

UNSET = ("batch_id",)
"""Columns that the batcher fills when it cuts a batch into tables."""


def _spell_absent(kind: object) -> object:
    """Give what stands for an absent value of a type; null where null itself does."""
    if kind == pl.String:
        return ""
    if kind == pl.Binary:
        return NO_ID
    if kind == pl.Boolean:
        return False
    return [] if isinstance(kind, pl.List) else None


ABSENT = {
    name: pl.Series(name, [spelled], kind)
    for name, kind in PROTECTED.items()
    if name not in (*CONTROL, *UNSET) and (spelled := _spell_absent(kind)) is not None
}
"""Column -> one value that stands for an absent one, as the warehouse spells it."""


@stage(
    needs=["row", "table", "identity", "is_import", "struck", PERMITTED, *DERIVED],
    adds={"batch_id": pl.String},
    drops=["may_visit", PERMITTED],
)
def conform(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Give exactly the columns of `PROTECTED`: absent text is '', an absent id is zeroes."""
    batch = blank_unpermitted(batch, context.policy, {name: name for name in DERIVED})
    columns = {column.name: column for column in batch.get_columns()}
    for name in UNSET:
        columns[name] = pl.Series(name, [""], pl.String).new_from_index(0, batch.height)
    columns |= _fill_absent(batch)
    return pl.DataFrame([columns[name] for name in PROTECTED])


def _fill_absent(batch: pl.DataFrame) -> dict[str, pl.Series]:
    """Give the columns that hold absent values, with these spelled as the warehouse spells them."""
    filled: dict[str, pl.Series] = {}
    for name, spelling in ABSENT.items():
        column = batch[name]
        if column.null_count() == column.len():
            filled[name] = spelling.new_from_index(0, column.len())
        elif column.null_count():
            is_there = pl.Series([value is not None for value in column.to_list()])
            filled[name] = keep(column, is_there, spelling[0])
    return filled
