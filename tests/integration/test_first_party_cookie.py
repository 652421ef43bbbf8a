"""The first-party cookie in a real browser: none before consent, one with it, none after a no."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page

from tests.browser import open_page
from tests.helpers import ROOT
from tests.service import Service, running, wait_until
from tests.storage.keyring_worlds import find_bytes

SEND = """async ([url, key, event]) => {
    const body = JSON.stringify({events: [event]});
    const answer = await fetch(`${url}/v1/events?key=${key}`, {method: "POST", body});
    return [answer.status, document.cookie];
}"""

YES = {"purposes": {"analytics": True}, "method": "banner"}
NO = {"purposes": {"analytics": False}, "method": "banner"}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose policy gives the cookie thirty days."""
    folder = tmp_path_factory.mktemp("c")
    config = folder / "config"
    shutil.copytree(ROOT / "config", config, ignore=shutil.ignore_patterns("__pycache__"))
    policy = (config / "policy.toml").read_text()
    assert "device_days = 0 " in policy
    (config / "policy.toml").write_text(policy.replace("device_days = 0 ", "device_days = 30 "))
    with running(folder, {"SANAQ_CONFIG": str(config)}) as one:
        yield one


class Pages(BaseHTTPRequestHandler):
    """Answers every request with the same page, and logs nothing."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(b"<p>")

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def serve_page() -> Iterator[str]:
    """Give the origin of a site elsewhere."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Browser:
    """A page of a site that is mounted on the collector's own origin, or on another one."""

    def __init__(self, page: Page, service: Service, site: str, origin: str = "") -> None:
        self.page, self.service = page, service
        self.key = service.key(site, "browser")
        if not origin:
            html = {"body": "<p>", "content_type": "text/html"}
            page.route("**/page", lambda route: route.fulfill(**html))
        page.goto(f"{origin or service.collector}/page")

    def send(self, **event: Any) -> None:
        """Send a page view as the page's script would; scripts never see the cookie."""
        arguments = [self.service.collector, self.key, {"name": "page_view"} | event]
        assert self.page.evaluate(SEND, arguments) == [200, ""]

    def cookies(self) -> list[Any]:
        """Give the browser's cookies."""
        return list(self.page.context.cookies())


def test_no_cookie_before_consent_one_with_it_and_none_after_a_no(service: Service) -> None:
    with open_page() as page:
        browser = Browser(page, service, "cookies")
        browser.send()
        assert browser.cookies() == []
        browser.send(consent=YES)
        (cookie,) = browser.cookies()
        assert (cookie["name"], cookie["path"]) == ("sanaq_device", "/v1")
        assert cookie["secure"] and cookie["httpOnly"] and cookie["sameSite"] == "Strict"
        days = (cookie["expires"] - page.evaluate("Date.now() / 1000")) / 86_400
        assert 29.9 < days < 30.1
        browser.send(consent=YES)
        browser.send()
        assert [one["value"] for one in browser.cookies()] == [cookie["value"]]
        browser.send(consent=NO)
        assert browser.cookies() == []
        browser.send(consent=YES)
        assert browser.cookies()[0]["value"] != cookie["value"]
    service.await_loaded()
    rows = service.sql(
        "SELECT hex(device_id) AS device, subject_kind AS kind FROM sanaq.events "
        "WHERE site = 'cookies' ORDER BY received_at"
    )
    assert [row["kind"] for row in rows] == ["visit", "device", "device", "visit", "", "device"]
    devices = [row["device"] for row in rows]
    assert devices[1] == devices[2] != devices[5]
    assert {devices[0], devices[3], devices[4]} == {"00" * 16}
    value = str(cookie["value"])
    for needle in (value.encode(), bytes.fromhex(value.replace("-", ""))):
        assert find_bytes(service.folder, needle) == []


def test_a_page_of_another_origin_gets_no_cookie(service: Service) -> None:
    """Another port is another origin: its events count, with consent and without a device."""
    with serve_page() as origin, open_page() as page:
        browser = Browser(page, service, "elsewhere", origin)
        browser.send(consent=YES)
        assert browser.cookies() == []


def test_an_id_of_the_sites_own_needs_no_cookie(service: Service) -> None:
    with open_page() as page:
        browser = Browser(page, service, "own")
        browser.send(consent=YES, device="5d3a6f2e-5f65-4b8e-9c5f-0a3f2d4b7c11")
        assert browser.cookies() == []


def test_server_keys_and_the_pixel_set_none(service: Service) -> None:
    same = {"sec-fetch-site": "same-origin"}
    body = {"consent": YES, "events": [{"name": "page_view"}]}
    server, browser = service.key("servers"), service.key("servers", "browser")
    assert "set-cookie" not in service.post(server, body, headers=same).headers
    assert "set-cookie" in service.post(browser, body, headers=same).headers
    answer = httpx.get(f"{service.collector}/v1/pixel.gif?key={browser}", headers=same)
    assert answer.status_code == 200 and "set-cookie" not in answer.headers


RECORD = """async ([url, key, record]) => {
    const body = JSON.stringify(record);
    const answer = await fetch(`${url}/v1/consent?key=${key}`, {method: "POST", body});
    return answer.status;
}"""


def test_a_decision_on_record_sets_the_cookie_and_takes_it_away(service: Service) -> None:
    """Scripts cannot read the cookie, so a record that names nobody is about its device."""
    with open_page() as page:
        browser = Browser(page, service, "records")

        def decide(answer: bool) -> int:
            record = {"purposes": {"analytics": answer}, "method": "banner"}
            return int(page.evaluate(RECORD, [service.collector, browser.key, record]))

        assert (decide(False), browser.cookies()) == (400, [])
        assert decide(True) == 200
        (cookie,) = browser.cookies()
        wait_until(lambda: sends_a_device(browser), 5)
        assert decide(True) == 200
        assert [one["value"] for one in browser.cookies()] == [cookie["value"]]
        assert (decide(False), browser.cookies()) == (200, [])
        page.context.add_cookies([cookie])
        browser.send(consent=YES)
        assert browser.cookies() == []


def sends_a_device(browser: Browser) -> bool:
    """Send an event that says nothing of consent, and tell whether one kept a device."""
    browser.send()
    browser.service.await_loaded()
    rows = browser.service.sql(
        "SELECT count() AS n FROM sanaq.events WHERE site = 'records' AND subject_kind = 'device'"
    )
    return bool(rows[0]["n"])
