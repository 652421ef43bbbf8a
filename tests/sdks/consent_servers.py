"""What stands around the lines for consent in programs of SDKs for servers.

Each sends `looked` as `device-1` (or `user-1`) and says nothing, then
`order` after the lines, unless they send it themselves.
"""

from __future__ import annotations

from typing import NamedTuple


class Program(NamedTuple):
    """A program around the lines: `head`, `look`, `done`, the lines, `order`, `done`, `end`.

    `done` waits until what was sent is answered.
    """

    head: str
    look: str
    order: str
    done: str = ""
    end: str = ""


def twice(head: str, send: str, done: str = "", end: str = "") -> Program:
    """Give a program that sends the same twice, under two names that stand for `NAME`."""
    return Program(head, send.replace("NAME", "looked"), send.replace("NAME", "order"), done, end)


PYTHON = {
    "segment-python": twice(
        "from segment.analytics import Client\nclient = Client(KEY, host=HOST)\n",
        'client.track(anonymous_id="device-1", event="NAME")\n',
        "client.flush()\n",
    ),
    "rudderstack-python": twice(
        "from rudderstack.analytics.client import Client\nclient = Client(KEY, host=HOST)\n",
        'client.track(anonymous_id="device-1", event="NAME")\n',
        "client.flush()\n",
    ),
    "sentry-python": twice(
        'import sentry_sdk\nsentry_sdk.init(dsn=DSN)\nsentry_sdk.set_user({"id": "user-1"})\n',
        'sentry_sdk.capture_message("NAME")\n',
        "sentry_sdk.flush(5)\n",
    ),
    "posthog-python": twice(
        "from posthog import Posthog\nclient = Posthog(KEY, host=HOST)\n",
        'client.capture("NAME", distinct_id="device-1")\n',
        "client.flush()\n",
    ),
    "amplitude-python": twice(
        "from amplitude import Amplitude, BaseEvent, Config\n"
        'client = Amplitude(KEY, Config(server_url=HOST + "/2/httpapi"))\n',
        'client.track(BaseEvent("NAME", device_id="device-1"))\n',
        "for flushed in client.flush(): flushed.result()\n",
    ),
    "opentelemetry-logs-python": twice(
        "from opentelemetry._logs import LogRecord\n"
        "from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter\n"
        "from opentelemetry.sdk._logs import LoggerProvider\n"
        "from opentelemetry.sdk._logs.export import BatchLogRecordProcessor\n"
        "provider = LoggerProvider()\n"
        'own = {"authorization": "Bearer " + KEY}\n'
        'exporter = OTLPLogExporter(HOST + "/v1/logs", headers=own)\n'
        "provider.add_log_record_processor(BatchLogRecordProcessor(exporter))\n"
        'logger = provider.get_logger("app")\n',
        'logger.emit(LogRecord(event_name="NAME", attributes={"device.id": "device-1"}))\n',
        "provider.force_flush()\n",
    ),
    "mixpanel-python": twice(
        "from mixpanel import Consumer, Mixpanel\n"
        'mp = Mixpanel(KEY, consumer=Consumer(events_url=HOST + "/track"))\n',
        'mp.track("$device:device-1", "NAME", {"$device_id": "device-1"})\n',
    ),
    "umami-python": twice(
        "import umami\n"
        'umami.set_url_base(f"{HOST}/umami/{KEY}")\n'
        'umami.set_website_id("soq")\numami.set_hostname("soq.example")\n',
        'umami.new_event("NAME", distinct_id="user-1")\n',
    ),
    "snowplow-python": twice(
        "from snowplow_tracker import (\n"
        "    Emitter, SelfDescribing, SelfDescribingJson, StructuredEvent, Subject, Tracker)\n"
        'where = HOST.removeprefix("http://") + f"/snowplow/{KEY}"\n'
        'emitter = Emitter(where, protocol="http", batch_size=10)\n'
        'subject = Subject().set_domain_user_id("device-1")\n'
        'tracker = Tracker("sp", emitter, subject=subject, app_id="soq")\n',
        'tracker.track(StructuredEvent(category="shop", action="NAME"))\n',
        "tracker.flush()\n",
    ),
    "glean-python": Program(
        "import pathlib, tempfile\n"
        "from glean import Configuration, Glean, load_metrics, load_pings\n"
        "folder = pathlib.Path(tempfile.mkdtemp())\n"
        '(folder / "pings.yaml").write_text(\n'
        '    "$schema: moz://mozilla.org/schemas/glean/pings/2-0-0\\n" + "".join(\n'
        '    f"{name}:\\n  description: x\\n  include_client_id: true\\n  send_if_empty: true\\n"\n'
        '    "  bugs: [https://a.example]\\n  data_reviews: [https://a.example]\\n"\n'
        '    "  notification_emails: [a@example.com]\\n" for name in ("looked", "order")))\n'
        "Glean.initialize(application_id='shop', application_version='2', upload_enabled=True,\n"
        "    application_build_id='1', data_dir=folder / 'data', configuration=Configuration(\n"
        "    server_endpoint=f'{HOST}/glean/{KEY}', allow_multiprocessing=False))\n"
        "pings = load_pings(folder / 'pings.yaml')\n",
        "pings.looked.submit()\n",
        "pings.order.submit()\n",
        "time.sleep(2)\n",
        "os._exit(0)\n",
    ),
}
"""SDK -> its program. `HOST`, `KEY` and `DSN` are what the documentation calls so."""

NODE = {
    "segment-node": twice(
        "const { Analytics } = require('@segment/analytics-node');\n"
        "const client = new Analytics({ writeKey: KEY, host: HOST });\n",
        "client.track({ anonymousId: 'device-1', event: 'NAME' });\n",
        "await client.flush();\n",
    ),
    "rudderstack-node": twice(
        "const Rudder = require('@rudderstack/rudder-sdk-node');\n"
        "const client = new (Rudder.default || Rudder)(KEY, { dataPlaneUrl: HOST });\n",
        "client.track({ anonymousId: 'device-1', event: 'NAME' });\n",
        "await new Promise((done) => client.flush(done));\n",
    ),
    "sentry-node": twice(
        "const Sentry = require('@sentry/node');\n"
        "Sentry.init({ dsn: DSN });\nSentry.setUser({ id: 'user-1' });\n",
        "Sentry.captureMessage('NAME');\n",
        "await Sentry.flush(5000);\n",
    ),
    "posthog-node": twice(
        "const { PostHog } = require('posthog-node');\n"
        "const client = new PostHog(KEY, { host: HOST });\n",
        "client.capture({ distinctId: 'device-1', event: 'NAME' });\n",
        "await client.flush();\n",
    ),
    "amplitude-node": twice(
        "const amplitude = require('@amplitude/analytics-node');\n"
        "await amplitude.init(KEY, { serverUrl: HOST + '/2/httpapi' }).promise;\n",
        "amplitude.track('NAME', {}, { device_id: 'device-1' });\n",
        "await amplitude.flush().promise;\n",
    ),
    "opentelemetry-logs-node": twice(
        "const { LoggerProvider, BatchLogRecordProcessor } = require('@opentelemetry/sdk-logs');\n"
        "const { OTLPLogExporter } = require('@opentelemetry/exporter-logs-otlp-http');\n"
        "const headers = { authorization: 'Bearer ' + KEY };\n"
        "const exporter = new OTLPLogExporter({ url: HOST + '/v1/logs', headers });\n"
        "const processors = [new BatchLogRecordProcessor({ exporter })];\n"
        "const provider = new LoggerProvider({ processors });\n"
        "const logger = provider.getLogger('app');\n",
        "logger.emit({ eventName: 'NAME', attributes: { 'device.id': 'device-1' } });\n",
        "await provider.forceFlush();\n",
    ),
    "mixpanel-node": twice(
        "const Mixpanel = require('mixpanel');\nconst { hostname, port } = new URL(HOST);\n"
        "const mixpanel = Mixpanel.init(KEY, { host: hostname, port, protocol: 'http' });\n"
        "const own = { distinct_id: '$device:device-1', $device_id: 'device-1' };\n",
        "await new Promise((done) => mixpanel.track('NAME', own, done));\n",
        "await new Promise((done) => setTimeout(done, 300));\n",
    ),
    "umami-node": twice(
        "const { default: umami } = require('@umami/node');\n"
        "umami.init({ websiteId: 'soq', hostUrl: `${HOST}/umami/${KEY}` });\n"
        "const page = { url: '/', hostname: 'soq.example', id: 'user-1' };\n",
        "await umami.track({ ...page, name: 'NAME' });\n",
        "await new Promise((done) => setTimeout(done, 300));\n",
    ),
    "matomo-node": twice(
        "const Matomo = require('matomo-tracker');\n"
        "const matomo = new Matomo(1, `${HOST}/matomo/${KEY}/matomo.php`);\n"
        "const own = { url: 'https://soq.example/', _id: '9c5f31b2a04de781' };\n",
        "matomo.track({ ...own, e_c: 'shop', e_a: 'NAME' });\n",
        "await new Promise((done) => setTimeout(done, 700));\n",
        "process.exit(0);\n",
    ),
    "snowplow-node": twice(
        "const { newTracker, buildSelfDescribingEvent, buildStructEvent } =\n"
        "  require('@snowplow/node-tracker');\n"
        "const endpoint = `${HOST}/snowplow/${KEY}`;\n"
        "const own = { namespace: 'sp', appId: 'soq' };\n"
        "const tracker = newTracker(own, { endpoint, bufferSize: 1 });\n"
        "tracker.setDomainUserId('device-1');\n",
        "tracker.track(buildStructEvent({ category: 'shop', action: 'NAME' }));\n",
        "await tracker.flush();\nawait new Promise((done) => setTimeout(done, 700));\n",
    ),
    "universal-analytics-node": twice(
        "const ua = require('universal-analytics');\n"
        "const own = { hostname: `${HOST}/google/${KEY}`, strictCidFormat: false };\n"
        "const visitor = ua('UA-1234-1', 'device-1', own);\n",
        "visitor.event('shop', 'NAME');\n",
        "await new Promise((done) => visitor.send(done));\n",
    ),
}
"""Likewise for Node."""
