"""Permission end to end: over HTTP, through every process, into the warehouse and the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.config.copies import change, copy_config
from tests.service import Service, running

HELD = ["necessary=none_needed", "diagnostics=legitimate_interest"]
ANALYTICS = {"purposes": {"analytics": True}}
NO_ID = "00" * 16
SITES = """[sites.strict]
signals.native.accepted_for = []

[sites.open]
legal_basis = { analytics = "opt_out" }


[purposes.necessary]
"""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose sites differ in what they accept; the tests of this file share it."""
    folder = tmp_path_factory.mktemp("permission")
    change(copy_config(folder / "config"), "policy.toml", "[purposes.necessary]\n", SITES)
    with running(folder, {"SANAQ_CONFIG": str(folder / "config")}) as one:
        yield one


def send(service: Service, site: str, *events: dict[str, Any], **request: Any) -> dict[str, Any]:
    """Post events with a server key; give what is answered."""
    headers = request.pop("headers", {})
    body = json.dumps(request | {"events": events}).encode()
    answer = service.post(service.key(site), body, headers=headers)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def rows(service: Service, site: str) -> list[dict[str, Any]]:
    """Give what the warehouse holds of a site, in the order of event names."""
    service.await_loaded()
    return service.sql(
        "SELECT event_name, purposes, decided_by, subject_kind, hex(person_id) AS person,"
        f" page_title FROM sanaq.events WHERE site = '{site}' ORDER BY event_name"
    )


def view(name: str, **fields: Any) -> dict[str, Any]:
    """Give an event of a person on a page."""
    return {"name": name, "person": "u-1842", "page": {"title": "Ponies"}} | fields


def test_every_event_tells_who_decided(service: Service) -> None:
    refused = {"purposes": {"analytics": False}}
    send(
        service,
        "who",
        view("a_granted"),
        view("b_refused", consent=refused),
        view("c_silent", consent={}),
        view("d_implied", consent=ANALYTICS | {"method": "implied"}),
        view("e_unknown_version", consent=ANALYTICS | {"policy_version": "1999-01"}),
        consent=ANALYTICS,
        context={"ip": "95.56.10.20", "user_agent": "app/1"},
    )
    found = {row.pop("event_name"): row for row in rows(service, "who")}
    assert found["a_granted"]["decided_by"] == [*HELD, "analytics=native"]
    assert found["a_granted"]["subject_kind"] == "person"
    assert found["b_refused"]["decided_by"] == [*HELD, "analytics=!native"]
    assert found["b_refused"]["subject_kind"] == ""
    for name in ("c_silent", "d_implied", "e_unknown_version"):
        assert found[name]["decided_by"] == HELD
        assert found[name]["subject_kind"] == "visit"
    for name in sorted(found)[1:]:
        assert (found[name]["person"], found[name]["page_title"]) == (NO_ID, "")


def test_a_header_that_refuses_beats_a_body_that_grants(service: Service) -> None:
    everything = {"purposes": {"analytics": True, "advertising": True, "partner_sharing": True}}
    send(service, "flag", view("a"), consent=everything, headers={"sec-gpc": "1"})
    (row,) = rows(service, "flag")
    assert row["decided_by"] == [
        *HELD, "analytics=native", "advertising=!gpc", "partner_sharing=!gpc",
    ]  # fmt: skip
    assert row["purposes"] == ["necessary", "diagnostics", "analytics"]


def test_sites_differ_in_whom_they_believe_and_on_what_basis(service: Service) -> None:
    for site in ("strict", "open"):
        send(service, site, view("a_granted"), view("b_silent", consent={}), consent=ANALYTICS)
    assert [row["decided_by"] for row in rows(service, "strict")] == [HELD, HELD]
    assert [row["decided_by"][2:] for row in rows(service, "open")] == [
        ["analytics=native"],
        ["analytics=opt_out"],
    ]


def test_refusals_are_counted_by_reason_and_told_to_servers_alone(service: Service) -> None:
    crash = {"kind": "crash", "exception": {"type": "E"}}
    told = send(
        service, "reasons", crash, crash, view("a"), consent={"purposes": {"diagnostics": False}}
    )
    assert told == {"accepted": 1, "duplicate": 0, "refused": 2, "rejected": [],
                    "without_event_id": 3}  # fmt: skip
    ledger = service.ledger("--site", "reasons")
    assert (ledger["refused"], ledger["reasons"]) == (2, {"consent_refused": 2})


def test_what_cannot_be_read_is_denied_and_counted(service: Service) -> None:
    send(service, "unread", view("a"), view("b"), consent={"tcf": "C" * 900_000})
    assert [row["decided_by"] for row in rows(service, "unread")] == [HELD, HELD]
    ledger = service.ledger("--site", "unread")
    assert (ledger["signal_unreadable"], ledger["reasons"]) == (2, {"unreadable_tcf": 2})
    assert (ledger["received"], ledger["stored"]) == (2, 2)


HOSTILE = {
    "twice": '{"purposes": {"analytics": true, "analytics": false}}',
    "object_twice": '{"purposes": {"analytics": false}, "purposes": {"analytics": true}}',
    "no_method": '{"purposes": {"analytics": true}, "method": ["checkbox"]}',
    "long": '{"purposes": "' + "x" * 900_000 + '"}',
    "deep": "[" * 500 + "]" * 500,
}
"""Event name -> a consent object that contradicts itself, or is none."""


def test_contradictory_and_hostile_consent_denies_and_breaks_nothing(service: Service) -> None:
    key = service.key("hostile")
    for name, consent in HOSTILE.items():
        body = f'{{"consent": {consent}, "events": [{json.dumps(view(name))}]}}'.encode()
        answer = service.post(key, body)
        assert answer.status_code == 200, answer.text
    found = rows(service, "hostile")
    assert [row["event_name"] for row in found] == sorted(HOSTILE)
    assert {(row["person"], row["page_title"]) for row in found} == {(NO_ID, "")}
    assert not any("analytics" in row["purposes"] for row in found)
