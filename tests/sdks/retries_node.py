"""The few lines that send one event with each vendor's SDK for Node."""

from __future__ import annotations

PROGRAM = """
const {{ BASE, KEY }} = process.env;
process.on('unhandledRejection', () => {{}});
{source}
const lines = require('readline').createInterface({{ input: process.stdin }});
// What the SDK raises is its caller's to know.
lines.on('line', async (name) => {{ try {{ await send(name); }} catch {{}} }});
lines.on('close', () => process.exit(0));
console.log('ready');
"""
"""Sends an event for each line that it is told: the event's name."""

NODE = {
    "Segment, Node": """
const { Analytics } = require('@segment/analytics-node');
const client = new Analytics({ writeKey: KEY, host: BASE, flushAt: 1, maxRetries: 10 });
const send = (name) => client.track({ userId: 'user-1', event: name });
""",
    "RudderStack, Node": """
const Rudder = require('@rudderstack/rudder-sdk-node');
const client = new (Rudder.default || Rudder)(KEY, { dataPlaneUrl: BASE, flushAt: 1,
                                                  retryCount: 10 });
const send = (name) => client.track({ userId: 'user-1', event: name });
""",
    "Sentry, Node": """
const Sentry = require('@sentry/node');
Sentry.init({ dsn: BASE.replace('//', `//${KEY}@`) + '/1', sendClientReports: false,
              integrations: (all) => all.filter((one) => one.name !== 'ProcessSession') });
const send = (name) => Sentry.captureException(new TypeError(name));
""",
    "PostHog, Node": """
const { PostHog } = require('posthog-node');
const client = new PostHog(KEY, { host: BASE, flushAt: 1, fetchRetryDelay: 500,
                                  fetchRetryCount: 60 });
const send = (name) => client.capture({ distinctId: 'anon-1', event: name });
""",
    "Amplitude, Node": """
const { createInstance } = require('@amplitude/analytics-node');
const client = createInstance();
client.init(KEY, { serverUrl: BASE + '/2/httpapi', flushIntervalMillis: 300 });
const send = (name) => client.track(name, {}, { device_id: 'device-1' });
""",
    "OpenTelemetry logs, Node": """
const { LoggerProvider, BatchLogRecordProcessor } = require('@opentelemetry/sdk-logs');
const { OTLPLogExporter } = require('@opentelemetry/exporter-logs-otlp-http');
const exporter = new OTLPLogExporter({ url: BASE + '/v1/logs', timeoutMillis: 60000,
                                       headers: { authorization: 'Bearer ' + KEY } });
const processor = new BatchLogRecordProcessor({ exporter, scheduledDelayMillis: 300,
                                                exportTimeoutMillis: 60000 });
const logger = new LoggerProvider({ processors: [processor] }).getLogger('app');
const send = (name) => logger.emit({ eventName: name });
""",
    "Mixpanel, Node": """
const { hostname, port } = new URL(BASE);
const client = require('mixpanel').init(KEY, { host: hostname, port, protocol: 'http' });
const send = (name) => client.track(name, { distinct_id: 'user-1' }, () => {});
""",
    "Umami, Node": """
const { default: umami } = require('@umami/node');
umami.init({ websiteId: 'soq', hostUrl: `${BASE}/umami/${KEY}` });
const send = (name) => umami.track(name, {});
""",
    "Matomo, Node": """
const matomo = new (require('matomo-tracker'))(7, `${BASE}/matomo/${KEY}/matomo.php`);
matomo.on('error', () => {});
const send = (name) => matomo.track({ url: 'https://soq.example/x', e_c: 'shop', e_a: name });
""",
    "Snowplow, Node": """
const sp = require('@snowplow/node-tracker');
const tracker = sp.newTracker({ namespace: 'sp', appId: 'soq' },
  { endpoint: `${BASE}/snowplow/${KEY}`, eventMethod: 'post', bufferSize: 1 });
const send = (name) => tracker.track(sp.buildStructEvent({ category: 'shop', action: name }));
""",
    "Universal Analytics, Node": """
const visitor = require('universal-analytics')('UA-1234-1', {
  hostname: `${BASE}/google/${KEY}`, uid: 'user-1' });
const send = (name) => visitor.event('shop', name).send(() => {});
""",
}
