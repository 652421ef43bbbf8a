"""Events over HTTP, through every process, into the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from tests.service import Service, running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that the tests of this file share."""
    with running(tmp_path_factory.mktemp("s")) as one:
        yield one


CONSENT = {"purposes": {"analytics": True, "partner_sharing": True}, "method": "checkbox"}


def test_an_event_arrives_as_sent_and_without_identifiers(service: Service) -> None:
    key, event_id = service.key("arrives"), str(uuid4())
    answer = service.post(
        key,
        {
            "consent": CONSENT,
            "events": [
                {
                    "event_id": event_id,
                    "name": "listing_view",
                    "person": "u-1842",
                    "device": "5d3a6f2e-0000-4000-8000-000000000001",
                    "page": {"url": "https://soq.example/ads/1?utm_source=mail&token=x"},
                    "properties": {"category": "horses"},
                }
            ],
        },
    )
    assert answer.json() == {"accepted": 1, "duplicate": 0, "refused": 0, "rejected": []}
    service.await_loaded()
    (row,) = service.sql("SELECT * FROM sanaq.events WHERE site = 'arrives'")
    assert row["event_id"] == event_id
    assert row["page_query"] == "utm_source=mail"
    assert row["campaign_source"] == "mail"
    assert row["properties"] == {"category": "horses"}
    assert row["subject_kind"] == "person"
    assert len(row["person_id"]) == 32 and row["person_id"] == row["subject_id"]
    assert row["advertising_id"] == "00" * 16
    assert "u-1842" not in str(row)


def test_a_repeat_counts_once_whatever_its_clock_says(service: Service) -> None:
    key, event = service.key("repeats"), {"event_id": str(uuid4()), "name": "page_view"}
    now = datetime.now(UTC)
    for sent_at in (now, now - timedelta(hours=5), now + timedelta(minutes=9)):
        occurred_at = (sent_at - timedelta(minutes=1)).isoformat()
        body = {"sent_at": sent_at.isoformat(), "events": [event | {"occurred_at": occurred_at}]}
        assert service.post(key, body).status_code == 200
    ledger = service.await_loaded()
    assert ledger["received"] == ledger["stored"] + ledger["duplicate"] + ledger["rejected"]
    counted = service.sql("SELECT count() AS n FROM sanaq.events WHERE site = 'repeats'")
    assert counted == [{"n": 1}]


def test_a_skewed_clock_is_corrected_and_a_late_event_keeps_its_time(service: Service) -> None:
    key, now = service.key("clocks"), datetime.now(UTC)
    ahead = now + timedelta(hours=3)
    skewed = {"name": "page_view", "occurred_at": (ahead - timedelta(minutes=2)).isoformat()}
    late = {"name": "page_view", "occurred_at": (now - timedelta(days=2)).isoformat()}
    service.post(key, {"sent_at": ahead.isoformat(), "events": [skewed]})
    service.post(key, {"sent_at": now.isoformat(), "events": [late]})
    service.await_loaded()
    rows = service.sql(
        "SELECT dateDiff('second', occurred_at, received_at) AS age FROM sanaq.events"
        " WHERE site = 'clocks' ORDER BY age"
    )
    assert rows[0]["age"] == pytest.approx(120, abs=20)
    assert rows[1]["age"] == pytest.approx(2 * 86_400, abs=20)


def test_without_consent_a_visit_is_counted_and_with_a_refusal_nobody(service: Service) -> None:
    key, event = service.key("gate"), {"name": "page_view", "device": "d-123456"}
    refusal = {"purposes": {"analytics": False}}
    service.post(key, {"events": [event]})
    service.post(key, {"consent": refusal, "events": [event]})
    service.await_loaded()
    rows = service.sql("SELECT subject_kind, device_id FROM sanaq.events WHERE site = 'gate'")
    assert sorted(row["subject_kind"] for row in rows) == ["", "visit"]
    assert {row["device_id"] for row in rows} == {"00" * 16}


def test_browser_keys_are_not_told_of_other_peoples_choices(service: Service) -> None:
    key, event_id = service.key("quiet", kind="browser"), str(uuid4())
    body = {"events": [{"event_id": event_id, "name": "page_view"}]}
    assert service.post(key, body).json() == {"accepted": 1, "rejected": []}
    assert service.post(key, body).json() == {"accepted": 1, "rejected": []}


def test_whole_request_faults_have_their_status(service: Service) -> None:
    key = service.key("faults")
    assert service.post("sk_s_unknown", {}).status_code == 401
    assert service.post(key, b"nonsense").json()["error"] == "body_invalid"
    assert service.post(key, b"x" * 1_000_001).status_code == 413
    assert service.post(key, b"{}", headers={"content-encoding": "lzma"}).status_code == 415
    many = {"events": [{"name": "page_view"}] * 2_501}
    assert service.post(key, many).json()["error"] == "events_too_many"


def test_a_process_that_stops_in_order_leaves_nothing_behind(tmp_path: Path) -> None:
    with running(tmp_path) as one:
        key = one.key("stops")
        assert one.post(key, {"events": [{"name": "page_view"}]}).status_code == 200
        one.stop()
        one.start()
        assert one.await_loaded()["stored"] == 1
