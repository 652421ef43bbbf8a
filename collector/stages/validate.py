"""The catalogue's word on each event: names, properties, lengths, and the clock."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from collector.context import Context
from collector.frames import to_nested, to_time
from collector.pipeline import REASON, reject, stage
from collector.properties import check_properties
from config.limits import Limits
from storage.schemas import MAP, TIME

SKEW_MS_MIN = 30_000
"""A sender's clock is corrected only when it is off by more; less is the network's delay."""

DAY_MS = 86_400_000

TEXT_COLUMNS = [
    "event_name",
    "sdk",
    "page_host",
    "page_path",
    "page_query",
    "referrer_host",
    "referrer_path",
    "campaign_source",
    "campaign_medium",
    "campaign_name",
    "campaign_term",
    "campaign_content",
    "currency",
    "timezone",
    "locale",
    "app_version",
    "device_model",
    "exception_type",
    "exception_message",
    "release",
    "environment",
]
"""Columns of text that a sender controls, cut at `text_chars_max`."""

CUT_MARGIN_CHARS = 2_048
"""Texts are scrubbed with so much more than is kept of them, or half an identifier, cut off at
the limit, would pass unseen."""


@stage(
    needs=["site", "table", "event_name", "is_import", *TEXT_COLUMNS],
    adds={"occurred_at": TIME, "received_at": TIME, "properties": MAP},
    drops=["_properties", "occurred_at_ms", "sent_at_ms", "received_at_ms"],
    rejects=[
        "event_undeclared",
        "event_expired",
        "names_exceeded",
        "property_invalid",
        "properties_too_many",
        "too_late",
        "too_early",
    ],
)
def validate(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Reject what the catalogue or the clock does not allow; correct skewed clocks; cut texts.

    An event's time is moved by the difference of `sent_at` to our clock where that is large; an
    imported event keeps its own. A time in the near future becomes the time of receipt. Nothing
    is from before 1970, where imports of broken clocks end up.
    """
    batch = batch.with_columns(_faults_and_properties(batch, context))
    batch = _check_clock(batch, context)
    batch = _cut_texts(batch, context)
    return batch.drop("_properties", "occurred_at_ms", "sent_at_ms", "received_at_ms")


def _faults_and_properties(batch: pl.DataFrame, context: Context) -> list[pl.Series]:
    """Check each event against the catalogue: its fault, if any, and its properties."""
    faults: list[str | None] = []
    properties: list[list[dict[str, str]]] = []
    rows = batch.select("site", "table", "event_name", "received_at_ms", "_properties").rows()
    for site, table, name, received_at_ms, raw in rows:
        fault = _fault_of_name(site, table, name, received_at_ms, context)
        pairs: list[dict[str, str]] = []
        if fault is None and raw:
            pairs, fault = check_properties(raw, context.catalogue.get(name), context.limits)
        faults.append(fault)
        properties.append(pairs)
    return [pl.Series(REASON, faults, pl.String), to_nested("properties", properties, MAP)]


def _fault_of_name(
    site: str, table: str, name: str, received_at_ms: int, context: Context
) -> str | None:
    """Give what is wrong with an event's name, if anything."""
    declared = context.catalogue.get(name)
    if declared is not None:
        today = datetime.fromtimestamp(received_at_ms / 1000, UTC).date()
        return "event_expired" if declared.is_expired(today) else None
    if table == "events" and not context.policy.keeps_undeclared(site):
        return "event_undeclared"
    return None if context.admit_name(site, name) else "names_exceeded"


def _check_clock(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Give each event its time, and reject those outside the window."""
    received, limits = pl.col("received_at_ms"), context.limits
    skew = received - pl.col("sent_at_ms")
    is_skewed = ~pl.col("is_import") & (skew.abs() > SKEW_MS_MIN)
    stated = pl.coalesce("occurred_at_ms", "received_at_ms")
    corrected = stated + pl.when(is_skewed.fill_null(False)).then(skew).otherwise(0)
    batch = batch.with_columns(moment=corrected)
    ahead = pl.col("moment") - received
    batch = reject(batch, ahead > limits.clock_ahead_seconds_max * 1000, "too_early")
    is_old = -ahead > limits.event_age_days_max * DAY_MS
    batch = reject(batch, is_old & ~pl.col("is_import"), "too_late")
    batch = reject(batch, pl.col("moment") < 0, "too_late")
    moment = pl.min_horizontal("moment", "received_at_ms")
    return batch.with_columns(occurred_at=to_time(moment), received_at=to_time(received)).drop(
        "moment"
    )


def text_limits(limits: Limits) -> dict[str, int]:
    """Give the longest text that is kept in each column of text, in characters."""
    return dict.fromkeys(TEXT_COLUMNS, limits.text_chars_max) | {
        "page_title": limits.title_chars_max,
        "exception_stack": limits.stack_chars_max,
    }


def _cut_texts(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Cut texts `CUT_MARGIN_CHARS` beyond their limits and take NUL characters out."""
    return batch.with_columns(
        pl.col(name).str.replace_all("\x00", "", literal=True).str.slice(0, end)
        for name, chars_max in text_limits(context.limits).items()
        if (end := chars_max + CUT_MARGIN_CHARS) and batch[name].null_count() < batch.height
    )
