"""Permission first: policy x signals -> the purposes of each event; the rest becomes null."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

from collector.consent.bits import purpose_bits, to_bits
from collector.context import Context
from collector.frames import DECODED
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
    batch = batch.with_columns(_permitted(batch, context.policy))
    terms = _terms_of(batch, context)
    lacks = (pl.col(PERMITTED) & pl.col("needed")) == 0
    was_refused = (pl.col("refused") & pl.col("needed")) != 0
    batch = batch.with_columns(terms).with_columns(
        may_visit=pl.lit(context.policy.visits.counted)
        & ~was_refused
        & (~lacks | (pl.col("otherwise") == "visit")),
        purposes=_names(batch[PERMITTED], context.policy),
        policy_version=pl.lit(context.policy.version),
    )
    batch = reject(batch, lacks & (pl.col("otherwise") == "refuse"), "consent_refused")
    batch = batch.with_columns(_sent_ids()).drop("granted", "refused", "needed", "otherwise")
    return blank_unpermitted(batch, context.policy, GOVERNED)


def _sent_ids() -> pl.Expr:
    """Give all identifiers that were sent, permitted or not, so that scrubbing can find them."""
    sent = pl.concat_str(SENT_IDS, separator=SEPARATOR, ignore_nulls=True)
    return sent.alias("_sent_ids")


def _permitted(batch: pl.DataFrame, policy: Policy) -> pl.Series:
    """Give the permitted purposes of each row as bits."""
    masks = {site: _site_masks(policy, site) for site in batch["site"].unique().to_list()}
    permitted = []
    for site, granted, refused in batch.select("site", "granted", "refused").iter_rows():
        held, refusable = masks[site]
        permitted.append((granted | held) & ~(refused & refusable))
    return pl.Series(PERMITTED, permitted, pl.UInt16)


def _site_masks(policy: Policy, site: str) -> tuple[int, int]:
    """Give the purposes that hold on a site where nothing was said, and those one may refuse."""
    held = to_bits(policy, policy.default_purposes_of(site))
    refusable = to_bits(policy, (p for p in policy.purposes if policy.is_refusable(p, site)))
    return held, refusable


def _terms_of(batch: pl.DataFrame, context: Context) -> list[pl.Series]:
    """Give each row the purpose its event type needs, and what becomes of it without."""
    bits = purpose_bits(tuple(context.policy.purposes))
    needed, otherwise = [], []
    for table, name in zip(batch["table"], batch["event_name"], strict=True):
        terms = _terms_of_type(table, name, context, bits)
        needed.append(terms.purpose_bit)
        otherwise.append(terms.otherwise)
    return [
        pl.Series("needed", needed, pl.UInt16),
        pl.Series("otherwise", otherwise, pl.String),
    ]


def _terms_of_type(table: str, name: str, context: Context, bits: dict[str, int]) -> _Terms:
    """Give what one event type needs; diagnostics are refused without their purpose."""
    if table == "diagnostics":
        return _Terms(bits["diagnostics"], "refuse")
    declared = context.catalogue.get(name)
    if declared is None:
        return _Terms(bits[UNDECLARED_PURPOSE], "visit")
    return _Terms(bits[declared.purpose], declared.when_not_permitted)


def _names(permitted: pl.Series, policy: Policy) -> pl.Series:
    """Give the permitted purposes by name, in the policy's order."""
    bits = purpose_bits(tuple(policy.purposes))
    values = permitted.unique().to_list()
    spelled = [[name for name, bit in bits.items() if value & bit] for value in values]
    place_of = {value: place for place, value in enumerate(values)}
    places = [place_of[value] for value in permitted.to_list()]
    return pl.Series("purposes", spelled, pl.List(pl.String)).gather(places)
