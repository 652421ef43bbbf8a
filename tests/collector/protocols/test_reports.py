"""Reports of browsers: both forms of CSP's, and what is taken out of them."""

from __future__ import annotations

import json

import pytest

from collector.outcomes import BadRequest
from collector.protocols import reports, web_vitals
from collector.protocols.protocol import Request
from tests.collector.worlds import NOW_MS, TERMS, sender

PAGE = "https://soq.example:8443/pay?token=secret"


def request(body: object) -> Request:
    """Give a request with a JSON body."""
    return Request("", body=json.dumps(body).encode())


def test_both_forms_of_a_csp_report_become_the_same() -> None:
    old = {
        "document-uri": PAGE,
        "blocked-uri": "https://x.example/a.js?id=secret",
        "violated-directive": "script-src",
        "line-number": 3,
        "script-sample": "secret",
    }
    new = {
        "documentURL": PAGE,
        "blockedURL": "https://x.example/a.js?id=secret",
        "effectiveDirective": "script-src",
        "lineNumber": 3,
        "sample": "secret",
    }
    report = {"type": "csp-violation", "url": PAGE, "body": new}
    (one,) = reports.decode_reports(request({"csp-report": old}), sender(), TERMS).events
    (two,) = reports.decode_reports(request([report]), sender(), TERMS).events
    assert one == two
    assert (one.kind, one.exception_type, one.page_path) == ("error", "csp-violation", "/pay")
    assert one.exception_message == "csp-violation script-src https://x.example/a.js"
    assert b"secret" not in one._properties


@pytest.mark.parametrize("age", [-1, "soon", 1e300, None])
def test_an_age_that_is_none_tells_no_moment(age: object) -> None:
    report = {"type": "deprecation", "age": age, "url": PAGE, "body": {}}
    (event,) = reports.decode_reports(request([report]), sender(), TERMS).events
    assert event.occurred_at_ms is None


def test_an_age_is_counted_back_from_receipt() -> None:
    report = {"type": "deprecation", "age": 1_000, "url": PAGE, "body": {}}
    (event,) = reports.decode_reports(request([report]), sender(), TERMS).events
    assert event.occurred_at_ms == NOW_MS - 1_000


def test_successes_and_unknown_types_are_counted() -> None:
    fine = {"type": "network-error", "url": PAGE, "body": {"type": "ok"}}
    new = {"type": "coffee", "url": PAGE, "body": {}}
    decoded = reports.decode_reports(request([fine, new, {}, 7]), sender(), TERMS)
    told = ["kind_unwanted", "kind_unwanted", "event_invalid", "event_invalid"]
    assert [reason for _, reason in decoded.rejected] == told


@pytest.mark.parametrize(
    ("body", "origin"),
    [
        ([{"type": "crash", "url": PAGE}], "https://soq.example:8443"),
        ({"csp-report": {"document-uri": PAGE}}, "https://soq.example:8443"),
        ([{"url": "https://soq.example@evil.example/"}], ""),
        ([{"url": "file:///etc/passwd"}], ""),
        ([{"url": "https://[bad"}], ""),
        ([7], ""),
        ([], ""),
        ("text", ""),
    ],
)
def test_the_origin_of_a_report_is_that_of_its_page(body: object, origin: str) -> None:
    assert reports.find_origin(request(body)) == origin


def test_a_figure_that_is_none_costs_itself_alone() -> None:
    good = {"name": "CLS", "value": 0.25, "id": "v6-1", "rating": "poor", "navigationURL": PAGE}
    bad = [{"name": "XYZ", "value": 1}, {"name": "LCP"}, {"name": "LCP", "value": "NaN"}, None]
    decoded = web_vitals.decode_figures(request([*bad, good]), sender(), TERMS)
    (event,) = decoded.events
    assert event.measurements == [{"name": "CLS", "value": 0.25, "unit": ""}]
    assert (event.page_path, event.page_query) == ("/pay", "")
    assert [index for index, _ in decoded.rejected] == [0, 1, 2, 3]


def test_a_body_without_figures_is_turned_away() -> None:
    with pytest.raises(BadRequest):
        web_vitals.decode_figures(request("LCP"), sender(), TERMS)
