"""Undeclared event names, counted as they would be kept: only so many a site."""

from __future__ import annotations

import polars as pl

from collector.context import Context
from collector.frames import change
from collector.pipeline import reject, stage


@stage(
    needs=["site", "event_name", "remarks"],
    adds={"is_admitted": pl.Boolean},
    rejects=["names_exceeded"],
)
def admit(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Reject events whose undeclared name is one too many for their site.

    After scrubbing, which writes `remarks`: a name that holds an identifier would be another for
    each person. `is_admitted` says to the next stages that this one was not left out.
    """
    pairs = list(zip(batch["site"].to_list(), batch["event_name"].to_list(), strict=True))
    undeclared: dict[str, dict[str, None]] = {}
    for site, name in pairs:
        if context.catalogue.get(name) is None:
            undeclared.setdefault(site, {})[name] = None
    admitted = {site: context.admit_names(site, names) for site, names in undeclared.items()}
    reasons = [
        None if name not in undeclared.get(site, ()) or name in admitted[site] else "names_exceeded"
        for site, name in pairs
    ]
    passed = pl.Series("is_admitted", [reason is None for reason in reasons], pl.Boolean)
    return change(batch, [passed, reject(reasons)])
