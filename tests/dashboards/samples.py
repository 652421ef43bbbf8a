"""Two weeks of a site's events: random, always the same, with everything that counting gets wrong.

Events at the first and last millisecond of local days, bots, people who refused, subjects that
return on other days from other sources, groups of four and of five visitors.
"""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.dashboards.worlds import ZONE, subject

FIRST, LAST = date(2026, 3, 8), date(2026, 3, 14)
"""The week that is looked at; events also lie in the week before and on the days around both."""

HOSTS = ("soq.example", "www.soq.example")
PATHS = ("/", "/ads/horses", "/ads/dombra", "/search", "/объявления/юрты")
SOURCES = (
    {"referrer_host": ""},
    {"referrer_host": "www.google.com"},
    {"referrer_host": "google.com"},
    {"referrer_host": "t.me"},
    {"referrer_host": "news.example", "campaign_source": "mail", "campaign_name": "nauryz"},
    {"referrer_host": "", "campaign_source": "google.com", "campaign_name": "spring"},
)
PLACES = ("KZ", "KZ", "KZ", "RU", "KG", "")
CLIENTS = (
    {"device_type": "mobile", "browser": "Chrome Mobile", "os": "Android"},
    {"device_type": "desktop", "browser": "Firefox", "os": "Linux"},
    {"device_type": "", "browser": "", "os": ""},
)
NAMES = ("page_view", "page_view", "screen_view", "search", "deal")


def make_rows(seed: int = 1) -> list[dict[str, Any]]:
    """All events of the sample site."""
    rng = random.Random(seed)
    rows = [_visit(rng, number) for number in range(1, 60) for _ in range(rng.randint(1, 9))]
    rows += _edges() + _small_groups()
    rows += [{**_anything(rng), "is_bot": True, "subject_id": subject(900)} for _ in range(31)]
    rows += [_anything(rng) for _ in range(23)]
    return rows


def local(day: date, at: time) -> datetime:
    """A moment of the site's local time, in UTC."""
    return datetime.combine(day, at, ZoneInfo(ZONE)).astimezone(UTC)


def _anything(rng: random.Random) -> dict[str, Any]:
    """An event of nobody, at any time of sixteen days."""
    seconds = rng.randrange(16 * 86_400)
    return {
        "occurred_at": local(FIRST, time()) + timedelta(seconds=seconds - 8 * 86_400),
        "event_name": rng.choice(NAMES),
        "page_host": rng.choice(HOSTS),
        "page_path": rng.choice(PATHS),
        "country": rng.choice(PLACES),
        **rng.choice(SOURCES),
        **rng.choice(CLIENTS),
    }


def _visit(rng: random.Random, number: int) -> dict[str, Any]:
    return {**_anything(rng), "subject_id": subject(number)}


def _edges() -> list[dict[str, Any]]:
    """Events at the first and last milliseconds inside and outside the week."""
    last_moment = time(23, 59, 59, 999_000)
    moments = [
        local(FIRST, time()),
        local(LAST, last_moment),
        local(FIRST - timedelta(days=1), last_moment),
        local(LAST + timedelta(days=1), time()),
        local(FIRST - timedelta(days=7), time()),
    ]
    return [
        {"occurred_at": moment, "subject_id": subject(800 + place), "page_path": "/edge"}
        for place, moment in enumerate(moments)
    ]


def _small_groups() -> list[dict[str, Any]]:
    """Two countries and pages of four visitors and one of five."""
    noon = local(FIRST, time(12))
    groups = [("MN", 4, "/four"), ("GE", 4, "/also-four"), ("UZ", 5, "/five")]
    return [
        {
            "occurred_at": noon,
            "subject_id": subject(700 + 10 * place + number),
            "country": country,
            "page_path": path,
        }
        for place, (country, size, path) in enumerate(groups)
        for number in range(size)
    ]
