"""Sentry's SDKs, with nothing changed but the DSN."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdks.conftest import Target
from tests.sdks.programs import open_site, run_node, run_python

pytestmark = pytest.mark.timeout(300)

PYTHON = """
import os, sentry_sdk
sentry_sdk.init(dsn=os.environ["DSN"], release="shop@2.1.0", environment="prod",
                traces_sample_rate=1.0, send_default_pii=True, enable_logs=True)
sentry_sdk.set_user({"id": "user-1", "email": "a@example.com", "ip_address": "203.0.113.7"})
sentry_sdk.set_context("sanaq_consent", {"purposes": {"analytics": os.environ["SAID"] == "yes"}})
with sentry_sdk.start_transaction(op="task", name="checkout"):
    try:
        1 / 0
    except ZeroDivisionError as error:
        sentry_sdk.capture_exception(error)
sentry_sdk.capture_message("mail a@example.com arrived", level="info")
sentry_sdk.flush(5); sentry_sdk.get_client().close(timeout=5)
"""

NODE = """
const Sentry = require('@sentry/node');
Sentry.init({ dsn: process.env.DSN, release: 'shop@2.1.0', environment: 'prod',
              integrations: (all) => all.filter((one) => one.name !== 'ProcessSession') });
Sentry.setUser({ id: 'user-1', email: 'a@example.com' });
Sentry.captureException(new TypeError('boom'));
await Sentry.close(5000);
"""

BROWSER = """
import * as Sentry from '@sentry/browser';
const told = TOLD.TUNNEL ? { tunnel: TOLD.TUNNEL } : {};
Sentry.init({ dsn: TOLD.DSN, release: 'shop@2.1.0', environment: 'prod', ...told });
Sentry.setUser({ id: 'user-1' });
Sentry.captureException(new TypeError('boom'));
Sentry.flush(5000).then(() => { document.title = 'sent'; });
"""


def make_dsn(target: Target, kind: str = "server") -> str:
    """Give the DSN of a site: the collector's address, the write key, and any number."""
    return target.base.replace("http://", f"http://{target.key(kind)}@") + "/1"


@pytest.mark.parametrize("said", ["yes", "no"])
def test_the_python_sdk_of_sentry_and_consent_in_a_context(
    make_target: Callable[..., Target], said: str
) -> None:
    target = make_target(granted=False)
    run_python(PYTHON, {"DSN": make_dsn(target), "SAID": said})
    passed = [(one.path, one.status) for one in target.relay.passed]
    assert passed == [("/api/1/envelope/", 200)] * 3
    assert all(len(json.loads(one.answer)["id"]) == 32 for one in target.relay.passed)
    rows = {one["kind"]: one for one in target.events("diagnostics")}
    assert rows.keys() == {"error", "performance", "log"}
    assert rows["error"]["exception_type"] == "ZeroDivisionError"
    assert "division by zero\n    at <module> (" in rows["error"]["exception_stack"]
    assert rows["performance"]["measurements"][0]["name"] == "duration"
    assert rows["log"]["exception_message"] == "mail [own_id] arrived"
    assert {(one["release"], one["environment"]) for one in rows.values()} == {
        ("shop@2.1.0", "prod")
    }
    is_known = {one["person_id"] != "00" * 16 for one in rows.values()}
    assert is_known == {said == "yes"}


def test_the_node_sdk_of_sentry(make_target: Callable[..., Target]) -> None:
    target = make_target()
    run_node(NODE, {"DSN": make_dsn(target)})
    assert [(one.path.partition("?")[0], one.status) for one in target.relay.passed] == [
        ("/api/1/envelope/", 200)
    ]
    (row,) = target.events("diagnostics")
    assert (row["exception_type"], row["exception_message"]) == ("TypeError", "boom")
    assert row["person_id"] != "00" * 16


@pytest.mark.parametrize("through_tunnel", [False, True])
def test_the_browser_sdk_of_sentry(
    make_target: Callable[..., Target], page_folder: Path, through_tunnel: bool
) -> None:
    target = make_target()
    told = {"DSN": make_dsn(target, "browser")}
    if through_tunnel:
        told["TUNNEL"] = f"{target.base}/tunnel"
    with open_site(BROWSER, told, page_folder, "/install?gclid=Cj0abc") as page:
        page.wait_for_function("document.title === 'sent'")
        page.wait_for_timeout(500)
    where = "/tunnel" if through_tunnel else "/api/1/envelope/"
    passed = [(one.path.partition("?")[0], one.status) for one in target.relay.passed]
    # The session, the error, and the session with its error.
    assert passed == [(where, 200)] * 3
    rows = target.events("diagnostics")
    assert Counter(one["event_name"] for one in rows) == {"session": 2, "error": 1}
    (error,) = (one for one in rows if one["kind"] == "error")
    assert (error["exception_message"], error["page_path"]) == ("boom", "/install")
    assert "Cj0abc" not in json.dumps(rows)
