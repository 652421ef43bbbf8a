"""Mixpanel's SDKs, with nothing changed but the host and the token."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.sdks.conftest import Target
from tests.sdks.losing import losing_answers
from tests.sdks.programs import open_site, run_node, run_python
from tests.service import wait_until

pytestmark = pytest.mark.timeout(300)

NO_ID = "00" * 16

HONOURED_SECONDS_MAX = 1.2
"""A record of consent holds in every worker by then."""

PYTHON_HEAD = """
import os
from mixpanel import BufferedConsumer, Consumer, Mixpanel
BASE, KEY = os.environ["BASE"], os.environ["KEY"]
urls = dict(events_url=BASE + "/track", people_url=BASE + "/engage",
            import_url=BASE + "/import", groups_url=BASE + "/groups")
mp = Mixpanel(KEY, consumer=Consumer(**urls))
"""

PYTHON = (
    PYTHON_HEAD
    + """
import time
mp.track("user-1", "Order a+b", {"revenue": 12.5, "currency": "KZT", "$device_id": "d-1"})
mp.people_set("user-1", {"$email": "a@example.com", "plan": "gold"})
mp.people_increment("user-1", {"orders": 1})
mp.group_set("company", "org-9", {"name": "Acme"})
mp.import_data("key", "user-1", "Older", int(time.time()) - 3_600, api_secret=KEY)
buffered = BufferedConsumer(**urls)
many = Mixpanel(KEY, consumer=buffered)
for n in range(3): many.track("user-1", "Listed", {"n": n})
buffered.flush()
"""
)


def sent(target: Target) -> list[tuple[str, int]]:
    return [(one.path.partition("?")[0], one.status) for one in target.relay.passed]


def kept(target: Target) -> dict[str, dict[str, Any]]:
    return {one["event_name"]: one for one in target.events()}


def test_the_python_sdk(make_target: Callable[..., Target]) -> None:
    target = make_target()
    run_python(PYTHON, {"KEY": target.key(), "BASE": target.base})
    paths = ["/track", "/engage", "/engage", "/groups", "/import", "/track"]
    assert sent(target) == [(path, 200) for path in paths]
    rows = kept(target)
    assert rows.keys() == {"Order a+b", "identify", "Older", "Listed"}
    assert len(target.events()) == 6
    order = rows["Order a+b"]
    assert (order["revenue"], order["currency"]) == (12.5, "KZT")
    assert order["person_id"] == rows["identify"]["person_id"] != NO_ID
    assert rows["identify"]["properties"] == {"plan": "gold"}
    assert target.reasons()["kind_unwanted"] == 2, "an increment and a group"


PYTHON_AGAIN = (
    PYTHON_HEAD
    + """
from mixpanel import MixpanelException
try:
    mp.track("user-1", "Order", {"$insert_id": "same-1"})
    print("taken")
except MixpanelException:
    print("lost")
"""
)


def test_a_lost_answer_counts_nothing_twice_from_python(make_target: Callable[..., Target]) -> None:
    """Over plain HTTP the SDK tries nothing again; whoever calls it does."""
    target = make_target()
    told = {"KEY": target.key(), "BASE": target.base}
    with losing_answers(target.relay, 1):
        assert run_python(PYTHON_AGAIN, told).strip() == "lost"
    assert run_python(PYTHON_AGAIN, told).strip() == "taken"
    assert sent(target) == [("/track", 200)] * 2
    assert len(target.events()) == 1


NODE = """
const Mixpanel = require('mixpanel');
const { KEY, BASE } = process.env;
const { hostname, port } = new URL(BASE);
const client = Mixpanel.init(KEY, { host: hostname, port, protocol: 'http', key: 'any' });
const call = (act) => new Promise((done, fail) => act((e) => (e ? fail(e) : done())));
await call((done) => client.track('Order', { distinct_id: 'user-1', revenue: 12.5 }, done));
const listed = [1, 2].map((n) => ({ event: 'Listed', properties: { distinct_id: 'user-1', n } }));
await call((done) => client.track_batch(listed, done));
await call((done) => client.people.set('user-1', { plan: 'gold' }, done));
await call((done) => client.people.increment('user-1', 'orders', 1, done));
await call((done) => client.alias('user-1', 'anon-1', done));
const older = new Date(Date.now() - 3.6e6);
await call((done) => client.import('Older', older, { distinct_id: 'user-1' }, done));
"""


def test_the_node_sdk(make_target: Callable[..., Target]) -> None:
    target = make_target()
    run_node(NODE, {"KEY": target.key(), "BASE": target.base})
    paths = ["/track", "/track", "/engage", "/engage", "/track", "/import"]
    assert sent(target) == [(path, 200) for path in paths]
    assert {one.answer for one in target.relay.passed} == {b"1"}
    rows = kept(target)
    assert rows.keys() == {"Order", "Listed", "identify", "Older"}
    assert rows["Order"]["revenue"] == 12.5 and rows["identify"]["properties"] == {"plan": "gold"}
    assert target.reasons()["kind_unwanted"] == 2, "an increment and an alias"


BROWSER = """
import mixpanel from 'mixpanel-browser';
const options = { api_host: TOLD.BASE, batch_flush_interval_ms: Number(TOLD.WAIT || 300) };
mixpanel.init(TOLD.KEY, { ...options, track_pageview: true });
if (TOLD.SAYS) mixpanel.register({ sanaq_consent: { purposes: { analytics: true } } });
mixpanel.track('Order', { revenue: 12.5 });
if (!TOLD.WAIT) {
  mixpanel.identify('user-1');
  mixpanel.people.set({ plan: 'gold' });
}
window.device = mixpanel.get_property('$device_id');
document.title = 'ran';
"""

SENT = ["/engage/", "/track/"]
"""What one page of it sends."""

EVENTS = 2
"""So many of a page's events are stored whatever it agreed to."""


def await_sent(target: Target, pages: int = 1) -> None:
    """Wait until so many pages have sent, and a little longer for what should not be sent.

    A page that is slow sends its events in two requests, since the SDK sends at intervals.
    """
    wait_until(lambda: sent(target).count(("/engage/", 200)) >= pages, 60)
    wait_until(lambda: len(target.events()) >= pages * EVENTS, 60)
    time.sleep(1)
    assert set(sent(target)) == {(path, 200) for path in SENT}
    assert sent(target).count(("/engage/", 200)) == pages
    assert pages <= sent(target).count(("/track/", 200)) <= pages * 2


def test_the_browser_sdk(make_target: Callable[..., Target], page_folder: Path) -> None:
    target = make_target()
    told = {"KEY": target.key("browser"), "BASE": target.base}
    with open_site(BROWSER, told, page_folder, "/install?utm_source=x&gclid=Cj0"):
        await_sent(target)
    rows = kept(target)
    assert rows.keys() == {"Order", "page_view", "identify"}
    assert rows["page_view"]["page_path"] == "/install"
    assert rows["Order"]["device_id"] != NO_ID


def test_what_a_page_sends_again_on_the_next_counts_once(
    make_target: Callable[..., Target], page_folder: Path
) -> None:
    """A page that is left sends by beacon, and once more from its storage on the next page."""
    target = make_target()
    told = {"KEY": target.key("browser"), "BASE": target.base, "WAIT": "1500"}
    queue = f"__mpq_{told['KEY']}_ev"
    with open_site(BROWSER, told, page_folder, "/x") as page:
        # What it tracks reaches its storage a little later; a page that is left before loses it.
        page.wait_for_function(f"JSON.parse(localStorage[{queue!r}] || '[]').length === 2")
        page.reload()
        wait_until(lambda: len(target.relay.passed) >= 3, 60)
        page.wait_for_timeout(1_000)
    assert sent(target) == [("/track/", 200)] * 3
    names = sorted(one["event_name"] for one in target.events())
    assert names == ["Order"] * 2 + ["page_view"] * 2
    assert target.service.ledger("--site", target.site)["duplicate"] == 2


CONSENT = (
    PYTHON_HEAD
    + """
def track(name, device, **properties):
    mp.track("$device:" + device, name, {"$device_id": device} | properties)
yes, no = ({"purposes": {"analytics": answer}} for answer in (True, False))
track("silent", "d-1")
track("said", "d-2", sanaq_consent=yes)
track("denied", "d-2", sanaq_consent=no)
"""
)


def has_device(target: Target) -> dict[str, bool]:
    return {name: row["device_id"] != NO_ID for name, row in kept(target).items()}


def test_consent_stands_in_a_property_or_on_record(make_target: Callable[..., Target]) -> None:
    target = make_target(granted=False)
    told = {"KEY": target.key(), "BASE": target.base}
    run_python(CONSENT, told)
    assert has_device(target) == {"silent": False, "said": True, "denied": False}
    says = {"purposes": {"analytics": True}, "method": "checkbox", "policy_version": "2026-11"}
    target.record(told["KEY"], says | {"device": "d-1"})
    source = PYTHON_HEAD + "mp.track('$device:d-1', 'recorded', {'$device_id': 'd-1'})\n"
    run_python(source, told)
    assert has_device(target)["recorded"]


def test_consent_of_a_page_stands_in_a_property_or_on_record(
    make_target: Callable[..., Target], page_folder: Path
) -> None:
    target = make_target(granted=False)
    told = {"KEY": target.key("browser"), "BASE": target.base}
    with open_site(BROWSER, told, page_folder, "/silent") as page:
        await_sent(target)
        said = {"device": page.evaluate("window.device"), "purposes": {"analytics": True}}
        answer = target.service.post(told["KEY"], said | {"method": "checkbox"}, "/v1/consent")
        assert answer.status_code == 200
        assert not any(has_device(target).values())
        page.wait_for_timeout(HONOURED_SECONDS_MAX * 1_000)
        page.reload()
        await_sent(target, pages=2)
    assert has_device(target)["Order"], "on record"
    with open_site(BROWSER, told | {"SAYS": "yes"}, page_folder, "/said"):
        await_sent(target, pages=3)
    rows = [one for one in target.events() if one["page_path"] == "/said"]
    # What the SDK tracks within `init` comes before any property can be registered.
    assert {one["event_name"]: one["device_id"] != NO_ID for one in rows} == {
        "page_view": False, "Order": True, "identify": True}  # fmt: skip
