"""What a browser is told of our pages, and what is refused from it; faults say nothing."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from config.settings import load_settings
from dashboards.app import create_app
from dashboards.forms import FORM_BYTES_MAX
from dashboards.services import Services
from dashboards.templating import Templates
from storage.clock import utc_now
from storage.errors import Unavailable
from storage.logs import get_log
from storage.registry import open_registry
from storage.registry.sites import add_site
from storage.registry.users import add_user, link_path
from storage.warehouse import Refused
from tests.dashboards.worlds import PASSWORD
from tests.helpers import ROOT

HTTPS = "https://dash.example"
PLAIN = "http://dash.example"
SECRET = "secret-of-a-sender"

Use = Callable[[httpx.AsyncClient], Awaitable[None]]


class FailingReads:
    """A warehouse that fails in the way it is told to."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Fail."""
        raise self.error


class Desk:
    """The dashboards in this process, over a registry of their own."""

    def __init__(self, home: Path, error: Exception) -> None:
        settings = load_settings({"SANAQ_HOME": str(home), "SANAQ_CONFIG": str(ROOT / "config")})
        self.registry = open_registry(settings)
        self.lines = io.StringIO()
        log = get_log("dashboards", stream=self.lines)
        reads = FailingReads(error)
        services = Services(settings, self.registry, reads, Templates(), utc_now, log)
        self.app = create_app(services)
        add_site(self.registry, "soq", "cli:0")

    def run(self, use: Use, base: str = HTTPS) -> None:
        """Use the app as a browser at an address does."""

        async def run() -> None:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(transport=transport, base_url=base) as client:
                await use(client)

        asyncio.run(run())


@pytest.fixture
def desk(home: Path) -> Desk:
    return Desk(home, Unavailable("warehouse"))


def csrf_of(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]


async def sign_in(desk: Desk, client: httpx.AsyncClient) -> httpx.Response:
    path = link_path(add_user(desk.registry, "a@soq.example", "analyst", "cli:0"))
    csrf = csrf_of((await client.get(path)).text)
    return await client.post(path, data={"csrf": csrf, "password": PASSWORD, "again": PASSWORD})


def test_every_answer_is_secured(desk: Desk) -> None:
    async def use(client: httpx.AsyncClient) -> None:
        for path in ("/", "/sign-in", "/welcome/x", "/livez", "/nowhere", "/static/css/base.css"):
            headers = (await client.get(path)).headers
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
            assert "unsafe" not in policy and "*" not in policy and "http" not in policy
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["strict-transport-security"]
            assert "server" not in headers
            is_static = path.startswith("/static/")
            assert (headers["cache-control"] == "no-store") is not is_static

    desk.run(use)


def test_cookies_are_pinned_where_there_is_https(desk: Desk) -> None:
    async def use(client: httpx.AsyncClient) -> None:
        answer = await sign_in(desk, client)
        cookies = answer.headers.get_list("set-cookie")
        session = next(cookie for cookie in cookies if "session" in cookie)
        assert session.startswith("__Host-sanaq_session=")
        parts = session.lower().split("; ")
        assert {"secure", "httponly", "samesite=lax", "path=/"} <= set(parts)
        assert not any(part.startswith("domain") for part in parts)

    desk.run(use)


def test_no_password_is_taken_over_plain_http_from_elsewhere(desk: Desk) -> None:
    async def use(client: httpx.AsyncClient) -> None:
        answer = await sign_in(desk, client)
        assert answer.status_code == 403
        assert "HTTPS" in answer.text
        page = await client.get("/sign-in")
        form = {"csrf": csrf_of(page.text), "email": "a@soq.example", "password": PASSWORD}
        assert (await client.post("/sign-in", data=form)).status_code == 403

    desk.run(use, PLAIN)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ],
)
def test_forms_from_elsewhere_are_refused(desk: Desk, headers: dict[str, str]) -> None:
    async def use(client: httpx.AsyncClient) -> None:
        csrf = csrf_of((await client.get("/sign-in")).text)
        for path in ("/sign-in", "/sign-out", "/welcome/x"):
            answer = await client.post(path, data={"csrf": csrf}, headers=headers)
            assert answer.status_code == 403

    desk.run(use)


@pytest.mark.parametrize("csrf", ["", "guessed", "ключ"])
def test_forms_without_the_browsers_value_are_refused(desk: Desk, csrf: str) -> None:
    async def use(client: httpx.AsyncClient) -> None:
        assert (await client.post("/sign-out", data={"csrf": csrf})).status_code == 403
        await client.get("/sign-in")
        assert (await client.post("/sign-out", data={"csrf": csrf})).status_code == 403

    desk.run(use)


@pytest.mark.parametrize(
    "body",
    [b"a=" + b"x" * FORM_BYTES_MAX, b"&".join([b"a=1"] * 50), b"\xff\xfe", b"csrf=%ff", b""],
)
def test_forms_that_are_none_are_refused(desk: Desk, body: bytes) -> None:
    async def use(client: httpx.AsyncClient) -> None:
        await client.get("/sign-in")
        assert (await client.post("/sign-in", content=body)).status_code == 403

    desk.run(use)


def test_what_is_not_there_says_nothing_of_what_was_asked(desk: Desk) -> None:
    async def use(client: httpx.AsyncClient) -> None:
        for path in (f"/{SECRET}", f"/sites/{SECRET}", "/sites/a/b", f"/welcome/{SECRET}"):
            assert SECRET not in (await client.get(path)).text
        assert (await client.post("/")).status_code == 405
        await sign_in(desk, client)
        answer = await client.get(f"/sites/{SECRET}?from={SECRET}")
        assert answer.status_code == 404
        assert SECRET not in answer.text

    desk.run(use)


def test_a_warehouse_that_does_not_answer_is_said(desk: Desk) -> None:
    async def use(client: httpx.AsyncClient) -> None:
        await sign_in(desk, client)
        answer = await client.get("/sites/soq")
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["detail"]) == (503, "warehouse")
        assert (await client.get("/livez")).status_code == 200

    desk.run(use)


def test_a_warehouse_without_its_tables_is_said_and_noted(home: Path) -> None:
    desk = Desk(home, Refused(60))

    async def use(client: httpx.AsyncClient) -> None:
        await sign_in(desk, client)
        assert (await client.get("/sites/soq")).status_code == 503
        assert (await client.get("/readyz")).json()["detail"] == "warehouse"

    desk.run(use)
    line = json.loads(desk.lines.getvalue())
    assert (line["message"], line["code"]) == ("the warehouse refused", 60)


def test_a_fault_of_ours_is_noted_without_its_text(home: Path) -> None:
    desk = Desk(home, ValueError(SECRET))

    async def use(client: httpx.AsyncClient) -> None:
        await sign_in(desk, client)
        answer = await client.get("/sites/soq")
        assert answer.status_code == 500
        assert answer.headers["content-security-policy"]
        assert SECRET not in answer.text

    desk.run(use)
    lines = [json.loads(line) for line in desk.lines.getvalue().splitlines()]
    assert [(line["message"], line["error"]) for line in lines] == [("a page failed", "ValueError")]
    assert SECRET not in desk.lines.getvalue()
