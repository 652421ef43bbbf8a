"""Every protocol with the body that its SDKs send, in batches of the size that they send."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from benchmarks.protocols import ours, pages, products, reports
from collector.protocols.protocol import Request


class Sample(NamedTuple):
    """One way in which a protocol's SDKs send."""

    protocol: str
    """Name of the protocol."""
    how: str
    """What tells it from others of the same protocol, '' where there is one."""
    events: int
    """Events in a request, as the SDK batches them by default."""
    make: Callable[[int, int], Request]
    """(number of the first event, events) -> the request."""

    @property
    def name(self) -> str:
        """Protocol, and which of its ways."""
        return f"{self.protocol}, {self.how}" if self.how else self.protocol


NATIVE = Sample("native", "", 20, ours.make_native)

SAMPLES: tuple[Sample, ...] = (
    NATIVE,
    Sample("pixel", "", 1, ours.make_pixel),
    Sample("access_log", "", 500, ours.make_log),
    Sample("segment", "", 10, products.make_segment),
    Sample("rudderstack", "", 20, products.make_rudderstack),
    Sample("posthog", "", 10, products.make_posthog),
    Sample("amplitude", "", 30, products.make_amplitude),
    Sample("mixpanel", "", 50, products.make_mixpanel),
    Sample("glean", "events", 25, products.make_glean),
    Sample("plausible", "", 1, pages.make_plausible),
    Sample("umami", "", 1, pages.make_umami),
    Sample("matomo", "one a request", 1, pages.make_matomo),
    Sample("matomo", "bulk", 20, pages.make_matomo_bulk),
    Sample("snowplow", "", 10, pages.make_snowplow),
    Sample("google", "Measurement Protocol", 5, pages.make_measured),
    Sample("google", "gtag", 3, pages.make_tagged),
    Sample("sentry", "errors", 1, reports.make_sentry),
    Sample("otlp", "JSON", 50, reports.make_otlp_json),
    Sample("otlp", "protobuf", 50, reports.make_otlp_protobuf),
    Sample("reports", "", 3, reports.make_reports),
    Sample("web_vitals", "", 1, reports.make_web_vitals),
)
"""The native API first; every protocol at least once."""
