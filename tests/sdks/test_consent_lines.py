"""The documented lines for consent: without them an SDK's event names nobody, with them it is kept.

Everything is sent at once by the first test that asks; each test looks at what became of its part.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from tests.browser import open_page
from tests.sdks.conftest import HONOURED_SECONDS
from tests.sdks.consent_lines import lines_of, platform_of, read_runs
from tests.sdks.consent_pages import BROWSER
from tests.sdks.consent_servers import NODE, PYTHON
from tests.sdks.programs import AGENT, bundle_all, run_node, run_python
from tests.sdks.relay import Relay, relaying
from tests.service import Service, wait_until

pytestmark = pytest.mark.timeout(300)

NOBODY = "00" * 16

SENT_SECONDS_MAX = 40.0

AT_ONCE = 4
"""So many programs run side by side."""

RUNS = read_runs()

SILENT = "silent"
"""Leg of a page that says nothing."""

NAMELESS = {("umami-node", "property"), ("umami-python", "property")} | {
    (sdk, leg) for sdk, leg in RUNS if sdk.startswith("plausible")
}
"""What sends no id, so that its events are kept and still name nobody."""

PYTHON_AROUND = (
    "import os, requests, time\nHOST, KEY, DSN = map(os.environ.get, ('HOST', 'KEY', 'DSN'))\n",
    f"time.sleep({HONOURED_SECONDS})\n",
)

NODE_AROUND = (
    "const { HOST, KEY, DSN } = process.env;\n",
    f"await new Promise((done) => setTimeout(done, {HONOURED_SECONDS * 1_000}));\n",
)
"""What names what the documentation names, and what waits until a record is heeded."""


class Row(NamedTuple):
    """What became of one event."""

    name: str
    is_kept: bool
    is_known: bool


Rows = dict[str, list[Row]]
"""Site -> what became of its events."""


def write_program(sdk: str, leg: str) -> tuple[str, Callable[..., str]]:
    """Give the program of a server's SDK, and what runs it."""
    is_python = platform_of(sdk) == "python"
    one = PYTHON[sdk] if is_python else NODE[sdk]
    lines = lines_of(sdk, leg)
    head, wait = PYTHON_AROUND if is_python else NODE_AROUND
    order = "" if "order" in lines else one.order
    before = one.head + one.look + one.done + lines + (wait if leg == "record" else "")
    return head + before + order + one.done + one.end, run_python if is_python else run_node


def write_page(sdk: str) -> str:
    """Give the function that runs an SDK in a page, by the leg that it is told."""
    one = BROWSER[sdk]
    wait = NODE_AROUND[1]
    legs = [leg for name, leg in RUNS if name == sdk]
    said = {leg: lines_of(sdk, leg) + (wait if leg == "record" else "") for leg in legs}
    steps = "".join(f"if (LEG === '{leg}') {{ {lines} }}\n" for leg, lines in said.items())
    sending = [leg for leg in legs if "order" in said[leg]]
    order = f"if (!{json.dumps(sending)}.includes(LEG)) {{ {one.order} }}\n"
    body = f"const {{ HOST, KEY, SITE, LEG }} = TOLD;\n{one.head}\n{steps}{order}"
    done = "document.title = 'ran'; })().catch((fault) => { document.title = String(fault); });"
    return f"{one.imports}\n(async () => {{ {body} {done}"


def run_servers(service: Service) -> None:
    """Run every program of SDKs for servers."""

    def run(sdk: str, leg: str) -> None:
        key = service.key(f"{sdk}-{leg}")
        dsn = service.collector.replace("http://", f"http://{key}@") + "/1"
        source, start = write_program(sdk, leg)
        start(source, {"HOST": service.collector, "KEY": key, "DSN": dsn})

    with ThreadPoolExecutor(AT_ONCE) as threads:
        runs = [threads.submit(run, sdk, leg) for sdk, leg in RUNS if platform_of(sdk) != "browser"]
    for one in runs:
        one.result()


def add_page(service: Service, relay: Relay, sdk: str, leg: str) -> str:
    """Add the page of a leg, whose origin its site lists; give its address."""
    site = f"{sdk}-{leg}"
    key = service.key(site, "browser")
    service.ask("site", "set", site, "--origins", relay.address)
    # A cookie is seen on the page's own origin alone; without any, all the less elsewhere.
    host = relay.address if leg in ("cookie", SILENT) else service.collector
    told = json.dumps({"HOST": host, "KEY": key, "SITE": site, "LEG": leg})
    html = f"<!doctype html><script>window.TOLD={told}</script><script src=/{sdk}.js></script>"
    relay.pages[f"/{site}"] = ("text/html", html.encode())
    return f"{relay.address}/{site}"


def open_pages(browser: Browser, addresses: list[str]) -> list[Page]:
    """Open each address in a profile of its own."""
    pages = []
    for address in addresses:
        page = browser.new_context(user_agent=AGENT).new_page()
        page.add_init_script("Object.defineProperty(navigator, 'webdriver', {get: () => false})")
        page.goto(address)
        pages.append(page)
    return pages


def run_pages(service: Service, folder: Path) -> None:
    """Run every page, each in a profile of its own, and wait until their events have arrived."""
    told = [(sdk, leg) for sdk, leg in RUNS if platform_of(sdk) == "browser"]
    told += [(sdk, SILENT) for sdk in BROWSER]
    with relaying(service.collector) as relay, open_page() as first:
        scripts = bundle_all({sdk: write_page(sdk) for sdk in BROWSER}, folder)
        for sdk, script in scripts.items():
            relay.pages[f"/{sdk}.js"] = ("text/javascript", script)
        addresses = [add_page(service, relay, sdk, leg) for sdk, leg in told]
        browser = first.context.browser
        assert browser is not None
        pages = open_pages(browser, addresses)
        for page in pages:
            page.wait_for_function("document.title !== ''", timeout=30_000)
            assert page.title() == "ran", page.url
        sites = {f"{sdk}-{leg}" for sdk, leg in told}
        wait_until(lambda: sites <= read_rows(service).keys(), SENT_SECONDS_MAX)


def read_rows(service: Service) -> Rows:
    """Give what became of the events `looked` and `order`, by site."""
    service.await_loaded()
    rows: Rows = {}
    for table, name in (("events", "event_name"), ("diagnostics", "exception_message")):
        query = (
            f"SELECT site, {name} AS name, purposes, device_id, person_id FROM sanaq.{table} "
            f"WHERE {name} IN ('looked', 'order')"
        )
        for one in service.sql(query):
            is_known = {one["device_id"], one["person_id"]} != {NOBODY}
            row = Row(one["name"], "analytics" in one["purposes"], is_known)
            rows.setdefault(one["site"], []).append(row)
    return rows


@pytest.fixture(scope="module")
def rows(sdk_service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rows]:
    """What became of all that was sent, by site."""
    run_servers(sdk_service)
    run_pages(sdk_service, tmp_path_factory.mktemp("pages"))
    yield read_rows(sdk_service)


@pytest.mark.parametrize(("sdk", "leg"), RUNS)
def test_the_documented_lines_decide(rows: Rows, sdk: str, leg: str) -> None:
    told: dict[str, Any] = {"looked": set(), "order": set()}
    for row in rows[f"{sdk}-{leg}"]:
        told[row.name].add((row.is_kept, row.is_known))
    if platform_of(sdk) == "browser":
        told["looked"] = {(row.is_kept, row.is_known) for row in rows[f"{sdk}-{SILENT}"]}
    assert told["looked"] == {(False, False)}
    assert told["order"] == {(True, (sdk, leg) not in NAMELESS)}
