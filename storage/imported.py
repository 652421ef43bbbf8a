"""Daily figures that another product counted: replaced day by day, compared with own events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import uuid4

import polars as pl
from clickhouse_connect.driver.client import Client

from storage.warehouse import errors, insert_frame

DAYS_PER_QUERY_MAX = 1_000
"""Days go to the server in lists of so many."""


def replace_days(
    client: Client,
    key: tuple[str, str, str],
    days: Sequence[date],
    frames: Iterable[pl.DataFrame],
) -> int:
    """Replace the figures of (site, source, dimension) on some days as a whole; give their rows.

    Shape of each frame: `storage.schemas.IMPORTED`. A kill in between leaves days without their
    figures, never twice; the same call again puts that right.
    Errors: `Unavailable`; `Refused`.
    """
    site, source, dimension = key
    for start in range(0, len(days), DAYS_PER_QUERY_MAX):
        with errors():
            client.command(
                "DELETE FROM sanaq.imported WHERE site = {site:String} AND source = {source:String}"
                " AND dimension = {dimension:String} AND date IN {days:Array(Date)}",
                parameters={
                    "site": site,
                    "source": source,
                    "dimension": dimension,
                    "days": list(days[start : start + DAYS_PER_QUERY_MAX]),
                },
            )
    written = 0
    for frame in frames:
        insert_frame(client, "imported", frame, f"imported-{uuid4()}")
        written += frame.height
    return written


def count_days_with_events(client: Client, site: str, timezone: str, days: Sequence[date]) -> int:
    """Count the days on which a site has events of its own, in its time zone.

    Errors: `Unavailable`; `Refused`.
    """
    if not days:
        return 0
    sql = (
        "SELECT DISTINCT toDate(occurred_at, {zone:String}) AS day FROM sanaq.events"
        " WHERE site = {site:String} AND day BETWEEN {first:Date} AND {last:Date}"
    )
    asked = {"zone": timezone, "site": site, "first": min(days), "last": max(days)}
    with errors():
        found = client.query(sql, parameters=asked).result_rows
    return len({row[0] for row in found} & set(days))
