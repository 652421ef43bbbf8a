"""Who is let in, how often and how much: keys, origins, rates and sizes at the real endpoint."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.config.copies import change, copy_config
from tests.service import Service, running

pytestmark = pytest.mark.timeout(180)

PAGE = {"events": [{"name": "page_view"}]}
PER_SECOND = 3


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service behind a trusted proxy that admits few requests a second from an address."""
    folder = tmp_path_factory.mktemp("s")
    config = copy_config(folder / "config")
    limit = "requests_per_address_per_second_max = "
    change(config, "settings.toml", f"{limit}500", f"{limit}{PER_SECOND}")
    records = "records_per_address_per_second_max = "
    change(config, "settings.toml", f"{records}20", f"{records}{PER_SECOND}")
    environ = {"SANAQ_TRUSTED_PROXIES": "127.0.0.1", "SANAQ_CONFIG": str(config)}
    with running(folder, environ) as one:
        yield one


def _from(address: str, **more: str) -> dict[str, str]:
    return {"x-forwarded-for": address} | more


def test_a_browser_key_is_held_to_the_sites_origins_and_a_server_key_is_not(
    service: Service,
) -> None:
    service.sanaq("site", "add", "listed", "--origins", "https://soq.example")
    browser, server = service.key("listed", kind="browser"), service.key("listed")
    told = {
        (name, origin): service.post(key, PAGE, headers=_from("192.0.2.1", origin=origin))
        for name, key in (("browser", browser), ("server", server))
        for origin in ("https://soq.example", "https://SOQ.example", "https://evil.example")
    }
    refused = told.pop(("browser", "https://evil.example"))
    assert (refused.status_code, refused.json()["error"]) == (403, "origin_forbidden")
    assert {answer.status_code for answer in told.values()} == {200}


def test_logs_are_taken_with_a_server_key_alone(service: Service) -> None:
    body = {"import": {"source": "log", "basis": "contract"}, "lines": []}
    path = "/v1/import/access-log"
    refused = service.post(service.key("logs", kind="browser"), body, path)
    assert (refused.status_code, refused.json()["error"]) == (403, "key_kind")
    assert service.post(service.key("logs"), body, path).status_code == 200


RECORD = {"device": "d-1", "purposes": {"analytics": False}}


@pytest.mark.parametrize(("path", "body"), [("/v1/events", PAGE), ("/v1/consent", RECORD)])
def test_an_address_with_a_browser_key_may_send_so_much_and_others_go_on(
    service: Service, path: str, body: object
) -> None:
    browser, server = service.key("rates", kind="browser"), service.key("rates")
    with httpx.Client(base_url=service.collector, timeout=30) as client:

        def post(key: str, address: str) -> httpx.Response:
            headers = _from(address, authorization=f"Bearer {key}")
            return client.post(path, content=json.dumps(body), headers=headers)

        answers = [post(browser, "192.0.2.7") for _ in range(20 * PER_SECOND)]
        limited = [answer for answer in answers if answer.status_code != 200]
        assert limited and len(limited) < len(answers)
        assert {answer.json()["error"] for answer in limited} == {"rate_limited"}
        assert {answer.status_code for answer in limited} == {429}
        assert all(int(answer.headers["retry-after"]) > 0 for answer in limited)
        assert post(browser, "192.0.2.8").status_code == 200
        assert {post(server, "192.0.2.7").status_code for _ in range(30)} == {200}


def test_all_workers_count_an_address_in_one_place(service: Service) -> None:
    """Each request comes by a connection of its own, so that every worker has its share."""
    assert len(service.pids("worker")) >= 2
    browser, began = service.key("shared", kind="browser"), time.monotonic()
    answers = [service.post(browser, PAGE, headers=_from("192.0.2.10")) for _ in range(40)]
    seconds = time.monotonic() - began
    admitted = sum(answer.status_code == 200 for answer in answers)
    assert 2 * PER_SECOND <= admitted <= (2 + seconds) * PER_SECOND + 1


def test_with_a_public_key_little_stays_little(service: Service) -> None:
    page = {"name": "page_view", "properties": {"note": "1" * 1_900}}
    body = gzip.compress(json.dumps({"events": [page] * 600}).encode())
    assert len(body) < 20_000
    headers = _from("192.0.2.9", **{"content-encoding": "gzip"})
    refused = service.post(service.key("sizes", kind="browser"), body, headers=headers)
    assert (refused.status_code, refused.json()["error"]) == (413, "body_too_large")
    assert service.post(service.key("sizes"), body, headers=headers).json()["accepted"] == 600


def test_a_head_without_end_is_left(service: Service) -> None:
    answer = httpx.get(f"{service.collector}/livez", headers={"x-long": "a" * 400_000})
    assert answer.status_code == httpx.codes.REQUEST_HEADER_FIELDS_TOO_LARGE
    pages = httpx.get(f"{service.dashboards}/livez", headers={"x-long": "a" * 400_000})
    assert pages.status_code == httpx.codes.REQUEST_HEADER_FIELDS_TOO_LARGE
