"""What is sent: events of the shipped classifieds service, as JSON bodies with room for fresh ids.

The very same bodies go to both servers. Every event that is sent gets an id of its own, so that
none is a duplicate; `ID_ROOM` stands where the load generator puts it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any
from uuid import uuid4

import msgspec

from commands._visitors import SEED, sample_events

ID_ROOM = "@" * 36
"""Stands for an event id in a body, and is as long as one."""

EVENTS_DRAWN = 6_000
"""Distinct events; what is sent repeats them under new ids."""

SAMPLE_DAYS = 3
"""The events lie in so many days before now: within the window in which duplicates are told."""


def draw_events(now: datetime, count: int = EVENTS_DRAWN) -> list[dict[str, Any]]:
    """Give events of many visitors, mixed as a busy service sees them."""
    first_day = (now - timedelta(days=SAMPLE_DAYS)).date()
    events = list(islice(sample_events(first_day, now), count))
    Random(SEED).shuffle(events)
    return [event | {"event_id": ID_ROOM} for event in events]


def make_bodies(
    events: Sequence[dict[str, Any]], events_per_request: int, sent_at: datetime
) -> list[str]:
    """Give bodies of the native API that hold all events, so many in each."""
    moment = sent_at.isoformat(timespec="milliseconds")
    return [
        msgspec.json.encode(
            {"sent_at": moment, "events": events[first : first + events_per_request]}
        ).decode()
        for first in range(0, len(events) - events_per_request + 1, events_per_request)
    ]


def fill_ids(body: str) -> bytes:
    """Give a body as it is sent, every event with an id of its own."""
    pieces = body.split(ID_ROOM)
    filled = "".join(piece + str(uuid4()) for piece in pieces[:-1])
    return (filled + pieces[-1]).encode()
