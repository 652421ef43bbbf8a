"""The few lines that send one event with each vendor's SDK for Python."""

from __future__ import annotations

PROGRAM = """
import os, sys
BASE, KEY = os.environ["BASE"], os.environ["KEY"]
{source}
print("ready", flush=True)
for line in sys.stdin:
    try: send(line.strip())
    # What the SDK raises is its caller's to know.
    except Exception: pass
os._exit(0)
"""
"""Sends an event for each line that it is told: the event's name."""

GLEAN = """
import pathlib, tempfile
from glean import Configuration, Glean, load_metrics, load_pings
folder = pathlib.Path(tempfile.mkdtemp())
about = "bugs: [https://a.example]\\n    data_reviews: [https://a.example]\\n"
about += "    notification_emails: [a@example.com]\\n    expires: never\\n    description: x\\n"
(folder / "metrics.yaml").write_text(
    "$schema: moz://mozilla.org/schemas/glean/metrics/2-0-0\\nshop:\\n"
    "  step:\\n    type: string\\n    send_in_pings: [usage]\\n    " + about)
(folder / "pings.yaml").write_text(
    "$schema: moz://mozilla.org/schemas/glean/pings/2-0-0\\nusage:\\n  description: x\\n"
    "  include_client_id: true\\n  bugs: [https://a.example]\\n"
    "  data_reviews: [https://a.example]\\n  notification_emails: [a@example.com]\\n")
Glean.initialize(
    application_id="shop", application_version="2.1.0", application_build_id="20260101000000",
    upload_enabled=True, data_dir=folder / "data",
    configuration=Configuration(server_endpoint=f"{BASE}/glean/{KEY}",
                                allow_multiprocessing=False))
metrics, pings = load_metrics(folder / "metrics.yaml"), load_pings(folder / "pings.yaml")
def send(name):
    metrics.shop.step.set(name)
    pings.usage.submit()
"""

PYTHON = {
    "Segment, Python": """
from segment.analytics import Client
client = Client(KEY, host=BASE)
def send(name): client.track(anonymous_id="anon-1", event=name)
""",
    "RudderStack, Python": """
from rudderstack.analytics.client import Client
client = Client(KEY, host=BASE)
def send(name): client.track("user-1", name)
""",
    "Sentry, Python": """
import sentry_sdk
sentry_sdk.init(dsn=BASE.replace("//", f"//{KEY}@") + "/1", send_client_reports=False)
def send(name): sentry_sdk.capture_exception(ValueError(name))
""",
    "PostHog, Python": """
from posthog import Posthog
client = Posthog(KEY, host=BASE, max_retries=10)
def send(name): client.capture(name, distinct_id="anon-1")
""",
    "Amplitude, Python": """
from amplitude import Amplitude, BaseEvent, Config
client = Amplitude(KEY, Config(server_url=BASE + "/2/httpapi", flush_interval_millis=300))
def send(name): client.track(BaseEvent(name, device_id="device-1"))
""",
    "OpenTelemetry logs, Python": """
import time
from opentelemetry._logs import LogRecord
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
provider = LoggerProvider()
exporter = OTLPLogExporter(BASE + "/v1/logs", headers={"authorization": "Bearer " + KEY},
                           timeout=60)
provider.add_log_record_processor(BatchLogRecordProcessor(exporter, schedule_delay_millis=300))
logger = provider.get_logger("app")
def send(name): logger.emit(LogRecord(timestamp=time.time_ns(), event_name=name))
""",
    "Mixpanel, Python": """
from mixpanel import Consumer, Mixpanel
client = Mixpanel(KEY, consumer=Consumer(events_url=BASE + "/track"))
def send(name): client.track("user-1", name)
""",
    "Umami, Python": """
import umami
umami.set_url_base(f"{BASE}/umami/{KEY}")
umami.set_website_id("soq")
umami.set_hostname("soq.example")
def send(name): umami.new_event(name, url="/")
""",
    "Snowplow, Python": """
from snowplow_tracker import Emitter, StructuredEvent, Tracker
where = BASE.removeprefix("http://") + f"/snowplow/{KEY}"
tracker = Tracker("sp", Emitter(where, protocol="http", method="post", batch_size=1), app_id="soq")
def send(name): tracker.track(StructuredEvent(category="shop", action=name))
""",
    "Glean, Python": GLEAN,
}
