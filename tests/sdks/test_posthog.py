"""PostHog's SDKs for servers, with nothing changed but the host."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.sdks.conftest import Target
from tests.sdks.programs import run_node, run_python

pytestmark = pytest.mark.timeout(300)

NOBODY = "00" * 16

PYTHON = """
import json, os
from posthog import Posthog
failed = []
known = {"$is_identified": True}
client = Posthog(os.environ["KEY"], host=os.environ["BASE"], on_error=lambda e, b: failed.append(e),
                 super_properties=known, **json.loads(os.environ["OPTIONS"]))
client.capture("order completed", distinct_id="user-1",
               properties={"revenue": 12.5, "currency": "KZT", "$ip": "203.0.113.7"})
client.set(distinct_id="user-1", properties={"email": "a@example.com", "plan": "gold"})
client.alias("anon-1", "user-1")
try: raise ValueError("boom")
except ValueError as error: client.capture_exception(error, distinct_id="user-1")
client.flush(); client.shutdown()
print([str(error) for error in failed])
"""

NODE = """
const { PostHog } = require('posthog-node');
const { KEY, BASE } = process.env;
const client = new PostHog(KEY, { host: BASE, flushAt: 20, flushInterval: 60000 });
const properties = { revenue: 12.5, $is_identified: true };
client.capture({ distinctId: 'user-1', event: 'order completed', properties });
client.capture({ distinctId: 'anon-1', event: '$pageview',
                 properties: { $current_url: 'https://soq.example/x?utm_source=m&gclid=Cj0' } });
client.identify({ distinctId: 'user-1', properties: { email: 'a@example.com', plan: 'gold' } });
await client.shutdown();
"""

REPEATING = """
import json, os
from posthog import Posthog
client = Posthog(os.environ["KEY"], host=os.environ["BASE"])
for number in range(3):
    client.capture(f"step {number}", distinct_id="anon-1",
                   properties=json.loads(os.environ.get("MORE", "{}")))
client.flush(); client.shutdown()
"""

OPTIONS = [
    ({}, "/batch/"),
    ({"gzip": True}, "/batch/"),
    ({"capture_mode": "v1"}, "/i/v1/analytics/events"),
    ({"capture_mode": "v1", "capture_compression": "gzip"}, "/i/v1/analytics/events"),
]


@pytest.mark.parametrize(("options", "path"), OPTIONS)
def test_the_python_sdk_of_posthog(
    make_target: Callable[..., Target], options: dict[str, object], path: str
) -> None:
    target = make_target()
    told = {"KEY": target.key(), "BASE": target.base, "OPTIONS": json.dumps(options)}
    failed = run_python(PYTHON, told).strip()
    assert [(one.path, one.status) for one in target.relay.passed] == [(path, 200)]
    # The newer API has a word for what was not kept, here the alias.
    assert ("1 event(s) dropped" in failed) == ("v1" in path) and (failed == "[]") != ("v1" in path)
    kept = {one["event_name"]: one for one in target.events()}
    assert kept.keys() == {"order completed", "identify"}
    order = kept["order completed"]
    assert (order["revenue"], order["currency"]) == (12.5, "KZT")
    assert order["sdk"].startswith("posthog-python/") and order["remarks"] == []
    assert order["person_id"] == kept["identify"]["person_id"] != NOBODY
    assert kept["identify"]["properties"] == {"plan": "gold"}
    (error,) = target.events("diagnostics")
    assert (error["kind"], error["exception_type"]) == ("error", "ValueError")
    assert target.reasons()["kind_unwanted"] == 1


def test_the_newer_api_tells_what_became_of_each_event(make_target: Callable[..., Target]) -> None:
    target = make_target()
    options = json.dumps({"capture_mode": "v1"})
    told = {"KEY": target.key(), "BASE": target.base, "OPTIONS": options}
    run_python(PYTHON, told)
    results = json.loads(target.relay.passed[0].answer)["results"]
    assert sorted(one["result"] for one in results.values()) == ["drop", "ok", "ok", "ok"]


def test_the_node_sdk_of_posthog(make_target: Callable[..., Target]) -> None:
    target = make_target()
    run_node(NODE, {"KEY": target.key(), "BASE": target.base})
    assert [(one.path, one.status) for one in target.relay.passed] == [("/batch/", 200)]
    kept = {one["event_name"]: one for one in target.events()}
    assert kept.keys() == {"order completed", "page_view", "identify"}
    assert kept["order completed"]["person_id"] == kept["identify"]["person_id"] != NOBODY
    page = kept["page_view"]
    assert (page["person_id"], page["page_path"]) == (NOBODY, "/x")
    assert page["device_id"] != NOBODY and page["campaign_source"] == "m"
    assert kept["identify"]["properties"] == {"plan": "gold"}


def test_consent_for_posthog_comes_in_a_property_or_by_record(
    make_target: Callable[..., Target],
) -> None:
    target = make_target(granted=False)
    told = {"KEY": target.key("browser"), "BASE": target.base}
    run_python(REPEATING, told)
    assert {one["device_id"] for one in target.events()} == {NOBODY}
    consent = {"$consent": {"purposes": {"analytics": True}}}
    run_python(REPEATING, told | {"MORE": json.dumps(consent)})
    assert sum(one["device_id"] != NOBODY for one in target.events()) == 3
    choice = {"device": "anon-1", "purposes": {"analytics": True}, "method": "checkbox"}
    target.record(told["KEY"], choice)
    run_python(REPEATING, told)
    assert sum(one["device_id"] != NOBODY for one in target.events()) == 6
    assert [(one.path, one.status) for one in target.relay.passed] == [("/batch/", 200)] * 3
