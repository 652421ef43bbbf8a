"""The consent hooks hear what a page's banner was told, say nothing else, and store nothing."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from scripts.build_web_sdk import MODULES, build_web_sdk, check_types
from tests.browser import open_page
from tests.sdk.pages import Site, serving

pytestmark = pytest.mark.timeout(180)

GZIP_BYTES_MAX = 900
"""Largest built module, compressed."""

WATCH = """
window.heard = [];
sanaqConsent.watchConsent((consent) => window.heard.push(consent));
"""

TCF_API = """
window.listeners = new Map();
window.tell = (status, text) => listeners.forEach((callback, id) =>
  callback({eventStatus: status, tcString: text, listenerId: id}, true));
setTimeout(() => { window.__tcfapi = (command, version, callback, id) => {
  if (command === 'addEventListener') {
    listeners.set(7, callback); callback({eventStatus: 'cmpuishown', listenerId: 7}, true);
  }
}; }, 300);
"""
"""The page-side interface of a banner as the TCF describes it, which comes after our script."""

GPP_API = """
window.__gpp = (command, callback, id) => {
  if (command !== 'addEventListener') return;
  const ping = (status) => ({signalStatus: status, gppString: 'DBABBg~BVQqAAAAAgA.QA',
                             applicableSections: [7]});
  callback({eventName: 'listenerRegistered', listenerId: 1, pingData: ping('not ready')}, true);
  window.ready = () => callback({eventName: 'signalStatus', pingData: ping('ready')}, true);
};
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hooks, built from the source."""
    folder = tmp_path_factory.mktemp("dist")
    assert build_web_sdk(folder) is None
    return folder


@pytest.fixture
def site(built: Path) -> Iterator[Site]:
    """A site that has the hooks and a real banner."""
    banner = MODULES / "vanilla-cookieconsent" / "dist" / "cookieconsent.umd.js"
    script = "text/javascript"
    files = {
        "/hooks.js": (script, (built / "consent.global.js").read_bytes()),
        "/banner.js": (script, banner.read_bytes()),
    }
    with serving(Site(files)) as one:
        yield one


def _open(page: Page, site: Site, before: str = "", after: str = "") -> None:
    """Open a page that runs a script, the hooks, and another script."""
    head = (
        f"<script>{before}</script><script src=/hooks.js></script><script>{WATCH}{after}</script>"
    )
    site.add_page("/", head=head)
    page.goto(site.address)


def _heard(page: Page) -> list[dict[str, Any]]:
    """Give everything that was said so far."""
    heard: list[dict[str, Any]] = page.evaluate("window.heard")
    return heard


def test_the_source_has_no_type_errors() -> None:
    assert check_types() is None


def test_the_module_is_small(built: Path) -> None:
    assert len(gzip.compress((built / "consent.js").read_bytes(), 9)) <= GZIP_BYTES_MAX


def test_a_page_without_a_banner_says_nothing_and_nothing_is_stored(site: Site) -> None:
    with open_page() as page:
        _open(page, site)
        page.wait_for_timeout(500)
        assert _heard(page) == []
        assert page.context.cookies() == []
        assert page.evaluate("localStorage.length + sessionStorage.length") == 0
        assert set(site.methods) == {"GET"} and site.posted == []


def test_a_tcf_string_is_heard_once_the_person_has_chosen(site: Site) -> None:
    with open_page() as page:
        _open(page, site, before=TCF_API)
        page.wait_for_function("window.listeners.size === 1")
        assert _heard(page) == [], "a banner that is only shown says nothing"
        page.evaluate("tell('useractioncomplete', 'CQ-first')")
        page.evaluate("tell('useractioncomplete', 'CQ-first')")
        page.evaluate("tell('tcloaded', 'CQ-second')")
        assert _heard(page) == [{"tcf": "CQ-first"}, {"tcf": "CQ-second"}]


def test_a_gpp_string_is_heard_once_it_is_ready(site: Site) -> None:
    with open_page() as page:
        _open(page, site, before=GPP_API)
        assert _heard(page) == []
        page.evaluate("ready()")
        assert _heard(page) == [{"gpp": "DBABBg~BVQqAAAAAgA.QA", "gpp_sid": [7]}]


def test_consent_mode_is_heard_from_before_and_after_and_the_layer_works_on(site: Site) -> None:
    gtag = "function gtag() { dataLayer.push(arguments); }"
    default = "{ad_storage: 'denied', analytics_storage: 'granted'}"
    before = f"window.dataLayer = []; {gtag} gtag('consent', 'default', {default});"
    with open_page() as page:
        _open(page, site, before=before)
        assert _heard(page) == [{"google": {"ad_storage": "denied"}}], "a default is no yes"
        page.evaluate("gtag('consent', 'default', {ad_storage: 'granted'})")
        page.evaluate("gtag('event', 'purchase', {ad_storage: 'granted'})")
        page.evaluate("gtag('consent', 'update', {analytics_storage: 'granted', dma: 'denied?'})")
        said = {"ad_storage": "denied", "analytics_storage": "granted"}
        assert _heard(page)[1:] == [{"google": said}]
        assert page.evaluate("dataLayer.length") == 4


BANNER = """
CookieConsent.run({
  hideFromBots: false,
  categories: {necessary: {enabled: true, readOnly: true}, analytics: {services: {own: {}}},
               ads: {}},
  language: {default: 'en', translations: {en: {
    consentModal: {title: 't', acceptAllBtn: 'all', acceptNecessaryBtn: 'none'},
    preferencesModal: {sections: []}}}},
});
"""


def test_a_real_banner_is_heard_refusing_and_then_granting(site: Site) -> None:
    with open_page() as page:
        site.add_page(
            "/",
            head=f"<script src=/banner.js></script><script src=/hooks.js></script>"
            f"<script>{WATCH}addEventListener('load', () => {{{BANNER}}});</script>",
        )
        page.goto(site.address)
        page.wait_for_selector("#cc-main button[data-role=necessary]")
        assert _heard(page) == [], "a banner that is only shown says nothing"
        page.click("#cc-main button[data-role=necessary]")
        refused = {"necessary": True, "analytics": False, "ads": False}
        page.wait_for_function("window.heard.length === 1")
        assert _heard(page) == [{"categories": refused}]
        page.evaluate("CookieConsent.acceptCategory(['analytics'])")
        page.wait_for_function("window.heard.length === 2")
        assert _heard(page)[1] == {"categories": refused | {"analytics": True}}
        page.reload()
        page.wait_for_function("window.heard.length === 1")
        assert _heard(page) == [{"categories": refused | {"analytics": True}}], "remembered"


def test_a_record_is_sent_without_a_preflight_and_a_failure_is_told(site: Site) -> None:
    site.answer = (200, json.dumps({"receipt": {"receipt_id": "r-1"}}).encode())
    record = {"device": "d-1", "purposes": {"analytics": False}}
    call = f"sanaqConsent.recordConsent(location.origin, 'sk b', {json.dumps(record)})"
    with open_page() as page:
        _open(page, site)
        assert page.evaluate(call) == {"receipt": {"receipt_id": "r-1"}}
        ((path, kind, body),) = site.posted
        assert (path, kind) == ("/v1/consent?key=sk%20b", "text/plain")
        assert json.loads(body) == record
        assert set(site.methods) == {"GET", "POST"}
        site.answer = (503, b"{}")
        told = page.evaluate(f"{call}.then(() => 'taken', (fault) => fault.message)")
        assert told == "the consent was not recorded: 503"
