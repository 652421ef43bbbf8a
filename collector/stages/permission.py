"""No permission, no field: the one place where a column meets its purpose."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from collector.consent.bits import purpose_bits
from config.policy import Policy

PERMITTED = "permitted"
"""Column with the permitted purposes of each row, as bits over the policy's purposes."""

TABLES = ("events", "diagnostics")


def blank_unpermitted(
    batch: pl.DataFrame, policy: Policy, columns: Mapping[str, str]
) -> pl.DataFrame:
    """Set columns to null in rows whose permitted purposes do not cover them.

    `columns` maps a column of the batch to the at-rest column that it becomes; its purpose in the
    row's table decides. A column that the row's table does not have becomes null too. Columns that
    share their purposes are blanked by one condition; what is permitted everywhere or empty anyway
    is passed over, which most columns of most batches are.
    """
    everywhere = _permitted_everywhere(batch)
    present = [table for table in TABLES if (batch["table"] == table).any()]
    blanked: dict[tuple[int, ...], list[str]] = {}
    for column, kept_as in columns.items():
        bits = {table: _bit_of(policy, table, kept_as) for table in TABLES}
        if all(bits[table] & everywhere for table in present):
            continue
        if batch[column].null_count() < batch.height:
            blanked.setdefault(tuple(bits.values()), []).append(column)
    return batch.with_columns(
        pl.when((pl.col(PERMITTED) & _needed(bits)) != 0).then(pl.col(names))
        for bits, names in blanked.items()
    )


def _permitted_everywhere(batch: pl.DataFrame) -> int:
    """Give the purposes that every row of the batch is permitted."""
    common = 0xFFFF
    for bits in batch[PERMITTED].unique().to_list():
        common &= bits
    return common


def _bit_of(policy: Policy, table: str, column: str) -> int:
    """Give the bit of a column's purpose; 0 where the table has no such column."""
    try:
        purpose = policy.purpose_of(table, column)
    except KeyError:
        return 0
    return purpose_bits(tuple(policy.purposes))[purpose]


def _needed(bits: tuple[int, ...]) -> pl.Expr:
    """Give the bit that a row needs, by its table."""
    events_bit, diagnostics_bit = bits
    if events_bit == diagnostics_bit:
        return pl.lit(events_bit, pl.UInt16)
    return (
        pl.when(pl.col("table") == "events")
        .then(pl.lit(events_bit, pl.UInt16))
        .otherwise(pl.lit(diagnostics_bit, pl.UInt16))
    )
