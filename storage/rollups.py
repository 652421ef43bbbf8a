"""The hourly table that analysts' SQL sees, brought up to date day by day.

Promises whole days: a day is computed anew from the events and takes the old one's place in one
step, so that corrections, late events and erasures show and nothing is counted twice. One process
at a time may do this (the loader does).
"""

from __future__ import annotations

from datetime import date, datetime

from clickhouse_connect.driver.client import Client

from storage.migrations import TABLES_DIR
from storage.warehouse import errors

SUBJECTS_MIN = 5
"""Fewest subjects of a cell that is shown. Keeps accidents away; it is no claim of anonymity."""


def refresh_hourly(client: Client, since: datetime) -> list[date]:
    """Compute anew all UTC days that have events received since a moment; give the days.

    Errors: `Unavailable`; `Refused`. The days that were done stay done.
    """
    sql = (
        "SELECT DISTINCT toDate(occurred_at) AS day FROM sanaq.events "
        "WHERE received_at >= {since:DateTime64(3, 'UTC')} ORDER BY day"
    )
    with errors():
        days = [row[0] for row in client.query(sql, parameters={"since": since}).result_rows]
    for day in days:
        refresh_day(client, day)
    return days


def refresh_day(client: Client, day: date) -> None:
    """Compute one UTC day anew, as after an erasure.

    Errors: `Unavailable`; `Refused`.
    """
    statement = (TABLES_DIR / "hourly_day.sql").read_text()
    partition = f"{day:%Y%m%d}"
    with errors():
        client.command("TRUNCATE TABLE sanaq_analyst.hourly_next")
        client.command(statement, parameters={"day": day, "floor": SUBJECTS_MIN})
        rows = client.query("SELECT count() FROM sanaq_analyst.hourly_next").result_rows[0][0]
        # A replacement by nothing is refused, so that a day without cells is dropped by name.
        change = f"REPLACE PARTITION {partition} FROM sanaq_analyst.hourly_next"
        change = change if rows else f"DROP PARTITION {partition}"
        client.command(f"ALTER TABLE sanaq_analyst.hourly {change}")
