"""The web SDK in Firefox, loaded from the collector with its integrity."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from collector.web_sdk import read_builds, write_snippet
from tests.sdk.firefox import open_firefox
from tests.sdk.pages import Site, serving
from tests.sdks.conftest import Target
from tests.service import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

NO_ID = "00" * 16

SPOIL = "<script>window.spoil = () => setTimeout(() => { throw new TypeError('first'); });</script>"
"""An error of the page's own, not of what steers it."""


def test_what_happens_on_a_page_is_told(make_target: Callable[..., Target], tmp_path: Path) -> None:
    target, site = make_target(), Site({})
    build = read_builds()["sanaq.full.js"]
    snippet = write_snippet(build, target.base, target.key("browser"))
    site.add_page("/start", head=SPOIL + snippet)
    site.add_page("/end")
    with serving(site), open_firefox(tmp_path) as firefox:
        firefox.open(f"{site.address}/start?utm_source=mail&token=s3cret")
        assert firefox.run("return localStorage.length + document.cookie.length") == 0
        firefox.run("sanaq('unknown')")
        wait_until(lambda: target.relay.count("/v1/events") == 1, 20)
        firefox.run("sanaq.consent({purposes: {analytics: true}}); sanaq('known', {a: 1})")
        firefox.run("history.pushState({}, '', '/second')")
        firefox.run("spoil()")
        wait_until(lambda: target.relay.count("/v1/events") == 2, 20)
        firefox.open(f"{site.address}/end")
        wait_until(lambda: target.relay.count("/v1/events") >= 3, 20)
    assert {one.status for one in target.relay.passed} == {200}
    rows = target.events()
    kept = {row["event_name"]: row for row in rows}
    viewed = [row["page_path"] for row in rows if row["event_name"] == "page_view"]
    assert sorted(viewed) == ["/second", "/start"]
    assert kept["unknown"]["device_id"] == NO_ID != kept["known"]["device_id"]
    assert "engagement" in kept and kept["known"]["browser"] == "Firefox"
    by_kind = {row["kind"]: row for row in target.events("diagnostics")}
    assert by_kind["error"]["exception_message"] == "first"
    assert by_kind["performance"]["measurements"]
