"""The web SDK on real pages: what it tells, what it keeps to itself, and pages that misbehave."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha384
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from collector.web_sdk import FILES, read_builds, write_snippet
from scripts import web_sdk_snippet
from scripts.build_web_sdk import build_web_sdk
from tests.browser import open_page
from tests.sdk.pages import Site, serving
from tests.sdks.conftest import Target
from tests.service import wait_until

pytestmark = pytest.mark.timeout(300)

GZIP_BYTES_MAX = 2_000
"""Largest standard build, compressed: what a page pays for it."""

LINKS = """
<a id=out href="https://elsewhere.example/offer?email=a@b.kz">out</a>
<a id=file href="/price-list.pdf?token=1">file</a>
<script>addEventListener('click', (event) => event.preventDefault());</script>
"""

NO_ID = "00" * 16


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The SDK, built from its source."""
    folder = tmp_path_factory.mktemp("dist")
    assert build_web_sdk(folder) is None
    return folder


@contextmanager
def visiting(
    target: Target, built: Path, *, file: str = "sanaq.js", before: str = "", body: str = "",
    attributes: str = "",
) -> Iterator[Page]:  # fmt: skip
    """Open a page that has the SDK, on another origin than the collector."""
    script = (built / file).read_bytes()
    site = Site({"/sanaq.js": ("text/javascript", script)})
    key = target.key("browser")
    tag = (
        f"<script src=/sanaq.js data-key={key} data-collector={target.base} {attributes}></script>"
    )
    site.add_page("/start", head=f"{before}{tag}", body=body)
    site.add_page("/other", body="other")
    with serving(site), open_page() as page:
        page.goto(f"{site.address}/start?utm_source=mail&token=s3cret")
        yield page


def leave(page: Page, target: Target) -> None:
    """Leave the page, and wait for what it tells at its end."""
    sent = len(target.relay.passed)
    page.goto("about:blank")
    wait_until(lambda: len(target.relay.passed) > sent, 20)


def named(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["event_name"]: row for row in rows}


def test_the_standard_build_is_small(built: Path) -> None:
    size = len(gzip.compress((built / "sanaq.js").read_bytes(), 9))
    assert 1_000 < size <= GZIP_BYTES_MAX


def test_what_happens_on_a_page_is_told(make_target: Callable[..., Target], built: Path) -> None:
    target = make_target()
    with visiting(target, built, body=LINKS) as page:
        page.evaluate("sanaq('listing_view', {category: 'horses'})")
        page.click("#out")
        page.click("#file")
        page.evaluate("history.pushState({}, '', '/second')")
        page.evaluate("setTimeout(() => { throw new TypeError('first') }); 0")
        page.evaluate("Promise.reject(new Error('second')); 0")
        page.wait_for_timeout(1_500)
        leave(page, target)
    rows = target.events()
    kept = named(rows)
    assert sorted(row["page_path"] for row in rows if row["event_name"] == "page_view") == [
        "/second",
        "/start",
    ]
    assert kept["listing_view"]["properties"] == {"category": "horses"}
    assert kept["outbound_click"]["properties"] == {"url": "https://elsewhere.example/offer"}
    assert kept["download"]["properties"]["url"].endswith("/price-list.pdf")
    assert int(kept["engagement"]["properties"]["seconds"]) >= 1
    first = next(row for row in rows if row["page_path"] == "/start")
    assert (first["campaign_source"], first["page_query"]) == ("mail", "utm_source=mail")
    errors = target.events("diagnostics")
    assert {row["exception_message"] for row in errors} == {"first", "second"}
    assert {one.status for one in target.relay.passed} == {200}


def test_before_permission_nothing_is_stored_and_no_id_is_sent(
    make_target: Callable[..., Target], built: Path
) -> None:
    target = make_target(granted=False)
    stored = "localStorage.length + sessionStorage.length + document.cookie.length"
    with visiting(target, built) as page:
        page.wait_for_timeout(1_300)
        assert page.evaluate(stored) == 0
        page.evaluate("sanaq.consent({purposes: {analytics: true}, method: 'checkbox'})")
        page.evaluate("sanaq('known')")
        device = page.evaluate("localStorage.sanaq")
        page.wait_for_timeout(1_300)
        page.evaluate("sanaq.consent({purposes: {analytics: false}})")
        page.evaluate("sanaq('unknown')")
        assert page.evaluate(stored) == 0
        page.wait_for_timeout(1_300)
        page.evaluate("sanaq.consent({purposes: {analytics: true}})")
        assert page.evaluate("localStorage.sanaq") != device, (
            "what was forgotten is not known again"
        )
    kept = named(target.events())
    assert kept["page_view"]["device_id"] == NO_ID != kept["known"]["device_id"]
    assert kept["unknown"]["device_id"] == NO_ID


def test_what_was_not_answered_is_sent_again_and_counts_once(
    make_target: Callable[..., Target], built: Path
) -> None:
    target = make_target()
    target.relay.cut.set()
    with visiting(target, built) as page:
        wait_until(lambda: len(target.relay.passed) == 1, 20)
        target.relay.cut.clear()
        wait_until(lambda: len(target.relay.passed) == 2, 20)
        page.wait_for_timeout(1_500)
        assert len(target.relay.passed) == 2
    assert [row["event_name"] for row in target.events()] == ["page_view"]


def test_a_strict_policy_and_a_checked_hash_let_it_work(
    make_target: Callable[..., Target], built: Path
) -> None:
    target = make_target()
    digest = b64encode(sha384((built / "sanaq.js").read_bytes()).digest()).decode()
    rules = f"default-src 'none'; script-src 'self'; connect-src {target.base}"
    policy = f'<meta http-equiv=content-security-policy content="{rules}">'
    integrity = f'integrity="sha384-{digest}"'
    with visiting(target, built, before=policy, attributes=integrity) as page:
        wait_until(lambda: len(target.relay.passed) == 1, 20)
        assert page.title() == "page"
    assert [row["event_name"] for row in target.events()] == ["page_view"]


def test_the_collector_serves_it_and_the_snippet_of_the_docs_is_of_this_build(
    make_target: Callable[..., Target], built: Path
) -> None:
    target, builds = make_target(), read_builds(built)
    page_of_docs = web_sdk_snippet.PAGE.read_text()
    assert web_sdk_snippet.fill_page(page_of_docs, builds) == page_of_docs, "run `make docs`"
    assert builds.keys() == FILES.keys()
    snippet = write_snippet(builds["sanaq.js"], target.base, target.key("browser"))
    site = Site({})
    rules = f"default-src 'none'; script-src {target.base}; connect-src {target.base}"
    policy = f'<meta http-equiv=content-security-policy content="{rules}">'
    # A page that shares nothing with others takes only what says that it may be shared.
    site.headers = {"cross-origin-embedder-policy": "require-corp"}
    site.add_page("/start", head=policy + snippet)
    with serving(site), open_page() as page:
        page.goto(f"{site.address}/start")
        wait_until(lambda: target.relay.count("/v1/events") == 1, 20)
        assert page.evaluate("typeof sanaq") == "function"
    assert [row["event_name"] for row in target.events()] == ["page_view"]


HOSTILE = """<script>
Object.defineProperty(window, 'localStorage', {get() { throw new Error('closed') }});
addEventListener('click', (event) => event.stopImmediatePropagation());
window.dataLayer = [null, 7, 'consent', ['consent'], {0: 'consent', 1: 'update'}];
window.__tcfapi = (command, version, callback) => { callback(null, false); callback(undefined); };
window.__gpp = (command, callback) => { callback(null); callback({pingData: 7}); };
</script>"""


def test_a_page_that_misbehaves_breaks_nothing(
    make_target: Callable[..., Target], built: Path
) -> None:
    target = make_target()
    faults: list[str] = []
    with visiting(target, built, before=HOSTILE, body=LINKS) as page:
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.evaluate("sanaq.consent({purposes: {analytics: true}})")
        page.click("#out")
        page.evaluate("dispatchEvent(new CustomEvent('cc:onConsent', {detail: null}))")
        page.evaluate("dispatchEvent(new CustomEvent('cc:onChange', {detail: {cookie: 7}}))")
        page.wait_for_timeout(1_300)
    assert faults == []
    assert {"page_view", "outbound_click"} <= named(target.events()).keys()


ADVERTS = """
<div data-ad=ad-7 data-campaign=spring data-placement=top><a href="#x" id=ad>advert</a></div>
<div style="height:4000px"></div><div data-ad=ad-8>below</div>
"""


def test_the_full_build_tells_of_adverts_and_vitals(
    make_target: Callable[..., Target], built: Path
) -> None:
    target = make_target()
    with visiting(target, built, file="sanaq.full.js", body=ADVERTS) as page:
        page.evaluate("sanaq.consent({purposes: {analytics: true, advertising: true}})")
        page.wait_for_timeout(1_300)
        page.click("#ad")
        page.wait_for_timeout(1_300)
        leave(page, target)
    kept = named(target.events())
    told = {"ad_id": "ad-7", "campaign_id": "spring", "placement": "top"}
    assert kept["ad_impression"]["properties"] == told == kept["ad_click"]["properties"]
    (vitals,) = target.events("diagnostics")
    measured = {one["name"]: one["value"] for one in vitals["measurements"]}
    assert {"TTFB", "FCP", "LCP"} <= measured.keys() and measured["FCP"] > 0


def test_what_is_switched_off_is_not_watched(
    make_target: Callable[..., Target], built: Path
) -> None:
    target = make_target()
    with visiting(
        target, built, body=LINKS, attributes='data-off="pages links engagement"'
    ) as page:
        page.click("#out")
        page.evaluate("sanaq('own')")
        page.wait_for_timeout(1_300)
    assert [row["event_name"] for row in target.events()] == ["own"]
