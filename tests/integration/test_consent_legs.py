"""The three legs of consent, in a real browser with a real banner, against the whole service.

The banner's cookie on the collector's own origin, the choice in the payload, and a record keyed by
the device. Each is tried unanswered, refused and granted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Page

from scripts.build_web_sdk import MODULES, build_web_sdk
from tests.browser import open_page
from tests.sdk.pages import Site, serving
from tests.service import Service, running

pytestmark = pytest.mark.timeout(300)

NO_ID = "00" * 16

BANNER = """
CookieConsent.run({
  hideFromBots: false,
  categories: {necessary: {enabled: true, readOnly: true},
               analytics: {services: {own: {}}}, marketing: {services: {ads: {}}}},
  language: {default: 'en', translations: {en: {
    consentModal: {title: 't', acceptAllBtn: 'all', acceptNecessaryBtn: 'none'},
    preferencesModal: {sections: []}}}},
});
"""

SCRIPT = """
let said = {};
sanaqConsent.watchConsent((consent) => { said = consent; });
async function post(collector, key, event, consent) {
  const body = JSON.stringify({consent, events: [{name: 'page_view', ...event}]});
  const answer = await fetch(`${collector}/v1/events?key=${key}`, {method: 'POST', body});
  return answer.status;
}
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The whole service."""
    with running(tmp_path_factory.mktemp("s")) as one:
        yield one


@pytest.fixture(scope="module")
def key(service: Service) -> str:
    """A browser key."""
    return service.key("legs", kind="browser")


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The consent hooks, built from the source."""
    folder = tmp_path_factory.mktemp("dist")
    assert build_web_sdk(folder) is None
    return (folder / "consent.global.js").read_bytes()


@pytest.fixture
def site(service: Service, hooks: bytes) -> Iterator[Site]:
    """A site with a banner, whose own `/v1/` leads to the collector."""
    banner = (MODULES / "vanilla-cookieconsent" / "dist" / "cookieconsent.umd.js").read_bytes()
    script = "text/javascript"
    files = {"/hooks.js": (script, hooks), "/banner.js": (script, banner)}
    with serving(Site(files, collector=service.collector)) as one:
        start = f"{SCRIPT} addEventListener('load', () => {{{BANNER}}});"
        head = "<script src=/banner.js></script><script src=/hooks.js></script>"
        one.add_page("/", head=f"{head}<script>{start}</script>")
        yield one


class Sender:
    """A page that sends events and looks them up."""

    def __init__(self, page: Page, service: Service, key: str) -> None:
        self._page, self._service, self._key = page, service, key

    def send(self, collector: str, consent: str = "undefined", **event: Any) -> dict[str, Any]:
        """Send one event from the page and give the row that was stored."""
        event_id = str(uuid4())
        sent = json.dumps({"event_id": event_id, **event})
        call = f"post({json.dumps(collector)}, {json.dumps(self._key)}, {sent}, {consent})"
        assert self._page.evaluate(call) == 200
        self._service.await_loaded()
        columns = "subject_kind, purposes, decided_by, hex(device_id) AS device"
        query = f"SELECT {columns} FROM sanaq.events WHERE event_id = '{event_id}'"
        (row,) = self._service.sql(query)
        return row

    def choose(self, role: str) -> None:
        """Click a button of the banner."""
        self._page.click(f"#cc-main button[data-role={role}]")
        self._page.wait_for_function("said.categories !== undefined")


def test_the_banners_cookie_decides_on_the_collectors_own_origin(
    service: Service, site: Site, key: str
) -> None:
    with open_page() as page:
        page.goto(site.address)
        sender, device = Sender(page, service, key), str(uuid4())
        page.wait_for_selector("#cc-main button[data-role=necessary]")
        unsaid = sender.send(site.address, device=device)
        assert (unsaid["subject_kind"], unsaid["device"]) == ("visit", NO_ID)
        sender.choose("necessary")
        refused = sender.send(site.address, device=device)
        assert (refused["subject_kind"], refused["device"]) == ("", NO_ID)
        page.evaluate("CookieConsent.acceptCategory('all')")
        granted = sender.send(site.address, device=device)
        assert granted["subject_kind"] == "device" and granted["device"] != NO_ID
        assert {"analytics", "advertising"} <= set(granted["purposes"])
        elsewhere = sender.send(service.collector, device=device)
        assert elsewhere["device"] == NO_ID, "a cookie of another origin is not seen, nor guessed"


def test_the_choice_travels_in_the_payload_to_another_origin(
    service: Service, site: Site, key: str
) -> None:
    with open_page() as page:
        page.goto(site.address)
        sender, device = Sender(page, service, key), str(uuid4())
        page.wait_for_selector("#cc-main button[data-role=necessary]")
        unsaid = sender.send(service.collector, "said", device=device)
        assert (unsaid["subject_kind"], unsaid["device"]) == ("visit", NO_ID)
        sender.choose("necessary")
        refused = sender.send(service.collector, "said", device=device)
        assert (refused["subject_kind"], refused["device"]) == ("", NO_ID)
        page.evaluate("CookieConsent.acceptCategory(['analytics'])")
        page.wait_for_function("said.categories.analytics === true")
        granted = sender.send(service.collector, "said", device=device)
        assert granted["subject_kind"] == "device"
        assert "analytics" in granted["purposes"] and "advertising" not in granted["purposes"]
        assert any(one.startswith("advertising=!") for one in granted["decided_by"])


def test_a_record_decides_for_what_says_nothing_and_a_withdrawal_for_what_claims_consent(
    service: Service, site: Site, key: str
) -> None:
    claims = "{purposes: {analytics: true}, method: 'checkbox'}"
    with open_page() as page:
        page.goto(site.address)
        sender, device = Sender(page, service, key), str(uuid4())

        def record(granted: bool) -> dict[str, Any]:
            told = {
                "device": device,
                "purposes": {"analytics": granted},
                "policy_version": "2026-11",
                "method": "banner",
            }
            call = f"sanaqConsent.recordConsent(location.origin, '{key}', {json.dumps(told)})"
            receipt: dict[str, Any] = page.evaluate(call)["receipt"]
            assert device not in json.dumps(receipt)
            time.sleep(1.0)
            return receipt

        assert sender.send(service.collector, device=device)["device"] == NO_ID
        record(granted=True)
        granted = sender.send(service.collector, device=device)
        assert granted["device"] != NO_ID and "analytics=record" in granted["decided_by"]
        record(granted=False)
        for consent in ("undefined", claims):
            withdrawn = sender.send(service.collector, consent, device=device)
            assert (withdrawn["subject_kind"], withdrawn["device"]) == ("", NO_ID)
            assert "analytics=!withdrawal" in withdrawn["decided_by"]
        record(granted=True)
        assert sender.send(service.collector, device=device)["device"] != NO_ID
