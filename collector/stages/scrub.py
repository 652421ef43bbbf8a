"""PII rules over every free text, and the event's own identifiers wherever they recur in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import polars as pl

from collector.context import Context
from collector.own_ids import REMARK, SEPARATOR, OwnIds
from collector.pii import Scrubber
from collector.pipeline import reject, stage
from collector.stages.validate import TEXT_COLUMNS

FREE_TEXTS = (*TEXT_COLUMNS, "page_title", "exception_stack")
"""Every column of text that a sender can fill."""

NESTED = ("properties", "measurements")
"""Columns of lists whose texts a sender can fill, keys and units included."""


@stage(
    needs=[*FREE_TEXTS, *NESTED, "_sent_ids", "_user_agent", "_address"],
    adds={"remarks": pl.List(pl.String)},
    drops=["_sent_ids"],
    rejects=["forbidden_category"],
)
def scrub(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Replace identifying matches in every text by typed marks, and remark which rules did.

    The texts of a row are first looked at together by a cheap test; only suspect rows are taken
    apart. What was removed is kept nowhere. A property whose name tells what it holds (`phone`) is
    replaced whatever it looks like; one that names a forbidden category rejects its event.
    """
    telling, forbidden = _keys_of_note(batch, context)
    batch = reject(batch, _has_key(forbidden), "forbidden_category")
    suspects: dict[int, OwnIds] = {}
    looked_at = batch.select(
        "_sent_ids", "_address", "_user_agent", text=_joined(), tells=_has_key(telling)
    )
    for place, (sent, address, agent, text, tells) in enumerate(looked_at.iter_rows()):
        own_ids = OwnIds.of(sent or "", address or "", agent or "")
        if tells or own_ids.occur_in(text) or context.scrubber.is_suspect(text):
            suspects[place] = own_ids
    remarks: list[list[str]] = [[] for _ in range(batch.height)]
    mended: dict[int, dict[str, Any]] = {}
    rows = batch.select(*FREE_TEXTS, *NESTED)[list(suspects)].to_dicts() if suspects else []
    for (place, own_ids), row in zip(suspects.items(), rows, strict=True):
        mended[place], remarks[place] = _mend_row(row, own_ids, context)
    batch = batch.drop("_sent_ids").with_columns(pl.Series("remarks", remarks, pl.List(pl.String)))
    return _put_back(batch, mended) if mended else batch


def _keys_of_note(batch: pl.DataFrame, context: Context) -> tuple[list[str], list[str]]:
    """Give the batch's property names that tell what they hold, and those that are forbidden."""
    keys = batch["properties"].explode().struct.field("key").drop_nulls().unique().to_list()
    rules = context.scrubber.config
    telling = [key for key in keys if rules.field_of(key) is not None]
    return telling, [key for key in keys if rules.is_forbidden(key)]


def _has_key(keys: list[str]) -> pl.Expr:
    """Give the condition that a row has a property of one of these names."""
    if not keys:
        return pl.lit(value=False)
    is_one = pl.element().struct.field("key").is_in(keys)
    return pl.col("properties").list.eval(is_one).list.any().fill_null(value=False)


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
    mender = _Mender(own_ids, context.scrubber)
    mended: dict[str, Any] = {name: mender.mend(row[name]) for name in FREE_TEXTS if row[name]}
    mended["properties"] = [mender.mend_pair(**pair) for pair in row["properties"] or ()]
    mended["measurements"] = [
        one | {"name": mender.mend(one["name"]), "unit": mender.mend(one["unit"])}
        for one in row["measurements"] or ()
    ]
    changed = {name: new for name, new in mended.items() if new and new != row[name]}
    return changed, sorted(mender.hits)


@dataclass
class _Mender:
    """Mends the texts of one event and notes which rules matched."""

    own_ids: OwnIds
    scrubber: Scrubber
    hits: set[str] = field(default_factory=set)

    def mend(self, text: str) -> str:
        """Give a text without the event's own identifiers and without other matches."""
        replaced = self.own_ids.replace_in(text)
        if replaced != text:
            self.hits.add(REMARK)
        scrubbed, names = self.scrubber.scrub_text(replaced)
        self.hits.update(names)
        return scrubbed

    def mend_pair(self, key: str, value: str) -> dict[str, str]:
        """Give a property with both its texts mended."""
        scrubbed, names = self.scrubber.scrub_property(key, value)
        self.hits.update(names)
        return {"key": self.mend(key), "value": self.mend(scrubbed)}


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
