"""Permission first: policy x signals x records -> the purposes of each event; the rest is null."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from typing import NamedTuple

import polars as pl

from collector.consent.bits import purpose_bits
from collector.consent.recorded import IdColumn, Recorded
from collector.consent.resolution import Decision
from collector.context import Context
from collector.frames import DECODED, change, keep, to_lists
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
        "is_cut",
        "event_name",
        "occurred_at_ms",
        "sent_at_ms",
        "received_at_ms",
        "signals",
        "_event_id",
        "_address",
        "_user_agent",
        "_client_hints",
        "_other_ids",
    ]
)
"""Decoded columns that carry no field of the person's, or end before anything is kept."""

GOVERNED = {name: KEPT_AS.get(name, name) for name in DECODED if name not in UNGOVERNED}
"""Decoded columns that need their purpose's permission."""

SENT_IDS = ("_person", "_device", "_advertising_id", "_session")
"""Identifiers as sent; they end at pseudonymise, and must not recur in the event's text."""

LOOKED_FOR = (*SENT_IDS, "_other_ids")
"""All that must not recur there: those that no digest is made of, too."""

UNDECLARED_PURPOSE = "analytics"
"""Purpose of events that no file declares (contract, Native API)."""


LEDGER_IDS = ("_person", "_device", "_advertising_id", "_other_ids")
"""Identifiers that consent may be recorded for; other ids may be anyone's, and only forbid."""

REFUSED, WITHDRAWN, MISSING = "consent_refused", "consent_withdrawn", "consent_missing"


class _Terms(NamedTuple):
    """What an event type needs, and what becomes of it otherwise."""

    purpose_bit: int
    otherwise: str
    """refuse, count or visit."""


@stage(
    needs=["site", "table", "event_name", "signals", "_other_ids", *GOVERNED],
    adds={
        "purposes": pl.List(pl.String),
        "policy_version": pl.String,
        "decided_by": pl.List(pl.String),
        PERMITTED: pl.UInt16,
        "may_visit": pl.Boolean,
        "_sent_ids": pl.String,
    },
    drops=["signals", "_other_ids"],
    rejects=[REFUSED, WITHDRAWN, MISSING],
)
def gate(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Decide the permitted purposes of each event and blank every column without permission.

    Who wins is told in `collector.consent.resolution`. An event whose type's purpose is not
    permitted is refused, counted without a subject, or counted as a visit, as its type says; a
    visit only where the purpose was not refused outright. Where the ledger of consent is too old
    to be relied on, no id is kept. Unknown denies.
    """
    ids = [batch[name].to_list() for name in LEDGER_IDS]
    recorded = context.records_of(batch["site"].to_list(), *ids)
    rows = zip(batch["site"].to_list(), batch["signals"].to_list(), recorded, strict=True)
    decisions = [context.decide(*row) for row in rows]
    permitted = [decision.permitted for decision in decisions]
    may_visit, reasons = _apply_types(batch, context, decisions)
    unsure = _unsure_rows(recorded, ids)
    if unsure:
        may_visit = [may and not doubt for may, doubt in zip(may_visit, unsure, strict=True)]
    version = pl.Series("policy_version", [context.policy.version], pl.String)
    decided = [
        pl.Series(PERMITTED, permitted, pl.UInt16),
        pl.Series("may_visit", may_visit, pl.Boolean),
        _names(permitted, context.policy),
        version.new_from_index(0, batch.height),
        to_lists("decided_by", [decision.decided_by for decision in decisions]),
        _sent_ids(batch),
        reject(reasons),
        *_without_ids(batch, unsure),
    ]
    batch = change(batch, decided, drops=["signals", "_other_ids"])
    return blank_unpermitted(batch, context.policy, GOVERNED)


def _apply_types(
    batch: pl.DataFrame, context: Context, decisions: Sequence[Decision]
) -> tuple[list[bool], list[str | None]]:
    """Give whether each event may be counted as a visit, and why it is refused, if it is."""
    bits = purpose_bits(tuple(context.policy.purposes))
    terms_of = cache(partial(_terms_of_type, context=context, bits=bits))
    may_visit: list[bool] = []
    reasons: list[str | None] = []
    counted = context.policy.visits.counted
    types = zip(batch["table"].to_list(), batch["event_name"].to_list(), decisions, strict=True)
    for table, name, decision in types:
        needed, otherwise = terms_of(table, name)
        lacks = not decision.permitted & needed
        is_visit = not decision.refused & needed and (not lacks or otherwise == "visit")
        may_visit.append(counted and is_visit)
        reasons.append(_reason(decision, needed) if lacks and otherwise == "refuse" else None)
    return may_visit, reasons


def _reason(decision: Decision, needed: int) -> str:
    """Give why an event is refused: by record, by a signal, or because nobody allowed it."""
    if decision.recorded & needed:
        return WITHDRAWN
    return REFUSED if decision.refused & needed else MISSING


def _unsure_rows(recorded: Sequence[Recorded], ids: Sequence[IdColumn]) -> list[bool]:
    """Tell of which rows the ids cannot be looked up now; nothing where all can.

    Whoever sent them may have forbidden even a visit.
    """
    if not any(one.stale for one in recorded):
        return []
    return [one.stale and any(of_row) for one, *of_row in zip(recorded, *ids, strict=True)]


def _without_ids(batch: pl.DataFrame, unsure: list[bool]) -> list[pl.Series]:
    """Give the columns of ids with those of doubtful rows taken out."""
    if not unsure:
        return []
    sure = pl.Series([not doubt for doubt in unsure])
    return [keep(batch[name], sure, None) for name in SENT_IDS]


def _sent_ids(batch: pl.DataFrame) -> pl.Series:
    """Give all identifiers that were sent, permitted or not, so that scrubbing can find them."""
    rows = zip(*(batch[name].to_list() for name in LOOKED_FOR), strict=True)
    joined = [SEPARATOR.join([one for one in row if one is not None]) for row in rows]
    return pl.Series("_sent_ids", joined, pl.String)


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
