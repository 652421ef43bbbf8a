"""What stands around the lines for consent in pages that run SDKs for browsers."""

from __future__ import annotations

from typing import NamedTuple


class PageProgram(NamedTuple):
    """A page's program: imports, `head`, the lines, and `order`, unless they send it themselves."""

    imports: str
    head: str
    order: str


BROWSER = {
    "segment-browser": PageProgram(
        "import { AnalyticsBrowser } from '@segment/analytics-next';",
        "const analytics = AnalyticsBrowser.load({ writeKey: KEY, cdnURL: HOST });",
        "await analytics.track('order');",
    ),
    "rudderstack-browser": PageProgram(
        "import { RudderAnalytics } from '@rudderstack/analytics-js/bundled';",
        "const rudder = new RudderAnalytics();\n"
        "const plain = { sendAdblockPage: false, plugins: ['XhrQueue'] };\n"
        "rudder.load(KEY, HOST, { configUrl: HOST, ...plain });\n"
        "await new Promise((done) => rudder.ready(done));",
        "rudder.track('order');",
    ),
    "sentry-browser": PageProgram(
        "import * as Sentry from '@sentry/browser';",
        "Sentry.init({ dsn: HOST.replace('//', `//${KEY}@`) + '/1' });\n"
        "Sentry.setUser({ id: 'user-1' });",
        "Sentry.captureMessage('order');\nawait Sentry.flush(5000);",
    ),
    "posthog-browser": PageProgram(
        "import posthog from 'posthog-js';",
        "const quiet = { capture_pageview: false,\n"
        "  request_queue_config: { flush_interval_ms: 250 } };\n"
        "await new Promise((loaded) => posthog.init(KEY, { api_host: HOST, ...quiet, loaded,\n"
        "  disable_external_dependency_loading: true }));",
        "posthog.capture('order');",
    ),
    "amplitude-browser": PageProgram(
        "import * as amplitude from '@amplitude/analytics-browser';",
        "await amplitude.init(KEY, undefined, { serverUrl: HOST + '/2/httpapi',\n"
        "  autocapture: false, remoteConfig: { fetchRemoteConfig: false } }).promise;",
        "await amplitude.track('order').promise;",
    ),
    "opentelemetry-logs-browser": PageProgram(
        "import { LoggerProvider, BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';\n"
        "import { OTLPLogExporter }\n"
        "  from '@opentelemetry/exporter-logs-otlp-http';",
        "const exporter = new OTLPLogExporter({ url: `${HOST}/otlp/${KEY}/v1/logs` });\n"
        "const processor = new BatchLogRecordProcessor({ exporter, scheduledDelayMillis: 250 });\n"
        "const logger = new LoggerProvider({ processors: [processor] }).getLogger('app');",
        "logger.emit({ eventName: 'order', attributes: { 'device.id': 'device-1' } });",
    ),
    "mixpanel-browser": PageProgram(
        "import mixpanel from 'mixpanel-browser';",
        "mixpanel.init(KEY, { api_host: HOST, batch_flush_interval_ms: 250 });",
        "mixpanel.track('order');",
    ),
    "plausible-browser": PageProgram(
        "import { init, track } from '@plausible-analytics/tracker';",
        "init({ domain: SITE, endpoint: HOST + '/api/event', captureOnLocalhost: true,\n"
        "  autoCapturePageviews: false });",
        "track('order', {});",
    ),
    "plausible-browser-old-tracker": PageProgram(
        "import Plausible from 'plausible-tracker';",
        "const plausible = Plausible({ domain: SITE, apiHost: HOST, trackLocalhost: true });",
        "plausible.trackEvent('order');",
    ),
    "snowplow-browser": PageProgram(
        "import { newTracker, trackSelfDescribingEvent, trackStructEvent }\n"
        "  from '@snowplow/browser-tracker';",
        "const tracker = newTracker('sp', HOST, { appId: SITE, bufferSize: 1 });",
        "trackStructEvent({ category: 'shop', action: 'order' });",
    ),
}
"""SDK -> its program. `HOST`, `KEY` and `SITE` are what the documentation calls so."""
