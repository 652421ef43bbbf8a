"""Wire protocols: `PROTOCOLS` is the list; a new one is one file and one line here."""

from __future__ import annotations

from collector.protocols import (
    access_log,
    amplitude,
    glean,
    google,
    matomo,
    mixpanel,
    native,
    otlp,
    pixel,
    plausible,
    posthog,
    reports,
    segment,
    sentry,
    snowplow,
    umami,
    web_vitals,
)
from collector.protocols.protocol import Protocol

PROTOCOLS: tuple[Protocol, ...] = (
    native.PROTOCOL,
    pixel.PROTOCOL,
    access_log.PROTOCOL,
    otlp.PROTOCOL,
    mixpanel.PROTOCOL,
    posthog.PROTOCOL,
    amplitude.PROTOCOL,
    segment.RUDDERSTACK,
    segment.SEGMENT,
    plausible.PROTOCOL,
    umami.PROTOCOL,
    matomo.PROTOCOL,
    snowplow.PROTOCOL,
    sentry.PROTOCOL,
    glean.PROTOCOL,
    google.PROTOCOL,
    reports.PROTOCOL,
    web_vitals.PROTOCOL,
)
"""Every protocol. Of several that share a path, the first that owns a request takes it."""

__all__ = ["PROTOCOLS", "Protocol"]
