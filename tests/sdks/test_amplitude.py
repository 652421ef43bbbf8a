"""Amplitude's SDKs for servers, with nothing changed but the address."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.sdks.conftest import Target
from tests.sdks.programs import run_node, run_python

pytestmark = pytest.mark.timeout(300)

NOBODY = "00" * 16

PYTHON = """
import os
from amplitude import Amplitude, BaseEvent, Config, EventOptions, Identify, Revenue
codes = []
client = Amplitude(os.environ["KEY"], Config(server_url=os.environ["BASE"] + os.environ["PATH_"],
    flush_interval_millis=60_000, callback=lambda event, code, message=None: codes.append(code)))
client.track(BaseEvent("Order Completed", user_id="user-1", device_id="device-1", ip="203.0.113.7",
    event_properties={"revenue": 12.5, "currency": "KZT"}, session_id=-1,
    idfa="7A3CBEA0-BDF5-41E4-8DFC-AA07A5B093DB", idfv="B5372DB0-C21E-41E4-8DFC-AA07A5B093DB"))
client.identify(Identify().set("plan", "gold").set("email", "a@example.com"),
                EventOptions(user_id="user-1", device_id="device-1"))
client.revenue(Revenue(price=3.99, quantity=3, product_id="com.x"), EventOptions(user_id="user-1"))
for flushed in client.flush(): flushed.result()
client.shutdown()
assert codes == [200] * 3, codes
# Its thread would sleep through one more interval before the process may end.
os._exit(0)
"""

NODE = """
const { createInstance, Identify, Revenue } = require('@amplitude/analytics-node');
const { KEY, BASE } = process.env;
const client = createInstance();
await client.init(KEY, { serverUrl: BASE + '/2/httpapi', flushIntervalMillis: 60000 }).promise;
const one = { user_id: 'user-1', device_id: 'device-1' };
const sent = [
  client.track('Order Completed', { revenue: 12.5 }, { ...one, ip: '203.0.113.7' }).promise,
  client.identify(new Identify().set('plan', 'gold').set('email', 'a@example.com'), one).promise,
  client.revenue(new Revenue().setProductId('x').setPrice(3.99).setQuantity(2), one).promise,
];
await client.flush().promise;
for (const { code } of await Promise.all(sent)) if (code !== 200) throw new Error(code);
process.exit(0);
"""

REPEATING = """
import json, os, time
from amplitude import Amplitude, BaseEvent, Config
codes = []
client = Amplitude(os.environ["KEY"], Config(server_url=os.environ["BASE"] + "/2/httpapi",
    flush_interval_millis=300, callback=lambda event, code, message=None: codes.append(code)))
for number in range(3):
    client.track(BaseEvent(f"step {number}", device_id="device-1",
                           event_properties=json.loads(os.environ.get("MORE", "{}"))))
until = time.monotonic() + 60
while len(codes) < 3 and time.monotonic() < until: time.sleep(0.05)
client.shutdown()
assert codes == [200] * 3, codes
"""

UNKNOWN_KEY = """
import os, time
from amplitude import Amplitude, BaseEvent, Config
client = Amplitude("nobodys", Config(server_url=os.environ["BASE"] + "/2/httpapi",
                                     flush_interval_millis=200))
client.track(BaseEvent("step", device_id="device-1"))
time.sleep(2)
"""


@pytest.mark.parametrize("path", ["/2/httpapi", "/batch", "/amplitude/batch"])
def test_the_python_sdk_of_amplitude(make_target: Callable[..., Target], path: str) -> None:
    target = make_target()
    run_python(PYTHON, {"KEY": target.key(), "BASE": target.base, "PATH_": path})
    assert [(one.path, one.status) for one in target.relay.passed] == [(path, 200)]
    kept = {one["event_name"]: one for one in target.events()}
    order, paid = kept["Order Completed"], kept["revenue_amount"]
    assert (order["revenue"], order["currency"], paid["revenue"]) == (12.5, "KZT", 11.97)
    assert order["person_id"] == paid["person_id"] == kept["identify"]["person_id"] != NOBODY
    assert order["device_id"] == kept["identify"]["device_id"] != NOBODY
    assert kept["identify"]["properties"] == {"plan": "gold"}
    assert {one["protocol"] for one in kept.values()} == {"amplitude"}


def test_the_node_sdk_of_amplitude(make_target: Callable[..., Target]) -> None:
    target = make_target()
    run_node(NODE, {"KEY": target.key(), "BASE": target.base})
    assert [(one.path, one.status) for one in target.relay.passed] == [("/2/httpapi", 200)]
    kept = {one["event_name"]: one for one in target.events()}
    assert kept.keys() == {"Order Completed", "identify", "revenue_amount"}
    assert kept["Order Completed"]["revenue"] == 12.5
    assert kept["revenue_amount"]["revenue"] == 7.98
    assert kept["identify"]["properties"] == {"plan": "gold"}


def test_a_key_that_nobody_knows_is_not_tried_again(make_target: Callable[..., Target]) -> None:
    target = make_target()
    run_python(UNKNOWN_KEY, {"BASE": target.base})
    (one,) = target.relay.passed
    told = json.loads(one.answer)
    assert (one.status, told["code"], told["reason"]) == (401, 400, "key_unknown")


def test_consent_for_amplitude_comes_in_a_property_or_by_record(
    make_target: Callable[..., Target],
) -> None:
    target = make_target(granted=False)
    told = {"KEY": target.key("browser"), "BASE": target.base}
    run_python(REPEATING, told)
    assert {one["device_id"] for one in target.events()} == {NOBODY}
    consent = {"$consent": {"purposes": {"analytics": True}}}
    run_python(REPEATING, told | {"MORE": json.dumps(consent)})
    assert sum(one["device_id"] != NOBODY for one in target.events()) == 3
    choice = {"device": "device-1", "purposes": {"analytics": True}, "method": "checkbox"}
    target.record(told["KEY"], choice)
    run_python(REPEATING, told)
    assert sum(one["device_id"] != NOBODY for one in target.events()) == 6
    assert [one.status for one in target.relay.passed] == [200] * 3
