"""Sends one request to a recipient and reads what its answer means. Never longer than it may."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import NamedTuple

import httpx

from config.recipients import Recipient
from storage.clock import Clock

DELIVERED, REJECTED = "delivered", "rejected"
"""How a request may end; every other word is a fault after which it is sent again."""

UNREACHABLE, TOO_SLOW, BUSY, FAILING = "unreachable", "too_slow", "busy", "failing"
TURNED_AWAY = "turned_away"
"""Faults: nobody there; no answer in time; told to wait; broken; not let in, or sent elsewhere."""

TURNING_AWAY = frozenset({401, 403, 404, 405, 407, 421})
"""Statuses that an operator can mend: of secret and address, not of the events."""

WAITING = frozenset({408, 425, 429, 503})

ANSWER_BYTES_READ_MAX = 65_536
"""So much of an answer is read, so that the connection can serve again."""

REST_SECONDS_MAX = 1.0
"""How long the rest of an answer is read."""

RETRY_AFTER_SECONDS_MAX = 3_600.0
"""Longest wait that a recipient may ask for."""


class Answer(NamedTuple):
    """What became of a request."""

    word: str
    """`delivered`, `rejected`, or a fault."""
    status: int = 0
    """Status of the answer, 0 where there was none."""
    retry_after_seconds: float = 0.0
    """How long the recipient wants to be left alone."""


class Sender:
    """A way to one recipient; for one thread."""

    def __init__(self, recipient: Recipient, clock: Clock) -> None:
        """Name the recipient; nothing is connected yet."""
        self._clock = clock
        self._url = recipient.url
        self._seconds_max = recipient.limits.answer_seconds_max
        self._runner = asyncio.Runner()
        self._client: httpx.AsyncClient | None = None

    def post(self, body: bytes, headers: dict[str, str], parameters: dict[str, str]) -> Answer:
        """Send a body; answered or not, this ends in time."""
        return self._runner.run(self._post(body, headers, parameters))

    def close(self) -> None:
        """End the connections."""
        client, self._client = self._client, None
        if client is not None:
            self._runner.run(client.aclose())
        self._runner.close()

    async def _post(
        self, body: bytes, headers: dict[str, str], parameters: dict[str, str]
    ) -> Answer:
        if self._client is None:
            # Neither proxies of the environment nor redirects: an address is where it says.
            # No cookies: a recipient could fill memory with them, and every request of ours.
            self._client = httpx.AsyncClient(
                trust_env=False,
                follow_redirects=False,
                timeout=self._seconds_max,
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            )
        url = httpx.URL(self._url).copy_merge_params(parameters)
        sent = {"content-type": "application/json", "user-agent": "sanaq"} | headers
        try:
            async with (
                asyncio.timeout(self._seconds_max),
                self._client.stream("POST", url, content=body, headers=sent) as response,
            ):
                asked = response.headers.get("retry-after", "")
                answer = judge(response.status_code, asked, self._clock())
                await _drain(response)
                return answer
        except (TimeoutError, httpx.TimeoutException):
            return Answer(TOO_SLOW)
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            return Answer(UNREACHABLE)


async def _drain(response: httpx.Response) -> None:
    """Read the rest of an answer, so that the connection can serve again; no part of it counts."""
    read = 0
    with suppress(TimeoutError, httpx.HTTPError, OSError):
        async with asyncio.timeout(REST_SECONDS_MAX):
            async for piece in response.aiter_raw():
                read += len(piece)
                if read > ANSWER_BYTES_READ_MAX:
                    return


def judge(status: int, retry_after: str, now: datetime) -> Answer:
    """Give what an answer means. Shape: `retry_after` is the header's value, '' without."""
    if 200 <= status < 300:
        return Answer(DELIVERED, status)
    wait = read_retry_after(retry_after, now)
    if status in WAITING:
        return Answer(BUSY, status, wait)
    if status in TURNING_AWAY or 300 <= status < 400:
        return Answer(TURNED_AWAY, status, wait)
    if 400 <= status < 500:
        return Answer(REJECTED, status)
    return Answer(FAILING, status, wait)


def read_retry_after(text: str, now: datetime) -> float:
    """Give the seconds that a `Retry-After` asks for, 0 where it says nothing that can be read."""
    if text.strip().isdecimal():
        return min(float(text), RETRY_AFTER_SECONDS_MAX)
    try:
        moment = parsedate_to_datetime(text)
        if moment.tzinfo is None:
            return 0.0
        seconds = (moment.astimezone(UTC) - now).total_seconds()
    except (ValueError, OverflowError):
        return 0.0
    return min(max(seconds, 0.0), RETRY_AFTER_SECONDS_MAX)
