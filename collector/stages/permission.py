"""No permission, no field: the one place where a column meets its purpose."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from collector.consent.bits import purpose_bits
from collector.frames import change, keep
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
    bits = purpose_bits(tuple(policy.purposes))
    permitted, tables = batch[PERMITTED].to_list(), batch["table"].to_list()
    there = set(zip(tables, permitted, strict=True))
    blanked: dict[tuple[int, ...], list[str]] = {}
    for column, kept_as in columns.items():
        needed = {table: _bit_of(policy, table, kept_as, bits) for table in TABLES}
        if all(needed[table] & held for table, held in there):
            continue
        if batch[column].null_count() < batch.height:
            blanked.setdefault(tuple(needed.values()), []).append(column)
    kept: list[pl.Series] = []
    for key, names in blanked.items():
        needed = dict(zip(TABLES, key, strict=True))
        covered = pl.Series(
            [held & needed[table] != 0 for held, table in zip(permitted, tables, strict=True)]
        )
        kept += [keep(batch[name], covered, None) for name in names]
    return change(batch, kept)


def _bit_of(policy: Policy, table: str, column: str, bits: Mapping[str, int]) -> int:
    """Give the bit of a column's purpose; 0 where the table has no such column."""
    try:
        return bits[policy.purpose_of(table, column)]
    except KeyError:
        return 0
