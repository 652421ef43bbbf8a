"""The sender's browser, system and device; bots told apart."""

from __future__ import annotations

import polars as pl

from collector.context import Context
from collector.pipeline import stage

TEXTS = ("browser", "browser_version", "os", "os_version", "device_type")


@stage(
    needs=["_user_agent", "_client_hints", "device_model"],
    adds=dict.fromkeys(TEXTS, pl.String) | {"is_bot": pl.Boolean},
    drops=["_client_hints"],
)
def identify_client(batch: pl.DataFrame, context: Context) -> pl.DataFrame:
    """Read user agent and client hints into declared columns; the raw strings are not kept.

    A model that the app itself stated stands before the one that its user agent tells.
    """
    told = [
        context.client_of(agent or "", hints or "")
        for agent, hints in zip(batch["_user_agent"], batch["_client_hints"], strict=True)
    ]
    columns = [pl.Series(name, [getattr(one, name) for one in told], pl.String) for name in TEXTS]
    models = pl.Series("told_model", [one.device_model for one in told], pl.String)
    return batch.drop("_client_hints").with_columns(
        *columns,
        pl.Series("is_bot", [one.is_bot for one in told], pl.Boolean),
        pl.coalesce("device_model", models).alias("device_model"),
    )
