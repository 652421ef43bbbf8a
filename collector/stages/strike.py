"""What is never collected leaves: properties of a forbidden category, by their name or value."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import polars as pl

from collector.context import Context
from collector.frames import change, to_nested
from collector.mending import keys_within, may_nest, read_nested, texts_within
from collector.pipeline import reject, stage
from collector.unfold import LEVELS_MAX
from config.categories import Categories

JUDGED = ("properties", "measurements")
"""Columns of lists whose members have names of a sender's own."""


@stage(
    needs=["site", "event_name", "properties", "measurements"],
    adds={"struck": pl.String},
    rejects=["forbidden_category"],
)
def strike(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Take out every property that tells a forbidden category; reject events named so.

    A property goes whole where its name, its value, or a name or value within it tells one; a
    measurement goes by its name. Values that a file declares as free text are not judged: what
    people type is no list of ours. What a site is allowed by the policy stays. `struck` has the
    category of each, so that it can be counted; what was in it is kept nowhere.
    """
    sites, names = batch["site"].to_list(), batch["event_name"].to_list()
    told = [_of_event(*event, context) for event in zip(sites, names, strict=True)]
    struck: list[list[str]] = [[] for _ in sites]
    columns = []
    for column in JUDGED:
        if not _may_tell(batch[column], context.categories):
            continue
        rows = batch[column].to_list()
        if _strike_from(rows, sites, names, struck, context):
            columns.append(to_nested(column, rows, batch.schema[column]))
    words = [" ".join(found) or None for found in struck]
    reasons = reject([None if found is None else "forbidden_category" for found in told])
    return change(batch, [*columns, pl.Series("struck", words, pl.String), reasons])


def _may_tell(column: pl.Series, categories: Categories) -> bool:
    """Tell whether a name or a value somewhere in the column tells a category.

    Names and words recur within a batch: each is looked at once, and most batches end here.
    """
    if column.null_count() == column.len():
        return False
    members = column.explode().struct
    names = members.field("key" if "key" in members.fields else "name")
    if any(map(categories.of_name, names.drop_nulls().unique().to_list())):
        return True
    values = members.field("value")
    if values.dtype != pl.String:
        return False
    texts = set(values.drop_nulls().to_list())
    return any(may_nest(text) or categories.of_value(text) for text in texts)


def _strike_from(
    rows: list[list[dict[str, Any]] | None],
    sites: list[str],
    names: list[str],
    struck: list[list[str]],
    context: Context,
) -> bool:
    """Take forbidden members out of the rows, note their categories; tell whether there were any.

    Shape: a list of members, a site, an event's name and a list of categories for each row.
    """
    any_struck = False
    for place, members in enumerate(rows):
        found = [_of_member(sites[place], names[place], one, context) for one in members or ()]
        if members and any(found):
            any_struck = True
            rows[place] = [one for one, told in zip(members, found, strict=True) if told is None]
            struck[place] += [told for told in found if told is not None]
    return any_struck


def _of_event(site: str, name: str, context: Context) -> str | None:
    """Give the category that an event's name tells, unless its site may collect it."""
    return _unless_allowed(site, context.categories.of_name(name), context)


def _of_member(site: str, event: str, one: dict[str, Any], context: Context) -> str | None:
    """Give the category that a property, or a measurement, tells."""
    name = one["key"] if "key" in one else one["name"]
    category = _unless_allowed(site, context.categories.of_name(name), context)
    value = one["value"]
    if category is not None or not isinstance(value, str):
        return category
    for told in _told_by(value, context):
        category = _unless_allowed(site, told, context)
        if category is not None and not _is_free_text(event, name, context):
            return category
    return None


def _told_by(value: str, context: Context, level: int = 0) -> Iterator[str | None]:
    """Give what a property's value tells, and all that lies within it in JSON.

    `level` counts JSON texts within JSON texts.
    """
    categories = context.categories
    nested = read_nested(value) if level < LEVELS_MAX else None
    if nested is None:
        yield categories.of_value(value)
        return
    yield from map(categories.of_name, keys_within(nested))
    for text in texts_within(nested):
        yield from _told_by(text, context, level + 1)


def _unless_allowed(site: str, category: str | None, context: Context) -> str | None:
    """Give a category back, none where the policy allows it to a site."""
    if category is None or context.policy.allows_category(site, category):
        return None
    return category


def _is_free_text(event: str, name: str, context: Context) -> bool:
    """Tell whether a file declares a property as what people type."""
    declared = context.catalogue.get(event)
    rule = declared.properties.get(name) if declared is not None else None
    return rule is not None and rule.kind == "free_text"
