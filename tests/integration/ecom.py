"""Turns the shop's rows into native events, one JSON object a line, as an operator would."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

CONSENT = {"purposes": {"analytics": True}, "method": "checkbox", "policy_version": "2026-11"}
"""The shop's people agreed to be counted; without that no person would be kept."""

PROPERTIES = {
    "platform": "platform",
    "acquisition_channel": "channel",
    "user_cohort": "cohort",
    "user_lifecycle": "lifecycle",
}
"""Column -> property."""


def to_native(rows: Path, events: Path) -> None:
    """Write an event a row, packed, in the order of the rows.

    The rows have no ids of their own and some are equal, as in most exports.
    """
    with gzip.open(rows, "rt", newline="") as source, gzip.open(events, "wt") as target:
        for row in csv.DictReader(source):
            event = {
                # The name is the shop's; our catalogue means something else by some of them.
                "name": f"shop_{row['event']}",
                "occurred_at": f"{row['timestamp'].replace(' ', 'T')}Z",
                "person": row["user_id"],
                "session": row["session_id"],
                "consent": CONSENT,
                "properties": {name: row[column] for column, name in PROPERTIES.items()},
            }
            target.write(json.dumps(event) + "\n")
