"""Plausible's two trackers in a page: no key, the site is the one that lists the page's origin."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sdks.conftest import Target
from tests.sdks.programs import open_site

pytestmark = pytest.mark.timeout(300)

OLD_TRACKER = """
import Plausible from 'plausible-tracker';
const plausible = Plausible({ domain: 'soq', apiHost: TOLD.BASE, trackLocalhost: true });
plausible.trackPageview();
plausible.trackEvent('order', {
  props: { plan: 'pro', user_id: 'u-1' },
  callback: () => { document.title = 'sent'; },
});
"""

NEW_TRACKER = """
import { init, track } from '@plausible-analytics/tracker';
init({ domain: 'soq', endpoint: TOLD.BASE + '/api/event', captureOnLocalhost: true,
       customProperties: { theme: 'dark' } });
track('order', {
  props: { plan: 'pro' },
  revenue: { amount: 12.5, currency: 'KZT' },
  callback: () => { document.title = 'sent'; },
});
"""

PATH = "/install?utm_source=x&gclid=Cj0"
SENT = ("POST", "/api/event", 202, b"ok")


def run(source: str, target: Target, folder: Path, is_listed: bool = True) -> None:
    listing = target.list_origin if is_listed else None
    with open_site(source, {"BASE": target.base}, folder, PATH, listing) as page:
        page.wait_for_function("document.title === 'sent'")
        page.wait_for_timeout(300)


def test_the_old_tracker(make_target: Callable[..., Target], page_folder: Path) -> None:
    target = make_target()
    run(OLD_TRACKER, target, page_folder)
    assert target.relay.passed == [SENT] * 2
    kept = {one["event_name"]: one for one in target.events()}
    assert set(kept) == {"page_view", "order"}
    assert kept["page_view"]["page_path"] == "/install"
    assert kept["page_view"]["campaign_source"] == "x"
    assert kept["order"]["properties"] == {"plan": "pro"}


def test_the_new_tracker(make_target: Callable[..., Target], page_folder: Path) -> None:
    target = make_target()
    run(NEW_TRACKER, target, page_folder)
    assert target.relay.passed[:2] == [SENT] * 2
    kept = {one["event_name"]: one for one in target.events()}
    assert set(kept) >= {"page_view", "order"}
    assert kept["order"]["properties"] == {"plan": "pro", "theme": "dark"}
    assert (kept["order"]["revenue"], kept["order"]["currency"]) == (12.5, "KZT")
    assert {one["device_id"] for one in kept.values()} == {"00" * 16}


def test_an_origin_that_no_site_lists_is_turned_away(
    make_target: Callable[..., Target], page_folder: Path
) -> None:
    target = make_target()
    before = target.service.await_loaded()["received"]
    run(OLD_TRACKER, target, page_folder, is_listed=False)
    assert [one.status for one in target.relay.passed] == [403, 403]
    assert all(b"origin_unlisted" in one.answer for one in target.relay.passed)
    assert target.service.await_loaded()["received"] == before


def test_without_consent_nothing_stays_and_the_page_is_told_the_same(
    make_target: Callable[..., Target], page_folder: Path
) -> None:
    said = "props: { plan: 'pro', sanaq_consent: { purposes: { analytics: true } } },"
    source = OLD_TRACKER.replace("props: { plan: 'pro', user_id: 'u-1' },", said)
    assert source != OLD_TRACKER
    target = make_target(granted=False)
    run(source, target, page_folder)
    assert target.relay.passed == [SENT] * 2
    [order] = [one for one in target.events() if one["event_name"] == "order"]
    assert "analytics" in order["purposes"]
    assert order["properties"] == {"plan": "pro"}
