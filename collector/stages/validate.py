"""The catalogue's word on each event: names, properties, lengths, and the clock."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl

from collector.context import Context
from collector.frames import change, to_nested, to_time
from collector.pipeline import reject, stage
from collector.properties import Pairs, check_properties
from config.catalogue import IDENTIFY
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
    faults, properties = _check_catalogue(batch, context)
    moments, late = _check_clock(batch, context.limits)
    received = batch["received_at_ms"].to_list()
    happened = [min(moment, at) for moment, at in zip(moments, received, strict=True)]
    columns = [
        to_time("occurred_at", happened),
        to_time("received_at", received),
        to_nested("properties", properties, MAP),
        reject([fault or clock for fault, clock in zip(faults, late, strict=True)]),
        *cut_texts(batch, context.limits, CUT_MARGIN_CHARS),
    ]
    drops = ["_properties", "occurred_at_ms", "sent_at_ms", "received_at_ms"]
    return change(batch, columns, drops)


def _check_catalogue(batch: pl.DataFrame, context: Context) -> tuple[list[str | None], list[Pairs]]:
    """Check each event against the catalogue: its fault, if any, and its properties."""
    faults: list[str | None] = []
    properties: list[Pairs] = []
    names = ("site", "table", "event_name", "received_at_ms", "_properties")
    rows = zip(*(batch[name].to_list() for name in names), strict=True)
    for site, table, name, received_at_ms, raw in rows:
        fault = _fault_of_name(site, table, name, received_at_ms, context)
        pairs: Pairs = []
        if fault is None and raw:
            declared = context.catalogue.get(name)
            if declared is not None or name != IDENTIFY:
                pairs, fault = check_properties(raw, declared, context.limits)
        faults.append(fault)
        properties.append(pairs)
    return faults, properties


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
    return None


def _check_clock(batch: pl.DataFrame, limits: Limits) -> tuple[list[int], list[str | None]]:
    """Give each event its time in UTC milliseconds, and what is wrong with it, if anything."""
    ahead_ms_max = limits.clock_ahead_seconds_max * 1000
    age_ms_max = limits.event_age_days_max * DAY_MS
    moments: list[int] = []
    faults: list[str | None] = []
    names = ("occurred_at_ms", "sent_at_ms", "received_at_ms", "is_import")
    rows = zip(*(batch[name].to_list() for name in names), strict=True)
    for occurred, sent, received, is_import in rows:
        moment = received if occurred is None else occurred
        if sent is not None and not is_import and abs(received - sent) > SKEW_MS_MIN:
            moment += received - sent
        is_old = received - moment > age_ms_max and not is_import
        late = "too_late" if is_old or moment < 0 else None
        moments.append(moment)
        faults.append("too_early" if moment - received > ahead_ms_max else late)
    return moments, faults


def text_limits(limits: Limits) -> dict[str, int]:
    """Give the longest text that is kept in each column of text, in characters."""
    return dict.fromkeys(TEXT_COLUMNS, limits.text_chars_max) | {
        "page_title": limits.title_chars_max,
        "exception_stack": limits.stack_chars_max,
    }


def cut_texts(batch: pl.DataFrame, limits: Limits, margin_chars: int) -> list[pl.Series]:
    """Give the columns whose texts change when they are cut so far beyond their limits.

    NUL characters are taken out: nothing that stores text takes them.
    """
    changed = []
    for name, chars_max in text_limits(limits).items():
        if batch[name].null_count() == batch.height:
            continue
        texts, end = batch[name].to_list(), chars_max + margin_chars
        if any(text and (len(text) > end or "\x00" in text) for text in texts):
            cut = [text and text.replace("\x00", "")[:end] for text in texts]
            changed.append(pl.Series(name, cut, pl.String))
    return changed
