"""Glean's Python SDK, with nothing changed but its server endpoint, which carries the key."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest

from tests.sdks.conftest import Target
from tests.sdks.programs import run_python

pytestmark = pytest.mark.timeout(300)

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

DELETION = "/submit/shop/deletion-request/1/8cb2bae3-7c05-4c72-8d2d-f009d3bafe1c"


def test_the_python_sdk_of_glean(make_target: Callable[..., Target]) -> None:
    target = make_target()
    base = f"{target.base}/glean/{target.key()}"
    run_python(GLEAN, {"BASE": base})
    assert {one.status for one in target.relay.passed} == {200}
    kept = {one["event_name"]: one for one in target.events()}
    assert {"usage", "shop.checkout"} <= kept.keys()
    assert kept["shop.checkout"]["properties"] == {"step": "pay"}
    devices = {one["device_id"] for one in kept.values()}
    assert len(devices) == 1 and "00" * 16 not in devices


def test_a_request_for_deletion_is_not_taken_for_done(make_target: Callable[..., Target]) -> None:
    target = make_target()
    answer = httpx.post(f"{target.base}/glean/{target.key()}{DELETION}", json={}, timeout=30)
    assert (answer.status_code, answer.json()["error"]) == (400, "deletion_unsupported")
