"""Reports that a real Chromium sends by itself, over https, to a running collector."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from tests.browser import open_page
from tests.sdk.pages import Site, serving
from tests.sdks.conftest import Target
from tests.sdks.tls import Certificate, behind_tls, make_certificate
from tests.service import wait_until

pytestmark = pytest.mark.timeout(300)

SHOP, COLLECTOR = "shop.test", "collector.test"

REPORTED_SECONDS_MAX = 60

REPORTED = [
    ("csp-violation", "error", "/page"),
    ("csp-violation", "error", "/page"),
    ("deprecation", "log", "/page"),
    ("intervention", "log", "/page"),
    ("network-error", "error", "/away"),
]
"""Type, kind and page of what the page makes Chromium report; of CSP in both forms."""

FAULTS = """<h1>page</h1><img src="/picture.png"><script>
const request = new XMLHttpRequest();
request.open('GET', '/page?gclid=Cj0abc', false); request.send();
navigator.vibrate?.(100);
fetch('/away').catch(() => {});
</script>"""
"""Breaks the policy, uses what is deprecated, what is stopped without a gesture, and what is not
there."""


def headers_for(collector: str) -> dict[str, str]:
    """Give the headers of docs/sdks/reports.md."""
    reports = f"{collector}/reports"
    group = {"group": "nel", "max_age": 3600, "endpoints": [{"url": reports}]}
    network = {"report_to": "nel", "max_age": 3600, "success_fraction": 0, "failure_fraction": 1}
    policy = f"default-src 'self' 'unsafe-inline'; img-src 'none'; report-uri {reports}"
    return {
        "reporting-endpoints": f'default="{reports}", csp="{reports}"',
        "report-to": json.dumps(group),
        "nel": json.dumps(network),
        "content-security-policy": policy,
        "content-security-policy-report-only": "font-src 'none'; img-src 'none'; report-to csp",
    }


def arguments_for(certificate: Certificate) -> Sequence[str]:
    """Give what Chromium needs to believe the certificate, find the hosts, and report at once."""
    hosts = f"MAP {SHOP} 127.0.0.1, MAP {COLLECTOR} 127.0.0.1"
    return (
        "--short-reporting-delay",
        "--enable-features=Reporting,NetworkErrorLogging",
        f"--host-resolver-rules={hosts}",
        f"--ignore-certificate-errors-spki-list={certificate.digest}",
    )


@contextmanager
def visiting(target: Target, folder: Path) -> Iterator[Page]:
    """Open a page over https whose headers ask for reports to the collector, another origin."""
    certificate = make_certificate(folder, SHOP, COLLECTOR)
    site, relay_port = Site({}), urlsplit(target.base).port or 0
    site.add_page("/page", body=FAULTS)
    with (
        serving(site),
        behind_tls(certificate, urlsplit(site.address).port or 0) as shop_port,
        behind_tls(certificate, relay_port) as collector_port,
        open_page(arguments=arguments_for(certificate)) as page,
    ):
        site.headers = headers_for(f"https://{COLLECTOR}:{collector_port}")
        target.list_origin(f"https://{SHOP}:{shop_port}")
        page.goto(f"https://{SHOP}:{shop_port}/page?gclid=Cj0abc", wait_until="load")
        yield page


def await_reports(target: Target, count: int) -> None:
    """Wait until so many reports arrived; a browser sends several in one request where it can."""
    ledger = partial(target.service.ledger, "--site", target.site)
    wait_until(lambda: ledger()["received"] >= count, REPORTED_SECONDS_MAX)


def test_what_chromium_reports_becomes_diagnostics(
    make_target: Callable[..., Target], tmp_path: Path
) -> None:
    target = make_target()
    with visiting(target, tmp_path) as page:
        await_reports(target, len(REPORTED))
        with suppress(PlaywrightError):
            page.goto("chrome://crash", timeout=2_000)
        await_reports(target, len(REPORTED) + 1)
    assert {(one.path, one.status) for one in target.relay.passed} == {("/reports", 204)}
    rows = target.events("diagnostics")
    told = [(row["exception_type"], row["kind"], row["page_path"]) for row in rows]
    assert sorted(told) == sorted([*REPORTED, ("crash", "crash", "/page")])
    by_type = {row["exception_type"]: row for row in rows}
    assert by_type["network-error"]["exception_message"] == "http.error 404"
    assert by_type["intervention"]["properties"]["feature"] == "NavigatorVibrate"
    violated = [row["properties"] for row in rows if row["exception_type"] == "csp-violation"]
    assert {one["disposition"] for one in violated} == {"enforce", "report"}
    assert "Cj0abc" not in str(rows) and "127.0.0.1" not in str(rows)
