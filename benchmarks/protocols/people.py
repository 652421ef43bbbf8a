"""Who does what in the bodies: the same visitors and the same listing for every protocol."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

import msgspec

SITE = "soq"
MOMENT = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
"""When the first event happens; a second passes between two."""

RECEIVED_AT = MOMENT + timedelta(hours=2)
"""When all of them are received."""

AGENT = (
    "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/153.0.0.0 Mobile Safari/537.36"
)
LOCALE, ZONE = "kk-KZ", "Asia/Almaty"
WIDTH, HEIGHT = 1_080, 2_400
NAME = "listing_view"
"""An event that the shipped catalogue declares."""

EVENTS_PER_VISITOR = 5


class Visit(NamedTuple):
    """What happened, by number: a visitor looks at a listing."""

    number: int

    @property
    def person(self) -> str:
        """Id that the site gave its user."""
        return f"u-{10_000 + self.number // EVENTS_PER_VISITOR}"

    @property
    def device(self) -> str:
        """Id that an SDK gave the device."""
        return _uuid(f"device/{self.number // EVENTS_PER_VISITOR}")

    @property
    def session(self) -> str:
        """Id that an SDK gave the visit."""
        return _uuid(f"session/{self.number // EVENTS_PER_VISITOR}")

    @property
    def event_id(self) -> str:
        """Id of the event."""
        return _uuid(f"event/{self.number}")

    @property
    def page_view(self) -> str:
        """Id that an SDK gave the view of the page."""
        return _uuid(f"page/{self.number}")

    @property
    def moment(self) -> datetime:
        """When it happened."""
        return MOMENT + timedelta(seconds=self.number)

    @property
    def iso(self) -> str:
        """Likewise, as text."""
        return self.moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    @property
    def unix_ms(self) -> int:
        """Likewise, in milliseconds since 1970."""
        return round(self.moment.timestamp() * 1000)

    @property
    def path(self) -> str:
        """Path of the page."""
        return f"/horses/{self.number % 97}"

    @property
    def url(self) -> str:
        """Address of the page."""
        return f"https://soq.example{self.path}?utm_source=mail&utm_campaign=autumn"

    @property
    def referrer(self) -> str:
        """Where the visitor came from."""
        return "https://search.example/results"

    @property
    def title(self) -> str:
        """Title of the page."""
        return f"A bay horse, number {self.number % 97}"

    @property
    def properties(self) -> dict[str, Any]:
        """What the site tells of the event."""
        return {
            "category": "horses",
            "city": "almaty",
            "position": self.number % 20,
            "price": 250_000 + self.number % 1_000,
            "is_new": self.number % 3 == 0,
        }


def visits(first: int, count: int) -> list[Visit]:
    """Give so many visits from a number on."""
    return [Visit(number) for number in range(first, first + count)]


def to_json(value: object) -> bytes:
    """Give a value as JSON."""
    return msgspec.json.encode(value)


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, name))
