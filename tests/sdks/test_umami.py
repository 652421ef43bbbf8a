"""Umami's server SDKs with the key in the path, and what its script sends from a listed origin."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from tests.sdks.conftest import Target
from tests.sdks.programs import run_node, run_python

pytestmark = pytest.mark.timeout(300)

NODE = """
const { default: umami } = require('@umami/node');
umami.init({ websiteId: 'soq', hostUrl: process.env.HOST });
await umami.track({ url: '/install?utm_source=x', hostname: 'soq.example', title: 'Install' });
await umami.track('order', { revenue: 12.5, currency: 'KZT', email: 'a@example.com' });
const answer = await umami.identify({ id: 'user-1', plan: 'gold' });
console.log(await answer.text());
"""

PYTHON = """
import os
import umami
umami.set_url_base(os.environ["HOST"])
umami.set_website_id("soq")
umami.set_hostname("soq.example")
umami.new_page_view("Install", "/install", ip_address="203.0.113.7", distinct_id="user-1")
umami.new_event("signup", url="/", custom_data={"plan": "gold"})
umami.new_revenue_event(12.5, "KZT")
"""

ORIGIN = "https://umami.example"


def test_the_node_sdk(make_target: Callable[..., Target]) -> None:
    target = make_target()
    key = target.key()
    printed = run_node(NODE, {"HOST": f"{target.base}/umami/{key}"})
    assert set(json.loads(printed)) == {"cache", "sessionId", "visitId"}
    send = f"/umami/{key}/api/send"
    assert [(one.path, one.status) for one in target.relay.passed] == [(send, 200)] * 3
    kept = {one["event_name"]: one for one in target.events()}
    assert (kept["page_view"]["page_host"], kept["page_view"]["page_path"]) == (
        "soq.example",
        "/install",
    )
    assert (kept["order"]["revenue"], kept["order"]["currency"]) == (12.5, "KZT")
    assert "a@example.com" not in str(kept["order"]["properties"])
    assert kept["identify"]["properties"] == {"plan": "gold"}
    assert kept["identify"]["person_id"] != "00" * 16


def test_the_python_sdk_whose_token_is_none(make_target: Callable[..., Target]) -> None:
    target = make_target()
    key = target.key()
    run_python(PYTHON, {"HOST": f"{target.base}/umami/{key}"})
    send = f"/umami/{key}/api/send"
    assert [(one.path, one.status) for one in target.relay.passed] == [(send, 200)] * 3
    kept = {one["event_name"]: one for one in target.events()}
    assert set(kept) == {"page_view", "signup", "revenue"}
    assert kept["revenue"]["revenue"] == 12.5
    assert kept["page_view"]["person_id"] != kept["signup"]["person_id"]


def send(target: Target, path: str, body: object, **headers: str) -> httpx.Response:
    sent = {"origin": ORIGIN, "authorization": "Bearer None"} | headers
    return httpx.post(f"{target.base}{path}", json=body, headers=sent, timeout=30)


def test_a_listed_origin_needs_no_key_and_an_unknown_token_does_no_harm(
    make_target: Callable[..., Target],
) -> None:
    target = make_target()
    view = {"type": "event", "payload": {"website": "x", "url": "/a", "hostname": "soq.example"}}
    turned_away = send(target, "/api/send", view)
    assert (turned_away.status_code, target.reasons()) == (403, {})
    assert "origin_unlisted" in turned_away.text
    target.list_origin(ORIGIN)
    first = send(target, "/api/send", view)
    other = send(target, "/api/send", view, **{"user-agent": "Other/1.0"})
    assert first.status_code == 200 and first.json() == other.json()
    batch = send(target, "/api/batch", [view, view])
    assert batch.json() == {
        "size": 2, "processed": 2, "errors": 0, "details": [], "cache": first.json()["cache"],
    }  # fmt: skip
    assert len(target.events()) == 4


def test_consent_stands_in_the_data(make_target: Callable[..., Target]) -> None:
    target = make_target(granted=False)
    target.list_origin(ORIGIN.replace("umami", "asked"))
    said = {"consent": {"purposes": {"analytics": True}}, "plan": "pro"}
    for data in ({}, said):
        payload = {"website": "x", "url": "/a", "name": "order", "data": data}
        body = {"type": "event", "payload": payload}
        origin = ORIGIN.replace("umami", "asked")
        assert send(target, "/api/send", body, origin=origin).status_code == 200
    full = [one for one in target.events() if "analytics" in one["purposes"]]
    assert [one["properties"] for one in full] == [{"plan": "pro"}]
