"""Sample visitors of a classifieds service in Kazakhstan, for the demonstration. All are invented.

Drawn from a fixed seed, so that a repeated demonstration sends the same events and doubles none.
Addresses are network addresses (they end in .0), which no device has.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple
from uuid import UUID

SEED = 20_261_122
DEVICES = 4_200
"""Devices that appear; four in five consent."""

VISITS_A_DAY = 760

CITIES = {"almaty": 34, "astana": 25, "shymkent": 12, "karaganda": 8, "aktobe": 6, "pavlodar": 4}
CATEGORIES = {"cars": 30, "flats": 26, "phones": 14, "jobs": 10, "services": 8, "houses": 7,
              "horses": 3, "computers": 2}  # fmt: skip
SOURCES = {
    "": 38,
    "https://www.google.com/": 27,
    "https://yandex.kz/": 11,
    "https://www.instagram.com/": 9,
    "https://t.me/": 6,
    "https://2gis.kz/almaty": 4,
    "https://www.facebook.com/": 3,
    "https://news.example/auto": 2,
}
CAMPAIGNS = {"": 82, "?utm_source=mail&utm_medium=email&utm_campaign=autumn": 8,
             "?utm_source=instagram&utm_medium=social&utm_campaign=cars": 10}  # fmt: skip
AGENTS = {
    "Mozilla/5.0 (Linux; Android 14; SM-A536B) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Mobile Safari/537.36": 36,
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like"
    " Gecko) Version/18.5 Mobile/15E148 Safari/604.1": 24,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/142.0.0.0 Safari/537.36": 22,
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
    " Version/18.5 Safari/605.1.15": 6,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:144.0) Gecko/20100101 Firefox/144.0": 5,
    "Mozilla/5.0 (Linux; Android 13; SM-X200) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/141.0.0.0 Safari/537.36": 4,
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)": 3,
}
NETWORKS = {"89.218.7.0": 40, "2.72.16.0": 25, "37.150.24.0": 20, "77.88.8.0": 9, "8.8.8.0": 6}
"""Networks in Kazakhstan, Russia and the United States."""

QUERIES = ["toyota camry 70", "2 комнатная квартира", "iphone 15", "пәтер жалға", "диван",
           "работа водитель", "жылқы", "ноутбук"]  # fmt: skip


class Visitor(NamedTuple):
    """One device and what is typical of it."""

    device: str
    agent: str
    address: str
    city: str
    category: str
    consents: bool


def sample_events(first: date, now: datetime) -> Iterator[dict[str, Any]]:
    """Give native events of sample visitors from a day on until now.

    Every day is drawn from its own seed, whole, and cut at `now`: a later call gives the same
    events and those that have happened since.
    Shape: dictionaries of the native API's form, each with its own consent and context.
    """
    draw = Random(SEED)
    visitors = [_draw_visitor(draw, number) for number in range(DEVICES)]
    for number in range((now.date() - first).days + 1):
        day = first + timedelta(days=number)
        draw = Random(f"{SEED} {day}")
        visits = round(
            VISITS_A_DAY * (0.75 if day.weekday() >= 5 else 1) * draw.uniform(0.93, 1.07)
        )
        for visitor in draw.choices(visitors, k=visits):
            yield from _visit(draw, visitor, _draw_moment(draw, day), now)


def _draw_visitor(draw: Random, number: int) -> Visitor:
    """Draw one visitor."""
    return Visitor(
        device=_uuid(draw),
        agent=_pick(draw, AGENTS),
        address=_pick(draw, NETWORKS),
        city=_pick(draw, CITIES),
        category=_pick(draw, CATEGORIES),
        consents=number % 5 != 0,
    )


def _draw_moment(draw: Random, day: date) -> datetime:
    """Draw a moment of a day: evenings are busy, nights are not."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    while True:
        moment = midnight + timedelta(seconds=draw.randrange(86_400))
        local_hour = (moment + timedelta(hours=5)).hour
        if draw.random() < 0.55 + 0.45 * math.sin((local_hour - 8) / 24 * 2 * math.pi):
            return moment


def _visit(draw: Random, visitor: Visitor, at: datetime, now: datetime) -> Iterator[dict[str, Any]]:
    """Give the events of one visit: arrive, search, look at listings, perhaps act."""
    session = _uuid(draw)
    referrer, campaign = _pick(draw, SOURCES), _pick(draw, CAMPAIGNS)
    steps: list[tuple[str, str, dict[str, Any]]] = [("page_view", "/" + campaign, {})]
    if draw.random() < 0.6:
        query = draw.choice(QUERIES)
        steps.append(("search", "/search", {"query": query, "results": draw.randint(3, 900)}))
    for _ in range(draw.randint(1, 4)):
        category = visitor.category if draw.random() < 0.8 else _pick(draw, CATEGORIES)
        steps.append(("page_view", f"/{category}/{visitor.city}", {}))
        seen = {"category": category, "city": visitor.city, "price": draw.randint(5, 900) * 1000}
        steps.append(("listing_view", f"/{category}/{draw.randint(10_000, 99_999)}", seen))
    if draw.random() < 0.08:
        steps.append(("chat_open", "/chat", {}))
    if draw.random() < 0.03:
        steps.append(("listing_publish", "/publish", {"category": visitor.category}))
    for name, path, properties in steps:
        event = _event(draw, visitor, session, at, name, path, referrer, properties)
        if at < now:
            yield event
        referrer = "https://soq.example/"
        at += timedelta(seconds=draw.randint(4, 90))


def _event(
    draw: Random,
    visitor: Visitor,
    session: str,
    at: datetime,
    name: str,
    path: str,
    referrer: str,
    properties: dict[str, Any],
) -> dict[str, Any]:
    """Give one event in the native form."""
    said = {"analytics": True, "partner_sharing": True, "advertising": False}
    return {
        "event_id": _uuid(draw),
        "name": name,
        "occurred_at": at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "device": visitor.device,
        "session": session,
        "page": {"url": f"https://soq.example{path}", "referrer": referrer},
        "properties": properties,
        "consent": {"purposes": said, "method": "checkbox"} if visitor.consents else {},
        "context": {"ip": visitor.address, "user_agent": visitor.agent, "locale": "ru-KZ"},
    }


def _pick(draw: Random, weights: dict[str, int]) -> str:
    return draw.choices(list(weights), list(weights.values()))[0]


def _uuid(draw: Random) -> str:
    return str(UUID(int=draw.getrandbits(128), version=4))
