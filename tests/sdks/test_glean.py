"""Glean's SDKs with nothing changed but their server: by a key in its path, or a page's origin."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.sdks.conftest import HONOURED_SECONDS, Target
from tests.sdks.programs import open_site, run_python
from tests.service import wait_until

pytestmark = pytest.mark.timeout(300)

NO_ID = "00" * 16

GLEAN = """
import os, pathlib, tempfile, time
from glean import Configuration, Glean, load_metrics, load_pings
folder = pathlib.Path(tempfile.mkdtemp())
about = "bugs: [https://a.example]\\n    data_reviews: [https://a.example]\\n"
about += "    notification_emails: [a@example.com]\\n    expires: never\\n    description: x\\n"
(folder / "metrics.yaml").write_text(
    "$schema: moz://mozilla.org/schemas/glean/metrics/2-0-0\\nshop:\\n"
    "  orders:\\n    type: counter\\n    send_in_pings: [usage]\\n    " + about +
    "  checkout:\\n    type: event\\n    " + about +
    "    extra_keys:\\n      step:\\n        type: string\\n        description: x\\n")
(folder / "pings.yaml").write_text(
    "$schema: moz://mozilla.org/schemas/glean/pings/2-0-0\\nusage:\\n  description: x\\n"
    "  include_client_id: true\\n  bugs: [https://a.example]\\n"
    "  data_reviews: [https://a.example]\\n  notification_emails: [a@example.com]\\n")
Glean.initialize(
    application_id="shop", application_version="2.1.0", application_build_id="20260101000000",
    upload_enabled=True, data_dir=folder / "data",
    configuration=Configuration(server_endpoint=os.environ["BASE"], allow_multiprocessing=False))
metrics, pings = load_metrics(folder / "metrics.yaml"), load_pings(folder / "pings.yaml")
metrics.shop.orders.add(3)
metrics.shop.checkout.record(metrics.shop.CheckoutExtra(step="pay"))
pings.usage.submit()
Glean.handle_client_inactive()
time.sleep(3)
os._exit(0)
"""

JAVASCRIPT = """
import Glean from '@mozilla/glean/web';
import GleanMetrics from '@mozilla/glean/metrics';
Glean.initialize('shop', true, { serverEndpoint: TOLD.SERVER });
GleanMetrics.pageLoad();
window.forget = () => Glean.setUploadEnabled(false);
"""

CLIENT = "7a8b8599-6a9e-434d-9ca9-fec4f2bd4c08"
PINGS = "/submit/shop"


def test_the_python_sdk_of_glean(make_target: Callable[..., Target]) -> None:
    target = make_target()
    base = f"{target.base}/glean/{target.key()}"
    run_python(GLEAN, {"BASE": base})
    assert {one.status for one in target.relay.passed} == {200}
    kept = {one["event_name"]: one for one in target.events()}
    assert {"usage", "shop.checkout"} <= kept.keys()
    assert kept["shop.checkout"]["properties"] == {"step": "pay"}
    devices = {one["device_id"] for one in kept.values()}
    assert len(devices) == 1 and NO_ID not in devices


def open_requests(target: Target) -> list[dict[str, Any]]:
    """Give what is to be done for people of the site."""
    told = json.loads(target.service.sanaq("subject", "requests", "--json"))
    return [one for one in told if one["site"] == target.site]


def read_marks(target: Target) -> set[str]:
    """Give the digests by which the site's requests find their rows."""
    (file,) = (target.service.home / "registry").glob("*.sqlite")
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as registry:
        query = "SELECT marks FROM requests WHERE site = ?"
        return {one for row in registry.execute(query, [target.site]) for one in json.loads(row[0])}


def test_the_browser_sdk_of_glean_withdraws_and_asks_to_be_erased(
    make_target: Callable[..., Target], page_folder: Path
) -> None:
    target = make_target()
    # It takes servers by https alone, and looks for small letters.
    told = {"SERVER": target.base.replace("http:", "HTTP:")}
    with open_site(JAVASCRIPT, told, page_folder, "/install", target.list_origin) as page:
        wait_until(lambda: target.relay.count(f"{PINGS}/events/") == 1, 20)
        assert open_requests(target) == []
        page.evaluate("window.forget()")
        wait_until(lambda: target.relay.count(f"{PINGS}/deletion-request/") == 1, 20)
    assert {(one.status, one.answer) for one in target.relay.passed} == {(200, b"OK")}
    (asked,) = open_requests(target)
    assert (asked["kind"], asked["subject_kind"], asked["source"]) == ("erase", "device", "glean")
    (kept,) = target.events()
    assert kept["event_name"] == "glean.page_load"
    assert read_marks(target) == {kept["device_id"]}
    (row,) = target.events("consents", "decided_at")
    assert {"analytics", "advertising", "diagnostics"} <= set(row["refused"])
    assert (row["granted"], row["source"], row["decoder"]) == ([], "browser", "glean/1")


def ping(target: Target, base: str, kind: str, client: str = CLIENT) -> httpx.Response:
    body = {"client_info": {"client_id": client}, "metrics": {"counter": {"shop.orders": 1}}}
    return httpx.post(f"{base}{PINGS}/{kind}/1/{uuid4()}", json=body, timeout=30)


def test_what_a_client_sends_after_its_withdrawal_has_no_id(
    make_target: Callable[..., Target],
) -> None:
    target = make_target()
    base = f"{target.base}/glean/{target.key()}"
    assert ping(target, base, "usage").status_code == 200
    for _ in range(2):
        assert ping(target, base, "deletion-request").status_code == 200
    assert len(open_requests(target)) == 1, "asked twice, to be done once"
    time.sleep(HONOURED_SECONDS)
    assert ping(target, base, "usage").status_code == 200
    devices = [one["device_id"] for one in target.events()]
    assert len(devices) == 2 and devices.count(NO_ID) == 1


@pytest.mark.parametrize("client", ["", "c0ffeec0-ffee-ffee-ffee-c0ffeec0ffee", "0" * 32])
def test_nobody_asks_for_nothing(make_target: Callable[..., Target], client: str) -> None:
    target = make_target()
    answer = ping(target, f"{target.base}/glean/{target.key()}", "deletion-request", client)
    assert (answer.status_code, answer.json()["error"]) == (400, "record_invalid")
    assert open_requests(target) == []
