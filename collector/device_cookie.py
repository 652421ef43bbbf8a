"""The first-party cookie: a device id for pages on the collector's own origin, set with permission.

Off unless the policy gives it a life. A request from the same origin that brings no device id gets
one on trial; only where the gate has kept it is the cookie set, for a life that visits do not
prolong, and where the person refused it is taken away. Scripts cannot read it, no other site's
pages make the browser send it, and it goes to the collector's own path alone, since no path is
given. Source: RFC 6265 5.1.4 (default path), 5.2; Fetch Metadata (`Sec-Fetch-Site`, which no
script can set).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import uuid4

import polars as pl

from collector.identifiers import canonical_id, read_uuid
from collector.raw_event import Decoded, RawEvent
from collector.verdicts import Became, Verdict
from storage.schemas import NO_ID

NAME = "sanaq_device"

PURPOSE = "analytics"
"""The purpose that a device id is kept for."""

REFUSED = f"{PURPOSE}=!"
"""How a decision begins that denies it."""

ATTRIBUTES = "Secure; HttpOnly; SameSite=Strict"

SECONDS_PER_DAY = 86_400


class DeviceCookie(NamedTuple):
    """The cookie of one request: brought along, or on trial."""

    value: str
    """The device id, a UUID. Memory only, but for the person's own browser."""
    is_new: bool
    """True where the request brought none."""
    days: int
    """How long a new one lives."""

    @classmethod
    def of(cls, headers: Mapping[str, str], days: int) -> DeviceCookie | None:
        """Give the cookie of a request, None where none is used: switched off, or not first-party.

        Shape: lower-case header names.
        """
        if not days or headers.get("sec-fetch-site") != "same-origin":
            return None
        brought = read_uuid(_read_cookie(headers.get("cookie", "")))
        if brought is not None and canonical_id(brought) is not None:
            return cls(brought, is_new=False, days=days)
        return cls(str(uuid4()), is_new=True, days=days)

    def lend(self, decoded: Decoded) -> None:
        """Give the device id to the events that bring none of their own."""
        decoded.cookie = self.value
        for event in decoded.events:
            if event._device is None:
                event._device = self.value

    def answer(self, became: Became) -> str | None:
        """Give the `Set-Cookie` header that follows from what became of its id, if any."""
        if became == "kept" and self.is_new:
            return f"{NAME}={self.value}; Max-Age={self.days * SECONDS_PER_DAY}; {ATTRIBUTES}"
        if became == "refused" and not self.is_new:
            return f"{NAME}=; Max-Age=0; {ATTRIBUTES}"
        return None


def judge_cookies(
    frame: pl.DataFrame,
    events: Sequence[RawEvent],
    owners: Sequence[tuple[int, int]],
    cookies: Sequence[str],
    verdicts: Sequence[Verdict],
) -> None:
    """Write into each request's verdict whether its cookie's device id was kept or refused.

    Shape: `frame` is right of the line; `owners` gives the request of each of `events`, `cookies`
    that request's device id, '' for none. One event that refuses speaks for its request; what
    was neither kept nor refused changes nothing.
    """
    if not any(cookies):
        return
    columns = (frame[name].to_list() for name in ("row", "device_id", "decided_by"))
    for row, device_id, decided_by in zip(*columns, strict=True):
        number = owners[row][0]
        if not cookies[number] or verdicts[number].cookie == "refused":
            continue
        if any(one.startswith(REFUSED) for one in decided_by):
            verdicts[number].cookie = "refused"
        elif device_id != NO_ID and events[row]._device == cookies[number]:
            verdicts[number].cookie = "kept"


def _read_cookie(header: str) -> str:
    """Give the cookie's value, '' where it is not there; of two the first."""
    for pair in header.split(";"):
        name, _, value = pair.partition("=")
        if name.strip() == NAME:
            return value.strip()
    return ""
