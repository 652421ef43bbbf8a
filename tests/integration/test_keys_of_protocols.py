"""Keys wherever SDKs put them, bodies that must be read before their key is known, and answers."""

from __future__ import annotations

import gzip
import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.service import Service, running

pytestmark = pytest.mark.timeout(300)

ITEM = {"type": "track", "event": "a", "anonymousId": "anon-1"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service behind a proxy that it trusts."""
    with running(tmp_path_factory.mktemp("k"), {"SANAQ_TRUSTED_PROXIES": "127.0.0.1"}) as service:
        yield service


@pytest.fixture(scope="module")
def keys(service: Service) -> dict[str, str]:
    """A key of each kind."""
    return {kind: service.key("soq", kind) for kind in ("browser", "server")}


def send(service: Service, path: str, body: Any, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return httpx.post(service.collector + path, content=content, headers=headers, timeout=30)


def test_a_key_is_found_in_each_place(service: Service, keys: dict[str, str]) -> None:
    key = keys["browser"]
    basic = "Basic " + b64encode(f"{key}:".encode()).decode()
    batch = {"batch": [ITEM]}
    answers = [
        send(service, "/v1/batch", batch, authorization=basic),
        send(service, "/v1/batch", batch, authorization=f"Bearer {key}"),
        send(service, "/v1/batch", batch | {"writeKey": key}),
        send(service, f"/v1/batch?writeKey={key}", batch),
        send(service, f"/v1/batch?key={key}", batch),
        send(service, f"/segment/{key}/v1/batch", batch),
        send(service, f"/rudderstack/{key}/v1/batch/", batch),
    ]
    assert [one.status_code for one in answers] == [200] * 7
    assert {one.content for one in answers} == {b'{"success":true}'}


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/v1/batch", {"batch": [ITEM]}, "key_missing"),
        ("/v1/batch", {"batch": [ITEM], "writeKey": "sk_b_nobody"}, "key_unknown"),
        ("/v1/batch", {"batch": [ITEM], "writeKey": 7}, "key_missing"),
        ("/v1/batch", b"\xff\xfe", "key_missing"),
        ("/segment/sk_b_nobody/v1/batch", {"batch": [ITEM]}, "key_unknown"),
    ],
)
def test_without_a_key_that_is_known_nothing_is_taken(
    service: Service, path: str, body: Any, reason: str
) -> None:
    answer = send(service, path, body)
    assert (answer.status_code, answer.json()["error"]) == (401, reason)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"events": [], "api_key": "sk_b_nobody"}, {"code": 400, "reason": "key_unknown"}),
        ({"batch": [], "api_key": "sk_b_nobody"}, {"error": "key_unknown"}),
        (b"v=1&tid=UA-1&t=pageview&dp=%2F", {"error": "origin_unlisted"}),
        (b"nobody's", {"code": 400, "reason": "body_invalid"}),
    ],
)
def test_a_fault_of_a_shared_path_has_the_form_of_the_protocol_whose_body_it_is(
    service: Service, body: Any, told: dict[str, Any]
) -> None:
    answer = send(service, "/batch", body)
    assert answer.status_code in (400, 401, 403)
    assert told.items() <= answer.json().items(), answer.text
    assert ("code" in answer.json()) == ("code" in told)


def test_a_body_with_a_public_key_may_not_inflate_beyond_the_bound(
    service: Service, keys: dict[str, str]
) -> None:
    for kind, status in (("browser", 413), ("server", 200)):
        body = {"batch": [ITEM], "writeKey": keys[kind], "x": "y" * 2_000_000}
        sent = gzip.compress(json.dumps(body).encode())
        assert (
            send(service, "/v1/batch", sent, **{"content-encoding": "gzip"}).status_code == status
        )


def test_a_server_that_puts_its_key_into_a_large_body_is_not_limited(
    service: Service, keys: dict[str, str]
) -> None:
    body = {"batch": [ITEM], "writeKey": keys["server"], "x": "y" * 6_000_000}
    sent = gzip.compress(json.dumps(body).encode())
    answers = [send(service, "/v1/batch", sent, **{"content-encoding": "gzip"}) for _ in range(3)]
    assert [one.status_code for one in answers] == [200] * 3


def test_a_bomb_is_left_before_its_key_is_looked_for(service: Service) -> None:
    bomb = gzip.compress(b'{"batch":[' + b" " * 50_000_000)
    answer = send(service, "/v1/batch", bomb)
    assert (answer.status_code, answer.json()["error"]) == (413, "body_too_large")


def test_a_preflight_allows_what_sdks_send(service: Service) -> None:
    asked = {"origin": "https://soq.example", "access-control-request-method": "POST"}
    answer = httpx.options(service.collector + "/v1/batch", headers=asked)
    allowed = answer.headers["access-control-allow-headers"].split(", ")
    assert answer.status_code == 204
    assert {"authorization", "content-type", "anonymousid", "x-sentry-auth"} <= set(allowed)
    assert answer.headers["access-control-allow-origin"] == "https://soq.example"


def test_what_the_service_calls_itself_is_what_its_sender_reached(
    service: Service, keys: dict[str, str]
) -> None:
    key = keys["browser"]
    told = {"host": "c.soq.example", "x-forwarded-proto": "https"}
    for path, host in (
        (f"/v1/projects/{key}/settings", "c.soq.example/v1"),
        (f"/segment/projects/{key}/settings", "c.soq.example/segment/v1"),
    ):
        answer = httpx.get(service.collector + path, headers=told)
        own = answer.json()["integrations"]["Segment.io"]
        assert own == {"apiKey": key, "apiHost": host, "protocol": "https"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/v1/batch", 405), ("DELETE", "/v1/events", 405), ("GET", "/nowhere", 404)],
)
def test_other_methods_and_paths_are_told_apart(
    service: Service, method: str, path: str, status: int
) -> None:
    assert httpx.request(method, service.collector + path).status_code == status
