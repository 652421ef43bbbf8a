"""Nothing gets through but the declared columns, each only with its purpose's permission."""

from __future__ import annotations

import polars as pl

from collector.context import Context
from collector.frames import CONTROL, PROTECTED
from collector.pipeline import stage
from collector.stages.permission import PERMITTED, blank_unpermitted
from storage.schemas import MAP, NO_ID, TEXTS

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


@stage(
    needs=["row", "table", "identity", "is_import", PERMITTED, *DERIVED],
    adds={"batch_id": pl.String},
    drops=["may_visit", PERMITTED],
)
def conform(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Give exactly the columns of `PROTECTED`: absent text is '', an absent id is zeroes."""
    batch = blank_unpermitted(batch, context.policy, {name: name for name in DERIVED})
    batch = batch.with_columns(pl.lit("").alias(name) for name in UNSET)
    return batch.select(_filled(name, kind) for name, kind in PROTECTED.items())


def _filled(name: str, kind: object) -> pl.Expr:
    """Give a column with its absent values spelled as the warehouse spells them."""
    column = pl.col(name)
    if name in CONTROL:
        return column
    if kind == pl.String:
        return column.fill_null("")
    if kind == pl.Binary:
        return column.fill_null(pl.lit(NO_ID))
    if kind == pl.Boolean:
        return column.fill_null(False)
    if kind in (TEXTS, MAP) or isinstance(kind, pl.List):
        return column.fill_null([])
    return column
