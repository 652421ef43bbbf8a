"""Permission first: policy x signals -> the purposes of each event; the rest becomes null."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import NamedTuple

import polars as pl

from collector.consent.bits import purpose_bits, to_bits
from collector.context import Context
from collector.frames import DECODED, change, to_lists
from collector.own_ids import SEPARATOR
from collector.pipeline import reject, stage
from collector.stages.permission import PERMITTED, blank_unpermitted
from config.policy import Policy

KEPT_AS = {
    "_person": "person_id",
    "_device": "device_id",
    "_advertising_id": "advertising_id",
    "_session": "session_id",
    "_properties": "properties",
}
"""Decoded column -> the at-rest column it becomes, where the names differ."""

UNGOVERNED = frozenset(
    [
        "row",
        "site",
        "table",
        "protocol",
        "sdk",
        "source",
        "basis",
        "is_import",
        "event_name",
        "occurred_at_ms",
        "sent_at_ms",
        "received_at_ms",
        "granted",
        "refused",
        "_event_id",
        "_address",
        "_user_agent",
        "_client_hints",
    ]
)
"""Decoded columns that carry no field of the person's, or end before anything is kept."""

GOVERNED = {name: KEPT_AS.get(name, name) for name in DECODED if name not in UNGOVERNED}
"""Decoded columns that need their purpose's permission."""

SENT_IDS = ("_person", "_device", "_advertising_id", "_session")
"""Identifiers as sent; they end at pseudonymise, and must not recur in the event's text."""

UNDECLARED_PURPOSE = "analytics"
"""Purpose of events that no file declares (contract, Native API)."""


DECIDED_BY = ("site", "table", "event_name", "granted", "refused")
"""Columns that the permission of an event depends on."""


class _Terms(NamedTuple):
    """What an event type needs, and what becomes of it otherwise."""

    purpose_bit: int
    otherwise: str
    """refuse, count or visit."""


@stage(
    needs=["site", "table", "event_name", "granted", "refused", *GOVERNED],
    adds={
        "purposes": pl.List(pl.String),
        "policy_version": pl.String,
        PERMITTED: pl.UInt16,
        "may_visit": pl.Boolean,
        "_sent_ids": pl.String,
    },
    drops=["granted", "refused"],
    rejects=["consent_refused"],
)
def gate(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Decide the permitted purposes of each event and blank every column without permission.

    permitted = (granted | purposes on another basis than consent) without what was refused and
    may be refused. An event whose type's purpose is not permitted is refused, counted without a
    subject, or counted as a visit, as its type says; a visit only where the purpose was not
    refused outright. Unknown denies.
    """
    permitted, may_visit, reasons = _decide(batch, context)
    version = pl.Series("policy_version", [context.policy.version], pl.String)
    decided = [
        pl.Series(PERMITTED, permitted, pl.UInt16),
        pl.Series("may_visit", may_visit, pl.Boolean),
        _names(permitted, context.policy),
        version.new_from_index(0, batch.height),
        _sent_ids(batch),
        reject(reasons),
    ]
    batch = change(batch, decided, drops=["granted", "refused"])
    return blank_unpermitted(batch, context.policy, GOVERNED)


def _decide(
    batch: pl.DataFrame, context: Context
) -> tuple[list[int], list[bool], list[str | None]]:
    """Give each event's permitted purposes as bits, whether it may be a visit, and its refusal."""
    masks_of = cache(partial(_site_masks, context.policy))
    bits = purpose_bits(tuple(context.policy.purposes))
    terms_of = cache(partial(_terms_of_type, context=context, bits=bits))
    columns = [batch[name].to_list() for name in DECIDED_BY]
    permitted, may_visit = [], []
    reasons: list[str | None] = []
    for site, table, name, granted, refused in zip(*columns, strict=True):
        held, refusable = masks_of(site)
        needed, otherwise = terms_of(table, name)
        may = (granted | held) & ~(refused & refusable)
        lacks = not may & needed
        permitted.append(may)
        is_visit = not refused & needed and (not lacks or otherwise == "visit")
        may_visit.append(context.policy.visits.counted and is_visit)
        reasons.append("consent_refused" if lacks and otherwise == "refuse" else None)
    return permitted, may_visit, reasons


def _sent_ids(batch: pl.DataFrame) -> pl.Series:
    """Give all identifiers that were sent, permitted or not, so that scrubbing can find them."""
    rows = zip(*(batch[name].to_list() for name in SENT_IDS), strict=True)
    joined = [SEPARATOR.join([one for one in row if one is not None]) for row in rows]
    return pl.Series("_sent_ids", joined, pl.String)


def _site_masks(policy: Policy, site: str) -> tuple[int, int]:
    """Give the purposes that hold on a site where nothing was said, and those one may refuse."""
    held = to_bits(policy, policy.default_purposes_of(site))
    refusable = to_bits(policy, (p for p in policy.purposes if policy.is_refusable(p, site)))
    return held, refusable


def _terms_of_type(table: str, name: str, context: Context, bits: dict[str, int]) -> _Terms:
    """Give what one event type needs; diagnostics are refused without their purpose."""
    if table == "diagnostics":
        return _Terms(bits["diagnostics"], "refuse")
    declared = context.catalogue.get(name)
    if declared is None:
        return _Terms(bits[UNDECLARED_PURPOSE], "visit")
    return _Terms(bits[declared.purpose], declared.when_not_permitted)


def _names(permitted: Sequence[int], policy: Policy) -> pl.Series:
    """Give the permitted purposes by name, in the policy's order."""
    bits = purpose_bits(tuple(policy.purposes))
    spelled = {held: tuple(n for n, bit in bits.items() if held & bit) for held in set(permitted)}
    return to_lists("purposes", [spelled[held] for held in permitted])
