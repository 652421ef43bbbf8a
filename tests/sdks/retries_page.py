"""The few lines that send one event with each vendor's SDK for browsers."""

from __future__ import annotations

PROGRAM = """
{source}
window.send = send;
document.title = 'ready';
"""

PAGES = {
    "Segment, browser": """
import { AnalyticsBrowser } from '@segment/analytics-next';
const analytics = AnalyticsBrowser.load({ writeKey: TOLD.KEY, cdnURL: TOLD.BASE });
const send = (name) => { analytics.track(name); };
""",
    "RudderStack, browser": """
import { RudderAnalytics } from '@rudderstack/analytics-js/bundled';
const rudder = new RudderAnalytics();
rudder.load(TOLD.KEY, TOLD.BASE, { configUrl: TOLD.BASE, sendAdblockPage: false,
                                   useBeacon: false, plugins: ['XhrQueue'],
                                   queueOptions: { maxItems: 10 } });
const send = (name) => rudder.track(name);
""",
    "Sentry, browser": """
import * as Sentry from '@sentry/browser';
Sentry.init({ dsn: TOLD.BASE.replace('//', `//${TOLD.KEY}@`) + '/1', sendClientReports: false,
  integrations: (all) => all.filter((one) => one.name !== 'BrowserSession') });
const send = (name) => { Sentry.captureException(new TypeError(name)); };
""",
    "PostHog, browser": """
import posthog from 'posthog-js';
posthog.init(TOLD.KEY, { api_host: TOLD.BASE, disable_external_dependency_loading: true,
  autocapture: false, capture_pageview: false, capture_pageleave: false,
  request_queue_config: { flush_interval_ms: 250 } });
const send = (name) => { posthog.capture(name); };
""",
    "Amplitude, browser": """
import * as amplitude from '@amplitude/analytics-browser';
amplitude.init(TOLD.KEY, undefined, { serverUrl: TOLD.BASE + '/2/httpapi', autocapture: false,
  fetchRemoteConfig: false, remoteConfig: { fetchRemoteConfig: false } });
const send = (name) => { amplitude.track(name); };
""",
    "OpenTelemetry logs, browser": """
import { LoggerProvider, BatchLogRecordProcessor } from '@opentelemetry/sdk-logs';
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-http';
const exporter = new OTLPLogExporter({ url: `${TOLD.BASE}/otlp/${TOLD.KEY}/v1/logs`,
                                       timeoutMillis: 60000 });
const processor = new BatchLogRecordProcessor({ exporter, scheduledDelayMillis: 300,
                                                exportTimeoutMillis: 60000 });
const logger = new LoggerProvider({ processors: [processor] }).getLogger('app');
const send = (name) => logger.emit({ eventName: name });
""",
    "Mixpanel, browser": """
import mixpanel from 'mixpanel-browser';
mixpanel.init(TOLD.KEY, { api_host: TOLD.BASE, batch_flush_interval_ms: 300 });
const send = (name) => { mixpanel.track(name); };
""",
    "Plausible, browser, old tracker": """
import Plausible from 'plausible-tracker';
const plausible = Plausible({ domain: 'soq', apiHost: TOLD.BASE, trackLocalhost: true });
const send = (name) => plausible.trackEvent(name);
""",
    "Plausible, browser": """
import { init, track } from '@plausible-analytics/tracker';
init({ domain: 'soq', endpoint: TOLD.BASE + '/api/event', captureOnLocalhost: true,
       autoCapturePageviews: false });
const send = (name) => track(name, {});
""",
    "Snowplow, browser": """
import { newTracker, trackStructEvent } from '@snowplow/browser-tracker';
newTracker('sp', TOLD.BASE, { appId: 'soq', bufferSize: 1 });
const send = (name) => { trackStructEvent({ category: 'shop', action: name }); };
""",
    "Glean, browser": """
import Glean from '@mozilla/glean/web';
import GleanMetrics from '@mozilla/glean/metrics';
// It takes servers by https alone, and looks for small letters.
Glean.initialize('shop', true, { serverEndpoint: TOLD.BASE.replace('http:', 'HTTP:') });
const send = (name) => GleanMetrics.pageLoad({ title: name, url: 'https://soq.example/' + name });
""",
}
