"""The sender's browser, system and device; bots told apart."""

from __future__ import annotations

import polars as pl

from collector.context import Context
from collector.frames import change
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
    names = ("_user_agent", "_client_hints", "device_model")
    agents, hints, stated = (batch[name].to_list() for name in names)
    told = [
        context.client_of(agent or "", hint or "")
        for agent, hint in zip(agents, hints, strict=True)
    ]
    models = [
        client.device_model if model is None else model
        for model, client in zip(stated, told, strict=True)
    ]
    columns = [pl.Series(name, [getattr(one, name) for one in told], pl.String) for name in TEXTS]
    columns.append(pl.Series("is_bot", [one.is_bot for one in told], pl.Boolean))
    columns.append(pl.Series("device_model", models, pl.String))
    return change(batch, columns, drops=["_client_hints"])
