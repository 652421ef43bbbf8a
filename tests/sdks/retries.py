"""What each vendor's SDK must send, and what is kept, when answers are lost and collectors away."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.sdks.retries_node import NODE
from tests.sdks.retries_page import PAGES
from tests.sdks.retries_python import PYTHON


class Seen(NamedTuple):
    """What came of one event."""

    requests: int
    """Requests that carried it and were answered by a collector."""
    rows: int
    """How often it is stored."""


class Sdk(NamedTuple):
    """One SDK and what it makes of each case."""

    name: str
    """As in docs/sdks.md."""
    path: str
    """How the paths begin that its events go to; `KEY` stands for the key."""
    well: Seen = Seen(1, 1)
    lost: Seen = Seen(2, 1)
    """The collector took the event, and its answer was lost."""
    away: Seen | None = Seen(1, 1)
    """The collector was restarted while the event was sent."""
    full: Seen | None = Seen(2, 1)
    """A collector with a full spool answered 503."""
    nudge: bool = False
    """Whether it sends again what it kept only with the next event."""
    table: str = "events"
    """Where its events are stored."""

    def show(self) -> str:
        """Give its line of the table in docs/sdks.md."""
        seen = (self.well, self.lost, self.away, self.full)
        told = (
            f"{one.requests}, {'once' if one.rows else 'lost'}" if one else "not counted"
            for one in seen
        )
        return f"| {self.name} | {' | '.join(told)} |"

    def expect(self, case: str) -> Seen | None:
        """Give what must be seen in a case; none where it takes its time and is not waited for."""
        return {"well": self.well, "lost": self.lost, "away": self.away, "full": self.full}[case]


GONE = Seen(1, 1)
"""The answer was lost, and it did not ask again: what had arrived is stored."""

MISSED = Seen(0, 0)
"""Nobody listened, and it did not try again."""

TURNED_AWAY = Seen(1, 0)
"""It was told to come again, and did not."""

ASKED_AGAIN = Seen(2, 1)
"""Browsers repeat by themselves what they sent on a kept connection that broke."""

FORGETFUL: dict[str, Any] = {"lost": GONE, "away": MISSED, "full": TURNED_AWAY}

NUDGED: dict[str, Any] = {"nudge": True, "lost": Seen(3, 1), "away": Seen(2, 1), "full": Seen(3, 1)}
"""What was kept comes again, and the next event on its own."""

SENTRY: dict[str, Any] = FORGETFUL | {"table": "diagnostics"}

SDKS = (
    Sdk("Segment, Python", "/v1/batch"),
    Sdk("Segment, Node", "/v1/batch"),
    Sdk("Segment, browser", "/v1/t"),
    Sdk("RudderStack, Python", "/v1/batch"),
    Sdk("RudderStack, Node", "/v1/batch"),
    Sdk("RudderStack, browser", "/v1/track", away=None, full=None),
    Sdk("Sentry, Python", "/api/1/envelope/", **SENTRY),
    Sdk("Sentry, Node", "/api/1/envelope/", **SENTRY),
    Sdk("Sentry, browser", "/api/1/envelope/", **(SENTRY | {"lost": ASKED_AGAIN})),
    Sdk("PostHog, Python", "/batch/"),
    Sdk("PostHog, Node", "/batch/"),
    Sdk("PostHog, browser", "/e/"),
    Sdk("Amplitude, Python", "/2/httpapi", lost=GONE),
    Sdk("Amplitude, Node", "/2/httpapi", lost=GONE, away=MISSED),
    Sdk("Amplitude, browser", "/2/httpapi"),
    Sdk("OpenTelemetry logs, Python", "/v1/logs"),
    Sdk("OpenTelemetry logs, Node", "/v1/logs"),
    Sdk("OpenTelemetry logs, browser", "/otlp/KEY/v1/logs"),
    Sdk("Mixpanel, Python", "/track", **FORGETFUL),
    Sdk("Mixpanel, Node", "/track", **FORGETFUL),
    Sdk("Mixpanel, browser", "/track/", away=MISSED),
    Sdk("Plausible, browser, old tracker", "/api/event", **FORGETFUL),
    Sdk("Plausible, browser", "/api/event", **FORGETFUL),
    Sdk("Umami, Node", "/umami/KEY/api/send", **FORGETFUL),
    Sdk("Umami, Python", "/umami/KEY/api/send", **FORGETFUL),
    Sdk("Matomo, Node", "/matomo/KEY/matomo.php", **FORGETFUL),
    Sdk("Snowplow, Python", "/snowplow/KEY/com.snowplow"),
    Sdk("Snowplow, Node", "/snowplow/KEY/com.snowplow", nudge=True),
    Sdk("Snowplow, browser", "/com.snowplow", nudge=True, lost=Seen(3, 1)),
    Sdk("Glean, Python", "/glean/KEY/submit/shop/usage/", **NUDGED),
    Sdk("Glean, browser", "/submit/shop/events/", **(FORGETFUL | {"lost": ASKED_AGAIN})),
    Sdk("Universal Analytics, Node", "/google/KEY/", **FORGETFUL),
)

CASES = ("well", "lost", "away", "full")
"""In this order: SDKs that are told to wait keep their events for a while."""

SOURCES = PYTHON | NODE | PAGES


def kind_of(sdk: Sdk) -> str:
    """Tell what runs an SDK: `python`, `node` or `page`."""
    kinds = {"python": PYTHON, "node": NODE, "page": PAGES}
    return next(kind for kind, sources in kinds.items() if sdk.name in sources)
