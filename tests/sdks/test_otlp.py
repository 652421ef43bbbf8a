"""OpenTelemetry's log exporters, with nothing changed but the endpoint and its header."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sdks.conftest import Target
from tests.sdks.losing import losing_answers
from tests.sdks.programs import open_site, run_node, run_python

pytestmark = pytest.mark.timeout(300)

NO_ID = "00" * 16

PYTHON_HEAD = """
import os, time
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
BASE, HEADERS = os.environ["BASE"], {"authorization": "Bearer " + os.environ["KEY"]}
def provide(compression=Compression.NoCompression, **attributes):
    provider = LoggerProvider(resource=Resource.create(
        {"service.version": "2.1.0", "deployment.environment": "live"} | attributes))
    exporter = OTLPLogExporter(BASE + "/v1/logs", headers=HEADERS, compression=compression)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter))
    return provider
def emit(provider, **fields):
    provider.get_logger("app").emit(LogRecord(timestamp=time.time_ns(), **fields))
"""

PYTHON = (
    PYTHON_HEAD
    + """
provider = provide(Compression.Gzip)
emit(provider, event_name="order", attributes={
    "user.id": "user-1", "session.id": "s-1", "client.address": "203.0.113.7", "plan": "pro"})
emit(provider, body="disk almost full", severity_number=SeverityNumber.WARN)
emit(provider, body="checkout failed", severity_number=SeverityNumber.ERROR, attributes={
    "exception.type": "ValueError", "exception.stacktrace": "Traceback …"})
provider.shutdown()
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
tracing = TracerProvider()
spans = OTLPSpanExporter(BASE + "/v1/traces", headers=HEADERS)
tracing.add_span_processor(SimpleSpanProcessor(spans))
with tracing.get_tracer("app").start_as_current_span("checkout", attributes={"user.id": "u"}): pass
tracing.shutdown()
metering = MeterProvider(metric_readers=[PeriodicExportingMetricReader(
    OTLPMetricExporter(BASE + "/v1/metrics", headers=HEADERS), export_interval_millis=3_600_000)])
orders = metering.get_meter("app").create_counter("orders")
orders.add(1, {"plan": "pro"}); orders.add(1, {"plan": "free"})
metering.shutdown()
"""
)


def sent(target: Target) -> list[tuple[str, int]]:
    return [(one.path, one.status) for one in target.relay.passed]


def test_the_python_exporters(make_target: Callable[..., Target]) -> None:
    target = make_target()
    run_python(PYTHON, {"KEY": target.key(), "BASE": target.base})
    paths = ["/v1/logs", "/v1/traces", "/v1/metrics"]
    assert sent(target) == [(path, 200) for path in paths]
    assert [one.answer for one in target.relay.passed] == [b"", b"", b""]
    (order,) = target.events()
    assert (order["event_name"], order["properties"]) == ("order", {"plan": "pro"})
    assert order["person_id"] != NO_ID
    error, log = sorted(target.events("diagnostics"), key=lambda one: str(one["kind"]))
    assert (log["kind"], log["exception_message"]) == ("log", "disk almost full")
    assert (error["kind"], error["exception_type"]) == ("error", "ValueError")
    assert (error["release"], error["environment"]) == ("2.1.0", "live")
    assert target.reasons()["kind_unwanted"] == 3, "one span, two data points"


JS = """
const { LoggerProvider, BatchLogRecordProcessor } = MODULES.sdk;
const { OTLPLogExporter } = MODULES.exporter;
const { resourceFromAttributes } = MODULES.resources;
function provide(url, headers, attributes) {
  const exporter = new OTLPLogExporter({ url, headers });
  const resource = resourceFromAttributes({ 'service.version': '3.0', ...attributes });
  return new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter })] });
}
async function send(provider) {
  const logger = provider.getLogger('app');
  const attributes = { 'user.id': 'user-1', 'device.id': 'd-1', plan: 'pro', n: 3 };
  logger.emit({ eventName: 'order', attributes });
  logger.emit({ eventName: 'browser.web_vital', attributes: { name: 'LCP', value: 1234.5 } });
  const failed = { 'exception.type': 'TypeError' };
  logger.emit({ severityNumber: 17, body: 'failed', attributes: failed });
  await provider.forceFlush();
}
"""

NODE = (
    """
const MODULES = { sdk: require('@opentelemetry/sdk-logs'),
  exporter: require('@opentelemetry/exporter-logs-otlp-http'),
  resources: require('@opentelemetry/resources') };
"""
    + JS
    + """
const { KEY, BASE } = process.env;
const provider = provide(BASE + '/v1/logs', { authorization: 'Bearer ' + KEY }, {});
await send(provider);
await provider.shutdown();
"""
)

BROWSER = (
    """
import * as sdk from '@opentelemetry/sdk-logs';
import * as exporter from '@opentelemetry/exporter-logs-otlp-http';
import * as resources from '@opentelemetry/resources';
const MODULES = { sdk, exporter, resources };
"""
    + JS
    + """
const provider = provide(`${TOLD.BASE}/otlp/${TOLD.KEY}/v1/logs`, {}, {});
send(provider).then(() => { document.title = 'sent'; });
"""
)


def check_js(target: Target) -> None:
    (order,) = target.events()
    assert (order["event_name"], order["properties"]) == ("order", {"plan": "pro", "n": "3"})
    found = {one["kind"]: one for one in target.events("diagnostics")}
    assert found.keys() == {"performance", "error"}
    assert found["error"]["exception_type"] == "TypeError" and found["error"]["release"] == "3.0"
    (measured,) = found["performance"]["measurements"]
    assert (measured["name"], measured["value"]) == ("LCP", 1234.5)


def test_the_node_exporter_through_a_lost_answer(make_target: Callable[..., Target]) -> None:
    target = make_target()
    with losing_answers(target.relay, 1):
        run_node(NODE, {"KEY": target.key(), "BASE": target.base})
    assert sent(target) == [("/v1/logs", 200)] * 2
    assert target.relay.passed[0].answer == b"{}"
    check_js(target)


def test_the_browser_exporter(make_target: Callable[..., Target], page_folder: Path) -> None:
    target = make_target()
    told = {"KEY": target.key("browser"), "BASE": target.base}
    with open_site(BROWSER, told, page_folder, "/install") as page:
        page.wait_for_function("document.title === 'sent'")
    assert sent(target) == [(f"/otlp/{told['KEY']}/v1/logs", 200)]
    check_js(target)


CONSENT = (
    PYTHON_HEAD
    + """
silent, said = provide(**{"device.id": "d-1"}), provide(**{"sanaq.consent.analytics": True})
emit(silent, event_name="silent")
emit(said, event_name="said_by_all", attributes={"device.id": "d-2"})
emit(silent, event_name="said_by_one", attributes={"sanaq.consent.analytics": True})
emit(silent, event_name="said_as_object", attributes={"consent": {"purposes": {"analytics": True}}})
emit(said, event_name="denied", attributes={"device.id": "d-2", "sanaq.consent.analytics": False})
silent.shutdown(); said.shutdown()
"""
)


def kept_with_device(target: Target) -> dict[str, Any]:
    return {one["event_name"]: one["device_id"] != NO_ID for one in target.events()}


def test_consent_stands_in_attributes_or_on_record(make_target: Callable[..., Target]) -> None:
    target = make_target(granted=False)
    key = target.key()
    run_python(CONSENT, {"KEY": key, "BASE": target.base})
    asked = {"silent": False, "said_by_all": True, "said_by_one": True, "said_as_object": True}
    assert kept_with_device(target) == asked | {"denied": False}
    says = {"purposes": {"analytics": True}, "method": "checkbox", "policy_version": "2026-11"}
    target.record(key, says | {"device": "d-1"})
    source = PYTHON_HEAD + "p = provide(**{'device.id': 'd-1'}); emit(p, event_name='recorded')\n"
    run_python(source + "p.shutdown()\n", {"KEY": key, "BASE": target.base})
    assert kept_with_device(target)["recorded"]
